"""Create, get, list, update and delete event source mappings.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html and the
recorded `create` cases (`tests/unit/data/esm_cases.json`).
"""

import json
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.event_source_mapping.settings import EventSourceMapping, epoch_seconds
from kinesis_cli.local.function.mappings import StoredMapping, new_mapping
from kinesis_cli.local.function.refusals import (
    LambdaError,
    function_not_found,
    invalid_parameter,
    mapping_exists,
    mapping_not_found,
)
from kinesis_cli.local.function.service import FunctionService
from kinesis_cli.local.http.messages import Request

Answer = tuple[int, dict[str, Any]]
# Set once, when a mapping is made.
_FIXED = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp")


class MappingCalls:
    """Answers the calls.

    UNSURE(mapping-states): Creating, Updating, Enabling, Disabling and Deleting are only in the
    answer of the call that changes something; AWS takes up to minutes.

    Args:
        service: keeps and runs the mappings.
    """

    def __init__(self, service: FunctionService) -> None:
        self._service = service

    async def answer(self, method: str, path: list[str], request: Request) -> Answer:
        """Answer a call.

        Raises:
            LambdaError: it is refused.
        """
        match method, path:
            case "POST", []:
                return 202, self._create(_document(request))
            case "GET", []:
                return 200, self._list(request)
            case "GET", [uuid]:
                return 200, self._described(self._existing(uuid))
            case "PUT", [uuid]:
                return 202, await self._update(self._existing(uuid), _document(request))
            case "DELETE", [uuid]:
                return 202, await self._delete(self._existing(uuid))
        raise LambdaError(501, "NotImplemented", f"kcli does not know {method} {request.path}")

    def _create(self, document: dict[str, Any]) -> dict[str, Any]:
        service = self._service
        function = self._function(str(document.pop("FunctionName", "")))
        enabled = document.pop("Enabled", True)
        arn = document.get("EventSourceArn")
        if not isinstance(arn, str) or ":kinesis:" not in arn:
            raise invalid_parameter("Unrecognized event source, must be a Kinesis stream here.")
        _check(document)
        if "StartingPosition" not in document:
            # UNSURE(no-starting-position): AWS's words for it
            raise invalid_parameter("StartingPosition is required for a Kinesis stream.")
        if not service.has_stream(arn):
            raise invalid_parameter(f"Stream not found: {arn}")
        for each in service.store.mappings():
            if each.function == function and each.stream_arn == arn:
                raise mapping_exists(arn, function, each.uuid)
        mapping = new_mapping(function, document, service.now(), enabled=enabled is not False)
        service.store.save(mapping)
        service.resume(mapping)
        return self._described(mapping, state="Creating")

    async def _update(self, mapping: StoredMapping, change: dict[str, Any]) -> dict[str, Any]:
        function = mapping.function
        if name := change.pop("FunctionName", None):
            function = self._function(str(name))
        enabled = change.pop("Enabled", None)
        if fixed := next((name for name in _FIXED if name in change), None):
            raise invalid_parameter(f"{fixed} cannot be changed.")
        document = {**mapping.document, **change}
        _check(document)
        changed = mapping.changed(
            document=document,
            function=function,
            enabled=mapping.enabled if enabled is None else enabled is not False,
            modified=self._service.now(),
        )
        await self._service.pause(mapping.uuid)
        self._service.store.save(changed)
        self._service.resume(changed)
        state = "Updating"
        if changed.enabled != mapping.enabled:
            state = "Enabling" if changed.enabled else "Disabling"
        return self._described(changed, state=state)

    async def _delete(self, mapping: StoredMapping) -> dict[str, Any]:
        described = self._described(mapping, state="Deleting")
        await self._service.pause(mapping.uuid)
        self._service.store.delete(mapping.uuid)
        return described

    def _list(self, request: Request) -> dict[str, Any]:
        # One page, whatever MaxItems says: AWS too may give fewer or more than asked for.
        name, arn = request.query("FunctionName"), request.query("EventSourceArn")
        wanted = self._function(name) if name else None
        return {
            "EventSourceMappings": [
                self._described(each)
                for each in self._service.store.mappings()
                if wanted in (None, each.function) and arn in ("", each.stream_arn)
            ]
        }

    def _existing(self, uuid: str) -> StoredMapping:
        mapping = self._service.mapping(uuid)
        if mapping is None:
            raise mapping_not_found()
        return mapping

    def _function(self, text: str) -> str:
        """The name of the function that a name or an ARN means."""
        name = text.rpartition("function:")[2]
        if name not in self._service.functions:
            raise function_not_found(self._service.place.function_arn(name))
        return name

    def _described(self, mapping: StoredMapping, *, state: str = "") -> dict[str, Any]:
        """A mapping as AWS shows it."""
        service = self._service
        arn = service.place.function_arn(mapping.function)
        document = mapping.settings.to_aws()
        document.pop("FunctionName", None)
        return {
            **document,
            "UUID": mapping.uuid,
            "EventSourceArn": mapping.stream_arn,
            "EventSourceMappingArn": arn.rpartition("function:")[0]
            + f"event-source-mapping:{mapping.uuid}",
            "FunctionArn": arn,
            "LastModified": mapping.modified,
            "LastProcessingResult": service.last_result(mapping.uuid),
            "State": state or ("Enabled" if mapping.enabled else "Disabled"),
            "StateTransitionReason": "User action",
        }


def _document(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(request.body or b"{}")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise LambdaError(400, "InvalidRequestContentException", "Could not parse request body.")
    if "StartingPositionTimestamp" in document:
        # botocore sends epoch seconds, others an ISO text
        document["StartingPositionTimestamp"] = epoch_seconds(document["StartingPositionTimestamp"])
    return {name: value for name, value in document.items() if value is not None}


def _check(document: dict[str, Any]) -> None:
    """Raises: LambdaError: the settings are not valid."""
    try:
        settings = EventSourceMapping.from_aws(document)
    except InputError as error:
        raise invalid_parameter(error.problem) from error
    try:
        if settings.filter_patterns:
            compile_filters(settings.filter_patterns)
    except InputError as error:
        raise invalid_parameter("Invalid filter pattern definition.") from error
