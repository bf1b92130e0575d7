"""What is kept of a function beside its configuration: limits, events, tags, permissions.

Sources: the API reference of each call, https://docs.aws.amazon.com/lambda/latest/api/, and
LocalStack's snapshots recorded on AWS.
"""

import re
import time
from typing import Any

from kinesis_cli.local.function.hosted import LATEST
from kinesis_cli.local.lambda_api.context import Context, shown_time
from kinesis_cli.local.lambda_api.errors import (
    LambdaError,
    conflict,
    function_not_found,
    invalid_parameter,
    not_found,
)
from kinesis_cli.local.lambda_api.names import Name
from kinesis_cli.local.lambda_api.pages import page

Parameters = dict[str, Any]
Document = dict[str, Any]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONCURRENT_EXECUTIONS = 1000
LEAST_UNRESERVED = 100
_LIMITS = {
    "TotalCodeSize": 80_530_636_800,
    "CodeSizeUnzipped": 262_144_000,
    "CodeSizeZipped": 52_428_800,
    "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
}


# Concurrency


def put_function_concurrency(context: Context, parameters: Parameters) -> Document:
    """So many calls at the same time, at once."""
    name = context.name(parameters)
    if name.qualifier:
        raise invalid_parameter(
            "This operation is permitted on Lambda functions only. Aliases and versions do not"
            " support this operation. Please specify either a function name or an unqualified"
            " function ARN."
        )
    if not context.registry.has(name.name):
        raise function_not_found(context.registry.arn(name.name), LATEST)
    reserved = parameters["ReservedConcurrentExecutions"]
    others = sum(
        context.registry.reserved(each) or 0 for each in context.registry.names if each != name.name
    )
    if CONCURRENT_EXECUTIONS - others - reserved < LEAST_UNRESERVED:
        raise invalid_parameter(
            "Specified ReservedConcurrentExecutions for function decreases account's"
            f" UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
        )
    document = {"ReservedConcurrentExecutions": reserved}
    context.put(name.name, "concurrency", "", document)
    context.registry.limit_changed(name.name)
    return document


def get_function_concurrency(context: Context, parameters: Parameters) -> Document:
    """What is reserved; nothing, where nothing is."""
    reserved = context.registry.reserved(context.function(parameters).name)
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


def delete_function_concurrency(context: Context, parameters: Parameters) -> Document:
    """As many calls as come."""
    name = context.function(parameters).name
    context.put(name, "concurrency", "", {"ReservedConcurrentExecutions": None})
    context.registry.limit_changed(name)
    return {}


def put_provisioned_concurrency_config(context: Context, parameters: Parameters) -> Document:
    """UNSURE(provisioned): it is kept and ready at once; processes start when they are called."""
    name = context.name(parameters)
    if name.qualifier == LATEST:
        raise invalid_parameter(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        )
    context.published(name)
    _refuse_provisioned_twice(context, name)
    wanted = parameters["ProvisionedConcurrentExecutions"]
    document = {
        "RequestedProvisionedConcurrentExecutions": wanted,
        "LastModified": shown_time(),
    }
    context.put(name.name, "provisioned", name.qualifier, document)
    return {
        **document,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "AvailableProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
    }


def _refuse_provisioned_twice(context: Context, name: Name) -> None:
    alias = context.registry.alias(name.name, name.qualifier)
    if alias:
        if context.get(name.name, "provisioned", alias["FunctionVersion"]):
            raise conflict(
                "Alias can't be used for Provisioned Concurrency configuration on an already"
                " Provisioned version"
            )
        return
    for each in context.service.function_store.all("alias", context.registry.arn(name.name)):
        is_on_it = each.document["FunctionVersion"] == name.qualifier
        if is_on_it and context.get(name.name, "provisioned", each.key):
            raise conflict("Version is pointed by a Provisioned Concurrency alias")


def get_provisioned_concurrency_config(context: Context, parameters: Parameters) -> Document:
    """What is provisioned."""
    name = _provisionable(context, parameters)
    found = context.get(name.name, "provisioned", name.qualifier)
    if found is None:
        raise LambdaError(
            404,
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
        )
    return _provisioned(found)


def list_provisioned_concurrency_configs(context: Context, parameters: Parameters) -> Document:
    """All that is provisioned of a function."""
    name = context.function(parameters).name
    arn = context.registry.arn(name)
    found = [
        {**_provisioned(each.document), "FunctionArn": f"{arn}:{each.key}"}
        for each in context.service.function_store.all("provisioned", arn)
    ]
    return page("ProvisionedConcurrencyConfigs", found, parameters)


def delete_provisioned_concurrency_config(context: Context, parameters: Parameters) -> Document:
    """Nothing is provisioned any more."""
    name = _provisionable(context, parameters)
    context.delete(name.name, "provisioned", name.qualifier)
    return {}


def _provisionable(context: Context, parameters: Parameters) -> Name:
    name = context.name(parameters)
    if name.qualifier == LATEST:
        raise invalid_parameter(
            "The function resource provided must be an alias or a published version."
        )
    context.published(name)
    return name


def _provisioned(document: Document) -> Document:
    count = document["RequestedProvisionedConcurrentExecutions"]
    return {
        **document,
        "AllocatedProvisionedConcurrentExecutions": count,
        "AvailableProvisionedConcurrentExecutions": count,
        "Status": "READY",
    }


# Events: what becomes of asynchronous calls


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


# Smaller ones


def get_function_code_signing_config(context: Context, parameters: Parameters) -> Document:
    """None: code is not signed here."""
    return {"FunctionName": context.function(parameters).name, "CodeSigningConfigArn": ""}


def delete_function_code_signing_config(context: Context, parameters: Parameters) -> Document:
    """There is none."""
    context.function(parameters)
    return {}


def get_function_recursion_config(context: Context, parameters: Parameters) -> Document:
    """Terminate, until another word was given. kcli does not act on it."""
    name = context.function(parameters).name
    return context.get(name, "recursion") or {"RecursiveLoop": "Terminate"}


def put_function_recursion_config(context: Context, parameters: Parameters) -> Document:
    """Keep the word."""
    name = context.function(parameters).name
    document = {"RecursiveLoop": parameters["RecursiveLoop"]}
    context.put(name, "recursion", "", document)
    return document


def get_runtime_management_config(context: Context, parameters: Parameters) -> Document:
    """How the runtime is updated: by itself, until another word was given."""
    name = context.function(parameters)
    found = context.get(name.name, "runtime-management", name.qualifier or LATEST)
    return {
        "UpdateRuntimeOn": "Auto",
        "FunctionArn": context.registry.arn(name.reference),
        **(found or {}),
    }


def put_runtime_management_config(context: Context, parameters: Parameters) -> Document:
    """Keep the word. The runtime is what this machine has."""
    name = context.function(parameters)
    document: Document = {
        each: parameters[each]
        for each in ("UpdateRuntimeOn", "RuntimeVersionArn")
        if each in parameters
    }
    context.put(name.name, "runtime-management", name.qualifier or LATEST, document)
    return {**document, "FunctionArn": context.registry.arn(name.reference)}


def get_account_settings(context: Context, _: Parameters) -> Document:
    """The quotas of a new account, and what is used of them."""
    registry, store = context.registry, context.service.function_store
    own = registry.arn("")
    sizes = [
        each.document["CodeSize"]
        for kind in ("configuration", "version")
        for each in store.all(kind)
        if each.function.startswith(own)
    ]
    reserved = sum(registry.reserved(each) or 0 for each in registry.names)
    unreserved = CONCURRENT_EXECUTIONS - reserved
    return {
        "AccountLimit": {**_LIMITS, "UnreservedConcurrentExecutions": unreserved},
        "AccountUsage": {"TotalCodeSize": sum(sizes), "FunctionCount": len(registry.names)},
    }


def list_layers(_context: Context, _parameters: Parameters) -> Document:
    """None: layers are folders of the template."""
    return {"Layers": []}


def list_layer_versions(_context: Context, _parameters: Parameters) -> Document:
    """None, as above."""
    return {"LayerVersions": []}


def get_function_url_config(context: Context, parameters: Parameters) -> Document:
    """There are no function URLs here."""
    context.name(parameters)
    raise not_found("The resource you requested does not exist.")


def list_function_url_configs(context: Context, parameters: Parameters) -> Document:
    """There are none."""
    context.function(parameters)
    return {"FunctionUrlConfigs": []}


def list_code_signing_configs(_context: Context, _parameters: Parameters) -> Document:
    """There are none."""
    return {"CodeSigningConfigs": []}


# Tags


_MAX_TAGS = 50
_FUNCTION_ARN = re.compile(r"arn:[^:]+:lambda:[^:]+:\d+:function:(?P<name>.+)")


def tags_of_function(context: Context, arn: str) -> str:
    """The name of the function that an ARN of TagResource names.

    Raises:
        LambdaError: there is no such, or it is a version or an alias.
    """
    match = _FUNCTION_ARN.fullmatch(arn)
    name, _, qualifier = (match["name"] if match else "").partition(":")
    if qualifier:
        raise invalid_parameter(
            "Tags on function aliases and versions are not supported. Please specify a function"
            " ARN."
        )
    if not name or not context.registry.has(name) or context.registry.arn(name) != arn:
        raise not_found(f"Function not found: {arn}")
    return name


def list_tags(context: Context, parameters: Parameters) -> Document:
    """The tags of a function or a mapping."""
    return {"Tags": _tags(context, parameters["Resource"])}


def tag_resource(context: Context, parameters: Parameters) -> Document:
    """More tags, or other values."""
    if not parameters["Tags"]:
        raise invalid_parameter("An error occurred and the request cannot be processed.")
    arn = parameters["Resource"]
    tags = {**_tags(context, arn), **parameters["Tags"]}
    if len(tags) > _MAX_TAGS:
        raise invalid_parameter("Number of tags exceeds resource tag limit.")
    _set_tags(context, arn, tags)
    return {}


def untag_resource(context: Context, parameters: Parameters) -> Document:
    """Fewer tags."""
    arn = parameters["Resource"]
    tags = _tags(context, arn)
    gone = parameters["TagKeys"]
    _set_tags(context, arn, {key: tags[key] for key in tags if key not in gone})
    return {}


def _tags(context: Context, arn: str) -> Document:
    if _is_of_a_mapping(arn):
        return _mapping(context, arn).document.get("Tags") or {}
    if ":function:" not in arn:
        raise not_found(f"{_kind(arn)} not found: {arn}")
    return context.get(tags_of_function(context, arn), "tags") or {}


def _set_tags(context: Context, arn: str, tags: Document) -> None:
    if _is_of_a_mapping(arn):
        mapping = _mapping(context, arn)
        document = {**mapping.document, "Tags": tags}
        context.service.store.save(mapping.changed(document=document))
        return
    name = tags_of_function(context, arn)
    context.put(name, "tags", "", tags)
    context.change_revision(name, LATEST)


def _is_of_a_mapping(arn: str) -> bool:
    return ":event-source-mapping:" in arn


def _mapping(context: Context, arn: str) -> Any:  # noqa: ANN401 - a StoredMapping
    mapping = context.service.mapping(arn.rpartition(":")[2])
    if mapping is None or context.service.mapping_arn(mapping) != arn:
        raise not_found(f"Event source mapping not found: {arn}")
    return mapping


def _kind(arn: str) -> str:
    return arn.split(":")[5].replace("-", " ").capitalize()
