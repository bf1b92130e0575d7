"""All resources of a template, made one after the other."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from kinesis_cli.local.neighbours.resources import messaging, others, tables
from kinesis_cli.local.neighbours.resources.calls import Clients
from kinesis_cli.local.neighbours.resources.kinds import MADE
from kinesis_cli.local.place import Place
from kinesis_cli.project.template.template import Template
from kinesis_cli.project.template.values import Unresolved

Maker = Callable[[Clients, str, dict[str, Any]], None]

MAKERS: dict[str, Maker] = {
    "AWS::SQS::Queue": messaging.make_queue,
    "AWS::SNS::Topic": messaging.make_topic,
    "AWS::S3::Bucket": others.make_bucket,
    "AWS::DynamoDB::Table": tables.make_table,
    "AWS::DynamoDB::GlobalTable": tables.make_table,
    "AWS::Serverless::SimpleTable": tables.make_simple_table,
    "AWS::Logs::LogGroup": others.make_log_group,
    "AWS::SSM::Parameter": others.make_parameter,
    "AWS::SecretsManager::Secret": others.make_secret,
    "AWS::SNS::Subscription": messaging.make_subscription,
    "AWS::CloudWatch::Alarm": others.make_alarm,
}
# Once all are there: what names another one.
_FINISHERS: dict[str, Maker] = {
    "AWS::SQS::Queue": messaging.set_redriving,
    "AWS::SNS::Topic": messaging.subscribe_to_topic,
}


def make_resources(template: Template, place: Place, clients: Clients) -> Iterator[str]:
    """Make what the template names. Yields a sentence for each that could not be made."""
    steps = [(type_, MAKERS[type_]) for type_ in MADE] + list(_FINISHERS.items())
    for type_, make in steps:
        for part, logical_id in _of_type(template, type_):
            resource = part.resource(logical_id) or {}
            properties = place.localised(_known(part.resolve(resource.get("Properties"))))
            try:
                make(clients, part.physical_name(logical_id), properties)
            except (BotoCoreError, ClientError, KeyError, TypeError, ValueError) as error:
                reason = " ".join(str(error).split()) or repr(error)
                yield f"{logical_id} of the template ({type_}) was not made: {reason}"


def _of_type(template: Template, type_: str) -> Iterator[tuple[Template, str]]:
    """The resources of a type, those of nested templates too."""
    for _, part in template.walk():
        for logical_id in part.resources(type_):
            yield part, logical_id


def _known(properties: object) -> dict[str, Any]:
    """The properties that are known; what only AWS knows, and what hangs on it, is left out."""
    if not isinstance(properties, dict):
        return {}
    return {name: value for name, value in properties.items() if not _holds(value, Unresolved)}


def _holds(value: object, type_: type) -> bool:
    if isinstance(value, dict):
        return any(_holds(member, type_) for member in value.values())
    if isinstance(value, list):
        return any(_holds(member, type_) for member in value)
    return isinstance(value, type_)
