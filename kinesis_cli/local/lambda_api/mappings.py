"""Create, get, list, update and delete event source mappings.

UNSURE(mapping-states): Creating, Updating, Enabling, Disabling and Deleting are only in the answer
of the call that changes something; AWS takes up to minutes.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html, the
recorded `create` cases (`tests/unit/data/esm_cases.json`) and LocalStack's snapshots.
"""

from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.filters.compiler import AWS_MESSAGE
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.settings_document import RefusedSettingError
from kinesis_cli.local.function.hosted import LATEST
from kinesis_cli.local.function.project import KINDS_HERE
from kinesis_cli.local.lambda_api.context import Context
from kinesis_cli.local.lambda_api.errors import (
    LambdaError,
    invalid_parameter,
    mapping_exists,
    not_there,
)
from kinesis_cli.local.lambda_api.names import Name, parsed
from kinesis_cli.local.mapping.store import StoredMapping, new_mapping
from kinesis_cli.stream.kinds.known import kind_of_arn

Parameters = dict[str, Any]
Document = dict[str, Any]


async def create_event_source_mapping(context: Context, parameters: Parameters) -> Document:
    """Feed a function from a stream."""
    service = context.service
    document = dict(parameters)
    arn = document.get("EventSourceArn")
    if arn is None:
        raise invalid_parameter("Unrecognized event source.")
    if kind_of_arn(arn) not in KINDS_HERE:
        raise invalid_parameter(
            "Unrecognized event source, must be a stream of Kinesis or of DynamoDB here."
        )
    name = _function(context, document.pop("FunctionName"))
    enabled = document.pop("Enabled", True)
    if "StartingPosition" not in document:
        raise invalid_parameter(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy"
            " constraint: Member must not be null."
        )
    if name.qualifier:
        document["FunctionName"] = name.reference
    _check(document)
    if not await service.has_stream(arn):
        raise invalid_parameter(f"Stream not found: {arn}")
    for each in service.store.mappings():
        if each.reference == name.reference and each.stream_arn == arn:
            raise mapping_exists(arn, name.reference, each.uuid)
    mapping = new_mapping(name.name, document, service.now(), enabled=enabled)
    service.store.save(mapping)
    service.resume(mapping)
    return _described(context, mapping, state="Creating")


async def update_event_source_mapping(context: Context, parameters: Parameters) -> Document:
    """Other settings, another function, on or off."""
    change = dict(parameters)
    mapping = _existing(context, change.pop("UUID"))
    function, document = mapping.function, dict(mapping.document)
    if text := change.pop("FunctionName", None):
        name = _function(context, text)
        function = name.name
        document.pop("FunctionName", None)
        if name.qualifier:
            document["FunctionName"] = name.reference
    enabled = change.pop("Enabled", mapping.enabled)
    document |= change
    _check(document)
    changed = mapping.changed(
        document=document, function=function, enabled=enabled, modified=context.service.now()
    )
    await context.service.pause(mapping.uuid)
    context.service.store.save(changed)
    context.service.resume(changed)
    state = "Updating"
    if changed.enabled != mapping.enabled:
        state = "Enabling" if changed.enabled else "Disabling"
    return _described(context, changed, state=state)


async def delete_event_source_mapping(context: Context, parameters: Parameters) -> Document:
    """Feed it no longer."""
    mapping = _existing(context, parameters["UUID"])
    described = _described(context, mapping, state="Deleting")
    await context.service.pause(mapping.uuid)
    context.service.store.delete(mapping.uuid)
    return described


def get_event_source_mapping(context: Context, parameters: Parameters) -> Document:
    """One of them."""
    return _described(context, _existing(context, parameters["UUID"]))


def list_event_source_mappings(context: Context, parameters: Parameters) -> Document:
    """All; those of a function, of a stream."""
    # One page, whatever MaxItems says: AWS too may give fewer or more than asked for.
    text, arn = parameters.get("FunctionName"), parameters.get("EventSourceArn")
    wanted = parsed(text, None, context.registry.place).reference if text else None
    return {
        "EventSourceMappings": [
            _described(context, each)
            for each in _all(context)
            if wanted in (None, each.reference) and arn in (None, each.stream_arn)
        ]
    }


def _all(context: Context) -> list[StoredMapping]:
    """The mappings of the account and region that ask."""
    service = context.service
    mappings = service.store.mappings()
    return [each for each in mappings if service.registry_of(each) is context.registry]


def _existing(context: Context, uuid: str) -> StoredMapping:
    for each in _all(context):
        if each.uuid == uuid:
            return each
    raise not_there()


def _function(context: Context, text: str) -> Name:
    """The function that a mapping is to feed.

    Raises:
        LambdaError: there is none.
    """
    name = parsed(text, None, context.registry.place)
    if name.is_whole_arn and name.qualifier == LATEST:
        name = Name(name.name)  # AWS keeps it for a part of an ARN only
    try:
        if not context.registry.has(name.name):
            raise invalid_parameter("Function does not exist")
        context.version(name)
    except LambdaError as error:
        raise invalid_parameter("Function does not exist") from error
    return name


def _described(context: Context, mapping: StoredMapping, *, state: str = "") -> Document:
    """A mapping as AWS shows it."""
    service = context.service
    document = mapping.settings.to_aws()
    document.pop("FunctionName", None)
    return {
        **document,
        "UUID": mapping.uuid,
        "EventSourceArn": mapping.stream_arn,
        "EventSourceMappingArn": service.mapping_arn(mapping),
        "FunctionArn": service.registry_of(mapping).arn(mapping.reference),
        "LastModified": mapping.modified,
        "LastProcessingResult": service.last_result(mapping.uuid),
        "State": state or ("Enabled" if mapping.enabled else "Disabled"),
        "StateTransitionReason": "User action",
    }


def _check(document: Document) -> None:
    """Raises: LambdaError: the settings are not valid."""
    try:
        settings = EventSourceMapping.from_aws(document)
    except RefusedSettingError as error:
        raise invalid_parameter(error.aws or error.problem) from error
    except InputError as error:
        raise invalid_parameter(error.problem) from error
    try:
        if settings.filter_patterns:
            compile_filters(settings.filter_patterns, settings.kind)
    except InputError as error:
        raise invalid_parameter(AWS_MESSAGE) from error
