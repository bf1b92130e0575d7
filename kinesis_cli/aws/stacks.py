"""What a deployed stack knows of itself: its stream, function, log group and failure queue."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import InputError
from kinesis_cli.project.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

# Setting → the outputs that may hold it, best first.
_OUTPUTS = {
    "stream": ("StreamName", "StreamArn"),
    "function": ("FunctionName",),
    "log_group": ("LogGroupName",),
    "failure_queue_url": ("FailureQueueUrl",),
}
# Setting → the type of the resource whose physical id it is, where no output says it.
_RESOURCES = {"stream": "AWS::Kinesis::Stream", "function": "AWS::Lambda::Function"}


def complete(connection: Connection, settings: Settings) -> tuple[Connection, Settings]:
    """Return connection and settings with everything that the target's stack says.

    Raises:
        EndpointError: CloudFormation refused, or was not reached.
        InputError: the stack has no stream.
    """
    target = connection.target
    if target.stack is None:
        return connection, settings
    settings = settings.with_stack(_values(connection, target.stack))
    if settings.stream is None:
        raise InputError(
            f"the stack {target.stack} has no stream",
            place=target.reason,
            advice="Name the stream with --stream.",
        )
    function = settings.function.value if settings.function else None
    target = replace(target, stream=settings.stream.value, function=function)
    return connection.with_target(target), settings


def read_template(connection: Connection, stack: str) -> tuple[str, dict[str, str]]:
    """The template of a deployed stack as it was deployed, and the values of its parameters.

    Raises:
        EndpointError: CloudFormation refused, or was not reached.
    """
    with connection.explained("cloudformation"):
        client = connection.client("cloudformation")
        body = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
        found = client.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
    text = body if isinstance(body, str) else json.dumps(body, indent=2)
    return text, {
        each["ParameterKey"]: each.get("ResolvedValue", each.get("ParameterValue", ""))
        for each in found
    }


def _values(connection: Connection, stack: str) -> dict[str, tuple[str, str]]:
    """Setting → (value, where it stands)."""
    with connection.explained("cloudformation"):
        client = connection.client("cloudformation")
        values = dict(_of_outputs(client.describe_stacks(StackName=stack)["Stacks"][0]))
        if missing := _RESOURCES.keys() - values.keys():
            resources = client.describe_stack_resources(StackName=stack)["StackResources"]
            ids = [(each["ResourceType"], each.get("PhysicalResourceId", "")) for each in resources]
            values |= dict(_of_resources(ids, stack, missing))
    return values


def _of_outputs(stack: "StackTypeDef") -> Iterator[tuple[str, tuple[str, str]]]:
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    for setting, names in _OUTPUTS.items():
        if found := next((name for name in names if outputs.get(name)), None):
            yield setting, (outputs[found], f"stack {stack['StackName']}, output {found}")


def _of_resources(
    ids: list[tuple[str, str]], stack: str, wanted: set[str]
) -> Iterator[tuple[str, tuple[str, str]]]:
    for setting in wanted:
        type_ = _RESOURCES[setting]
        if found := next((identity for each, identity in ids if each == type_ and identity), None):
            yield setting, (found, f"stack {stack}, its first {type_}")
