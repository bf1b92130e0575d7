"""How a template limits the calls of a function, and what becomes of events that it was sent.

Sources: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
and https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html;
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventinvokeconfig.html
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.functions.choosing import (
    WrittenFunction,
    choose_function,
    merged_properties,
)
from kinesis_cli.project.functions.feeders import called_function
from kinesis_cli.project.template.file import TemplateFile, reading_template
from kinesis_cli.project.template.names import properties_of
from kinesis_cli.project.template.template import Template
from kinesis_cli.project.template.values import NO_VALUE, Json, Unresolved


@dataclass(frozen=True, slots=True)
class Calling:
    """What the template says of a function's calls. Of asynchronous ones all but the first."""

    reserved_concurrency: int | None = None  # calls at the same time; None: it reserves none
    maximum_retry_attempts: int = 2
    maximum_event_age: int = 21_600  # seconds
    on_success: str | None = None  # ARN of a destination
    on_failure: str | None = None
    dead_letter: str | None = None  # ARN of a queue or topic


def calling_of(source: Path | TemplateFile, function: str) -> Calling:
    """What a template says of the calls of a function.

    Args:
        source: the template.
        function: its logical id.

    Raises:
        InputError: the template is not usable, or a number in it is none that Lambda takes.
    """
    with reading_template(source):
        return _calling_of(choose_function(Template.read(source), function))


def _calling_of(written: WrittenFunction) -> Calling:
    template, function = written.template, written.logical_id
    properties = merged_properties(template, function)
    own = properties.get("EventInvokeConfig", _resource_for(template, function))
    events = _map(template, own)
    destinations = _map(template, events.get("DestinationConfig"))
    dead_letter = properties.get("DeadLetterQueue", properties.get("DeadLetterConfig"))
    place = f"{template.path}, {function}"

    def count(of: Mapping[str, object], name: str, allowed: range) -> int | None:
        value = _known(template, of.get(name))
        return None if value is None else _count(value, allowed, f"{place}, {name}")

    default = Calling()
    retries = count(events, "MaximumRetryAttempts", range(3))
    age = count(events, "MaximumEventAgeInSeconds", range(60, 21_601))
    return Calling(
        reserved_concurrency=count(properties, "ReservedConcurrentExecutions", range(sys.maxsize)),
        maximum_retry_attempts=default.maximum_retry_attempts if retries is None else retries,
        maximum_event_age=default.maximum_event_age if age is None else age,
        on_success=_arn(_map(template, destinations.get("OnSuccess")).get("Destination")),
        on_failure=_arn(_map(template, destinations.get("OnFailure")).get("Destination")),
        dead_letter=_arn(_map(template, dead_letter).get("TargetArn")),
    )


def _resource_for(template: Template, function: str) -> Json:
    """The `AWS::Lambda::EventInvokeConfig` of a function, that of $LATEST first; empty: none."""
    resources = map(properties_of, template.resources("AWS::Lambda::EventInvokeConfig").values())
    of_function = [each for each in resources if called_function(template, each) == function]
    latest = [each for each in of_function if each.get("Qualifier") == "$LATEST"]
    return next(iter(latest + of_function), {})


def _known(template: Template, raw: object) -> object:
    """A value; None: there is none, or only AWS knows it."""
    value = template.resolve(raw)
    return None if value is NO_VALUE or isinstance(value, Unresolved) else value


def _map(template: Template, raw: object) -> Mapping[str, object]:
    value = _known(template, raw)
    return value if isinstance(value, Mapping) else {}


def _arn(value: object) -> str | None:
    return value if isinstance(value, str) else None  # else it is known only to AWS


def _count(value: object, allowed: range, place: str) -> int:
    if not str(value).isdecimal():
        raise InputError(f"{value!r} is not a whole number", place=place)
    if int(str(value)) not in allowed:
        raise InputError(f"is {value}, Lambda takes {allowed[0]} to {allowed[-1]}", place=place)
    return int(str(value))
