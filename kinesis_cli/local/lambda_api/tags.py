"""The tags of functions and mappings.

Sources: the API reference of each call, https://docs.aws.amazon.com/lambda/latest/api/, and
LocalStack's snapshots recorded on AWS.
"""

import re
from typing import Any

from kinesis_cli.local.function.hosted import LATEST
from kinesis_cli.local.lambda_api.context import Context
from kinesis_cli.local.lambda_api.errors import (
    invalid_parameter,
    not_found,
)

Parameters = dict[str, Any]
Document = dict[str, Any]

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
