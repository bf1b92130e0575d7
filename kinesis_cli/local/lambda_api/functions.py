"""Create, get, list, update and delete functions.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and LocalStack's
snapshots recorded on AWS.
"""

import asyncio
import base64
from typing import Any

from kinesis_cli.local.function.hosted import LATEST, Configuration
from kinesis_cli.local.function.packages import (
    MAX_UNZIPPED_BYTES,
    MAX_ZIPPED_BYTES,
    NotAnArchiveError,
    TooLargeError,
)
from kinesis_cli.local.function.store import Item
from kinesis_cli.local.lambda_api.configuration import (
    being_created,
    being_updated,
    changed_configuration,
    in_a_list,
    new_configuration,
    shown,
)
from kinesis_cli.local.lambda_api.context import Context, shown_time
from kinesis_cli.local.lambda_api.errors import (
    LambdaError,
    conflict,
    function_not_found,
    invalid_parameter,
    of_the_template,
)
from kinesis_cli.local.lambda_api.names import Name, parsed
from kinesis_cli.local.lambda_api.pages import page
from kinesis_cli.local.lambda_api.versions import published_version
from kinesis_cli.local.neighbours.client import NeighbourError

Parameters = dict[str, Any]
Document = dict[str, Any]

MAX_NAME = 64
CODE_PATH = "/2015-03-31/kcli-code/"  # ours: where an archive can be fetched
_IMAGES = (
    "kcli runs no container images: give the function's code as a zip archive, or name its folder"
    " in a template."
)


async def create_function(context: Context, parameters: Parameters) -> Document:
    """A new function, from an archive."""
    registry = context.registry
    name = parsed(parameters["FunctionName"], None, registry.place).name
    if len(name) > MAX_NAME:
        raise invalid_parameter(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy"
            f" constraint: Member must have length less than or equal to {MAX_NAME}"
        )
    code = parameters["Code"]
    if parameters.get("PackageType") == "Image" or "ImageUri" in code:
        raise invalid_parameter(_IMAGES)
    configuration = new_configuration(name, parameters)
    if registry.has(name):
        raise conflict(f"Function already exist: {name}")
    configuration |= await _kept(context, code)
    if registry.has(name):  # while the archive was unpacked
        raise conflict(f"Function already exist: {name}")
    items = [Item(registry.arn(name), "configuration", "", configuration)]
    if tags := parameters.get("Tags"):
        items.append(Item(registry.arn(name), "tags", "", tags))
    context.service.function_store.put(*items)
    context.service.functions_changed(registry, name)
    answer = shown(context, name, LATEST)
    if parameters.get("Publish"):
        number = published_version(context, name, {})
        answer = {**shown(context, name, number), "FunctionArn": registry.arn(name)}
    context.change_revision(name, LATEST)
    return being_created(answer)


async def update_function_code(context: Context, parameters: Parameters) -> Document:
    """Other code; running calls end with the one that they began with."""
    name = _own(context, parameters)
    if "ImageUri" in parameters:
        raise invalid_parameter(
            "Please don't provide ImageUri when updating a function with packageType Zip."
        )
    context.check_revision(parameters, name, LATEST)
    kept = await _kept(context, parameters)
    changed = {**_configuration(context, name), **kept, "LastModified": shown_time()}
    if architectures := parameters.get("Architectures"):
        changed["Architectures"] = architectures
    if parameters.get("DryRun"):
        document = shown(context, name, LATEST)
        return {**document, "CodeSha256": kept["CodeSha256"], "CodeSize": kept["CodeSize"]}
    return _updated(context, name, changed, publish=bool(parameters.get("Publish")))


def update_function_configuration(context: Context, parameters: Parameters) -> Document:
    """Other settings."""
    name = _own(context, parameters)
    context.check_revision(parameters, name, LATEST)
    changed = changed_configuration(_configuration(context, name), parameters)
    return _updated(context, name, changed, publish=False)


def _updated(context: Context, name: str, changed: Document, *, publish: bool) -> Document:
    context.put(name, "configuration", "", changed)
    context.service.functions_changed(context.registry, name)
    context.change_revision(name, LATEST)
    answer = shown(context, name, LATEST)
    if publish:
        number = published_version(context, name, {})
        answer = shown(context, name, number, number)
    else:
        answer = being_updated(answer)
    context.change_revision(name, LATEST)
    return answer


def get_function(context: Context, parameters: Parameters) -> Document:
    """A function with where its code is."""
    name = _existing(context, parameters)
    version = context.version(name)
    document = shown(context, name.name, version, name.qualifier)
    whole: Document = {"Configuration": document, "Code": _code(context, name.name, version)}
    if tags := context.get(name.name, "tags"):
        whole["Tags"] = tags
    reserved = context.registry.reserved(name.name)
    if reserved is not None and name.qualifier in ("", LATEST):
        whole["Concurrency"] = {"ReservedConcurrentExecutions": reserved}
    return whole


def get_function_configuration(context: Context, parameters: Parameters) -> Document:
    """A function's settings."""
    name = _existing(context, parameters)
    return shown(context, name.name, context.version(name), name.qualifier)


def list_functions(context: Context, parameters: Parameters) -> Document:
    """All functions; with FunctionVersion ALL their versions too."""
    found = []
    for name in context.registry.names:
        if parameters.get("FunctionVersion") == "ALL":
            found.append(in_a_list(shown(context, name, LATEST, LATEST)))
            for version in context.service.function_store.all(
                "version", context.registry.arn(name)
            ):
                found.append(in_a_list(shown(context, name, version.key, version.key)))
        else:
            found.append(in_a_list(shown(context, name, LATEST)))
    return page("Functions", found, parameters)


def delete_function(context: Context, parameters: Parameters) -> Document:
    """A function with all that belongs to it, or one of its versions."""
    name = context.name(parameters)
    if name.qualifier == LATEST:
        raise invalid_parameter("$LATEST version cannot be deleted without deleting the function.")
    if name.qualifier and not name.qualifier.isdecimal():
        raise invalid_parameter("Deletion of aliases is not currently supported.")
    registry, store = context.registry, context.service.function_store
    if not registry.has(name.name):
        raise function_not_found(registry.arn(name.name), name.qualifier)
    if name.qualifier:
        _refuse_what_an_alias_has(context, name)
        kinds = ("version", "policy", "event-invoke", "provisioned", "revision")
        store.delete_keys(registry.arn(name.name), kinds, name.qualifier)
        registry.forget(name.name, name.qualifier)
        return {}
    if registry.is_of_template(name.name):
        raise of_the_template(name.name)
    registry.delete(name.name)
    context.service.functions_changed(registry, name.name)
    return {}


def _refuse_what_an_alias_has(context: Context, name: Name) -> None:
    for alias in context.service.function_store.all("alias", context.registry.arn(name.name)):
        weights = (alias.document.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})
        if name.qualifier in (alias.document["FunctionVersion"], *weights):
            arn = context.registry.arn(f"{name.name}:{alias.key}")
            raise conflict(
                f"Version {name.qualifier} is currently referenced by alias {arn}. Please remove"
                " reference(s) and try again"
            )


# Which function


def _existing(context: Context, parameters: Parameters) -> Name:
    return context.function(parameters)


def _own(context: Context, parameters: Parameters) -> str:
    """The name of a function that arrived by API.

    Raises:
        LambdaError: there is none, or the template describes it.
    """
    name = _existing(context, parameters).name
    if context.registry.is_of_template(name):
        raise of_the_template(name)
    return name


def _configuration(context: Context, name: str) -> Configuration:
    found = context.registry.configuration(name)
    if found is None:
        raise function_not_found(context.registry.arn(name))
    return found


def _code(context: Context, name: str, version: str) -> Document:
    configuration = context.registry.configuration(name, version)
    if configuration is None or (version == LATEST and context.registry.is_of_template(name)):
        project = context.registry.project_function(name)
        function = project.function if project else None
        return {"Location": function.code_uri.as_uri() if function else ""}
    endpoint = context.registry.place.endpoint
    return {
        "RepositoryType": "S3",
        "Location": f"{endpoint}{CODE_PATH}{configuration['CodeKey']}",
    }


# Code


async def _kept(context: Context, code: Parameters) -> Document:
    """Keep the archive of a request; its members of the configuration.

    Raises:
        LambdaError: there is none, it cannot be unpacked, or it is too large.
    """
    archive = code.get("ZipFile")
    if archive is None:
        archive = await _from_s3(context, code)
    elif len(archive) > MAX_ZIPPED_BYTES:
        raise LambdaError(
            413,
            "RequestEntityTooLargeException",
            f"Zipped size must be smaller than {MAX_ZIPPED_BYTES} bytes",
        )
    packages = context.service.packages
    try:
        key = await asyncio.to_thread(packages.keep, archive)
    except NotAnArchiveError as error:
        raise invalid_parameter(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from error
    except TooLargeError as error:
        raise invalid_parameter(
            f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes"
        ) from error
    sha = base64.b64encode(bytes.fromhex(key)).decode()
    return {"CodeKey": key, "CodeSha256": sha, "CodeSize": len(archive)}


_S3_REFUSALS = {
    "NoSuchBucket": "The specified bucket does not exist",
    "NoSuchKey": "The specified key does not exist.",
}


async def _from_s3(context: Context, code: Parameters) -> bytes:
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if not bucket or not key:
        raise invalid_parameter("Please provide a source for function code.")
    try:
        return await context.service.neighbours_of(context.registry.place).object(
            bucket, key, code.get("S3ObjectVersion")
        )
    except NeighbourError as error:
        reason = error.code if error.code in _S3_REFUSALS else "NoSuchKey"
        raise invalid_parameter(
            f"Error occurred while GetObject. S3 Error Code: {reason}. S3 Error Message:"
            f" {_S3_REFUSALS[reason]}"
        ) from error
