"""What becomes of asynchronous calls: retries, age, destinations.

Sources: the API reference of each call, https://docs.aws.amazon.com/lambda/latest/api/, and
LocalStack's snapshots recorded on AWS.
"""

import time
from typing import Any

from kinesis_cli.local.function.hosted import LATEST
from kinesis_cli.local.lambda_api.context import Context
from kinesis_cli.local.lambda_api.errors import (
    LambdaError,
    invalid_parameter,
    not_found,
)
from kinesis_cli.local.lambda_api.names import Name
from kinesis_cli.local.lambda_api.pages import page

Parameters = dict[str, Any]
Document = dict[str, Any]


def put_function_event_invoke_config(context: Context, parameters: Parameters) -> Document:
    """These settings, instead of all former ones."""
    return _event_invoke(context, parameters, {})


def update_function_event_invoke_config(context: Context, parameters: Parameters) -> Document:
    """These settings, and the former ones where none is given."""
    name = context.name(parameters)
    before = context.get(name.name, "event-invoke", name.qualifier or LATEST)
    if before is None:
        raise _no_event_invoke(context, name)
    return _event_invoke(context, parameters, before)


def _event_invoke(context: Context, parameters: Parameters, before: Document) -> Document:
    name = context.name(parameters)
    members = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
    change = {each: parameters[each] for each in members if each in parameters}
    if not change:
        raise invalid_parameter(
            "You must specify at least one of error handling or destination setting."
        )
    registry = context.registry
    if not registry.has(name.name):
        raise not_found("The function doesn't exist.")
    try:
        context.version(name)
    except LambdaError as error:
        raise not_found("The function doesn't exist.") from error
    _check_destinations(context, name, change.get("DestinationConfig") or {})
    document = {"DestinationConfig": {}, **before, **change}
    destinations = document["DestinationConfig"]
    document["DestinationConfig"] = {
        each: destinations.get(each) or {} for each in ("OnSuccess", "OnFailure")
    }
    document["LastModified"] = time.time()
    document["FunctionArn"] = f"{registry.arn(name.name)}:{name.qualifier or LATEST}"
    context.put(name.name, "event-invoke", name.qualifier or LATEST, document)
    return document


def _check_destinations(context: Context, name: Name, destinations: Document) -> None:
    for destination in destinations.values():
        arn = destination.get("Destination")
        if not arn:
            continue
        service = arn.split(":")[2]
        if service not in ("lambda", "sqs", "sns", "s3", "events"):
            raise invalid_parameter(
                "The provided destination config"
                f" DestinationConfig(onSuccess={_java(destinations, 'OnSuccess')},"
                f" onFailure={_java(destinations, 'OnFailure')}) is invalid."
            )
        if service != "lambda":
            continue
        other = arn.rpartition(":function:")[2].partition(":")[0]
        if other == name.name:
            raise invalid_parameter("You can't specify the function as a destination for itself.")
        if not context.registry.has(other):
            raise invalid_parameter(f"The destination ARN {arn} is invalid.")


def _java(destinations: Document, member: str) -> str:
    arn = (destinations.get(member) or {}).get("Destination")
    return f"{member}(destination={arn})" if arn else "null"


def get_function_event_invoke_config(context: Context, parameters: Parameters) -> Document:
    """The settings of a function, a version or an alias."""
    name = context.name(parameters)
    found = context.get(name.name, "event-invoke", name.qualifier or LATEST)
    if found is None:
        raise _no_event_invoke(context, name)
    return found


def list_function_event_invoke_configs(context: Context, parameters: Parameters) -> Document:
    """The settings of a function, its versions and its aliases."""
    name = context.name(parameters)
    if not context.registry.has(name.name):
        raise not_found("The function doesn't exist.")
    arn = context.registry.arn(name.name)
    items = context.service.function_store.all("event-invoke", arn)
    return page("FunctionEventInvokeConfigs", [each.document for each in items], parameters)


def delete_function_event_invoke_config(context: Context, parameters: Parameters) -> Document:
    """AWS's defaults."""
    name = context.name(parameters)
    if not context.delete(name.name, "event-invoke", name.qualifier or LATEST):
        raise _no_event_invoke(context, name)
    return {}


def _no_event_invoke(context: Context, name: Name) -> LambdaError:
    arn = f"{context.registry.arn(name.name)}:{name.qualifier or LATEST}"
    return not_found(f"The function {arn} doesn't have an EventInvokeConfig")
