"""What else is kept of a function: recursion, its runtime, and what kcli has none of.

Sources: the API reference of each call, https://docs.aws.amazon.com/lambda/latest/api/, and
LocalStack's snapshots recorded on AWS.
"""

from typing import Any

from kinesis_cli.local.function.hosted import LATEST
from kinesis_cli.local.lambda_api.concurrency import CONCURRENT_EXECUTIONS
from kinesis_cli.local.lambda_api.context import Context
from kinesis_cli.local.lambda_api.errors import (
    not_there,
)

Parameters = dict[str, Any]
Document = dict[str, Any]

_LIMITS = {
    "TotalCodeSize": 80_530_636_800,
    "CodeSizeUnzipped": 262_144_000,
    "CodeSizeZipped": 52_428_800,
    "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
}


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
    raise not_there()


def list_function_url_configs(context: Context, parameters: Parameters) -> Document:
    """There are none."""
    context.function(parameters)
    return {"FunctionUrlConfigs": []}


def list_code_signing_configs(_context: Context, _parameters: Parameters) -> Document:
    """There are none."""
    return {"CodeSigningConfigs": []}
