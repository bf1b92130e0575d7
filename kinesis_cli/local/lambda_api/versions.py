"""Versions and aliases.

A version is what `$LATEST` was when it was published; it never changes. An alias leads to one or
two versions.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html and LocalStack's
snapshots recorded on AWS.
"""

import base64
import uuid
from typing import Any

from kinesis_cli.local.function.hosted import LATEST, Configuration
from kinesis_cli.local.function.packages import TooLargeError, zipped
from kinesis_cli.local.function.store import Item
from kinesis_cli.local.lambda_api.configuration import in_a_list, of_template, shown
from kinesis_cli.local.lambda_api.context import Context
from kinesis_cli.local.lambda_api.errors import (
    alias_not_found,
    conflict,
    function_not_found,
    invalid_parameter,
    not_found,
    wrong_revision,
)
from kinesis_cli.local.lambda_api.pages import page

Parameters = dict[str, Any]
Document = dict[str, Any]

# What may differ between two states that are one version.
_NOT_OF_A_VERSION = ("Version", "LastModified")


def publish_version(context: Context, parameters: Parameters) -> Document:
    """`$LATEST` as it is now, as a version; the last one, where nothing has changed since."""
    name = context.function(parameters).name
    context.check_revision(parameters, name, LATEST)
    number = published_version(context, name, parameters)
    return shown(context, name, number, number)


def published_version(context: Context, name: str, parameters: Parameters) -> str:
    """Publish a version. Returns its number."""
    latest = _latest(context, name)
    wanted = parameters.get("CodeSha256")
    if wanted and wanted != latest["CodeSha256"]:
        raise invalid_parameter(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST"
            f" ({latest['CodeSha256']}). Please try again with the CodeSHA256 in $LATEST."
        )
    registry, store = context.registry, context.service.function_store
    arn = registry.arn(name)
    last = context.get(name, "last-version")
    last = last or {"number": registry.last_of_template(name), "published": {}}
    state = _of_a_version(latest)
    if registry.configuration(name, str(last["number"])) and last["published"] == state:
        return str(last["number"])
    number = str(last["number"] + 1)
    version = {**latest, "Version": number}
    if "Description" in parameters:
        version["Description"] = parameters["Description"]
    store.put(
        Item(arn, "version", number, version),
        Item(arn, "last-version", "", {"number": int(number), "published": state}),
    )
    return number


def _latest(context: Context, name: str) -> Configuration:
    """`$LATEST` with its code kept."""
    registry = context.registry
    project = registry.project_function(name)
    if project is None:
        found = registry.configuration(name)
        if found is None:
            raise function_not_found(registry.arn(name))
        return found
    if project.function is None:
        raise conflict(f"{name} cannot run here: {project.problem}")
    try:
        archive = zipped(project.function.code_uri)
        key = context.service.packages.keep(archive)
    except TooLargeError as error:
        raise conflict(f"The code of {name} is larger than Lambda takes.") from error
    sha = base64.b64encode(bytes.fromhex(key)).decode()
    kept = {"CodeKey": key, "CodeSha256": sha, "CodeSize": len(archive)}
    return {**of_template(registry, project), **kept}


def _of_a_version(configuration: Configuration) -> Configuration:
    return {
        member: value for member, value in configuration.items() if member not in _NOT_OF_A_VERSION
    }


def list_versions_by_function(context: Context, parameters: Parameters) -> Document:
    """`$LATEST` and all versions, oldest first."""
    name = context.function(parameters).name
    versions = context.service.function_store.all("version", context.registry.arn(name))
    found = [
        in_a_list(shown(context, name, each, each))
        for each in (LATEST, *(version.key for version in versions))
    ]
    return page("Versions", found, parameters)


# Aliases


def create_alias(context: Context, parameters: Parameters) -> Document:
    """A new alias."""
    name = context.name(parameters).name
    registry = context.registry
    version, alias = parameters["FunctionVersion"], parameters["Name"]
    _check_target(context, name, version, parameters.get("RoutingConfig"))
    if registry.alias(name, alias):
        raise conflict(f"Alias already exists: {registry.arn(name)}:{alias}")
    document = _alias(
        {"AliasArn": f"{registry.arn(name)}:{alias}", "Name": alias, "Description": ""},
        parameters,
    )
    context.put(name, "alias", alias, document)
    return document


def get_alias(context: Context, parameters: Parameters) -> Document:
    """An alias."""
    name = context.name(parameters).name
    alias = context.registry.alias(name, parameters["Name"])
    if alias is None:
        raise alias_not_found(context.registry.arn(f"{name}:{parameters['Name']}"))
    return alias


def list_aliases(context: Context, parameters: Parameters) -> Document:
    """All aliases, by name; of one version, if that is asked for."""
    name = context.function(parameters).name
    version = parameters.get("FunctionVersion")
    aliases = context.service.function_store.all("alias", context.registry.arn(name))
    found = [
        each.document
        for each in sorted(aliases, key=lambda each: each.key)
        if version in (None, each.document["FunctionVersion"])
        or version in _weights(each.document.get("RoutingConfig"))
    ]
    return page("Aliases", found, parameters)


def update_alias(context: Context, parameters: Parameters) -> Document:
    """Another version, other weights or another description."""
    name, alias = context.name(parameters).name, parameters["Name"]
    before = context.registry.alias(name, alias)
    if before is None:
        raise not_found(f"Alias not found: {context.registry.arn(name)}:{alias}")
    if parameters.get("RevisionId", before["RevisionId"]) != before["RevisionId"]:
        raise wrong_revision()
    version: str = parameters.get("FunctionVersion") or before["FunctionVersion"]
    _check_target(context, name, version, parameters.get("RoutingConfig"))
    document = _alias(before, parameters)
    context.put(name, "alias", alias, document)
    return document


def delete_alias(context: Context, parameters: Parameters) -> Document:
    """Forget an alias, if it is there."""
    name = context.name(parameters).name
    kinds = ("alias", "policy", "event-invoke", "provisioned", "revision")
    arn = context.registry.arn(name)
    context.service.function_store.delete_keys(arn, kinds, parameters["Name"])
    return {}


def _alias(before: Document, parameters: Parameters) -> Document:
    members: tuple[str, ...] = ("FunctionVersion", "Description")
    changes = {each: parameters[each] for each in members if each in parameters}
    document = {**before, **changes, "RevisionId": str(uuid.uuid4())}
    if "RoutingConfig" in parameters:
        document.pop("RoutingConfig", None)
        if weights := _weights(parameters["RoutingConfig"]):
            document["RoutingConfig"] = {"AdditionalVersionWeights": weights}
    return document


def _weights(routing: Document | None) -> dict[str, float]:
    return (routing or {}).get("AdditionalVersionWeights") or {}


def _check_target(context: Context, name: str, version: str, routing: Document | None) -> None:
    """Raises: LambdaError: an alias cannot lead there."""
    registry, weights = context.registry, _weights(routing)
    if len(weights) > 1:
        raise invalid_parameter(
            "Number of items in AdditionalVersionWeights cannot be greater than 1"
        )
    if version in weights:
        raise invalid_parameter(
            f"Invalid function version {version}. Function version {version} is already included"
            " in routing configuration."
        )
    if weights and version == LATEST:
        raise invalid_parameter(
            "$LATEST is not supported for an alias pointing to more than 1 version"
        )
    for each in (version, *weights):
        there = registry.has(name)
        if each != LATEST:
            there = there and registry.has_version(name, each)
        if not there:
            raise function_not_found(registry.arn(name), each)
