"""How many calls of a function run at the same time: reserved, and provisioned.

Sources: the API reference of each call, https://docs.aws.amazon.com/lambda/latest/api/, and
LocalStack's snapshots recorded on AWS.
"""

from typing import Any

from kinesis_cli.local.function.hosted import LATEST
from kinesis_cli.local.lambda_api.context import Context, shown_time
from kinesis_cli.local.lambda_api.errors import (
    LambdaError,
    conflict,
    function_not_found,
    invalid_parameter,
)
from kinesis_cli.local.lambda_api.names import Name
from kinesis_cli.local.lambda_api.pages import page

Parameters = dict[str, Any]
Document = dict[str, Any]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONCURRENT_EXECUTIONS = 1000
LEAST_UNRESERVED = 100


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
