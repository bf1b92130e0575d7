"""The AWS calls that a function makes, seen through botocore's event hooks.

Source: https://botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html. A handler of
`before-call` that returns something answers the call, as botocore's own Stubber does: nothing is
signed and nothing is sent.
"""

from __future__ import annotations

import datetime
import io
import json
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from .aws_tables import Tables

_HOOKED = "botocore.handlers"
_REQUEST = "kcli_request"  # in the context that botocore hands from hook to hook
_MAX_DEPTH = 4
# A member that says that there is more would make its reader ask for ever.
_OF_TABLES = ("Items", "Count", "ScannedCount", "UnprocessedItems", "UnprocessedKeys", "Responses")
_OF_PAGES = ("token", "marker", "lastevaluated", "truncated", "hasmore", "nextsequence")


class AwsCalls:
    """Keeps the calls of all clients of this process.

    Args:
        answers: whether each is answered here: successfully, with as little as its output can have.
    """

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers
        self._calls: list[dict[str, Any]] = []
        self._tables = Tables()

    def install(self) -> None:
        """Hook into botocore when the function imports it; who never does need not wait."""
        if _HOOKED in sys.modules:
            self._hook(sys.modules[_HOOKED])
        else:
            sys.meta_path.insert(0, _Watcher(self._hook))

    def begin(self, *, keeps_tables: bool) -> None:
        """Forget the calls of others, and what they wrote to tables unless that is kept."""
        self._calls = []
        if not keeps_tables:
            self._tables = Tables()

    def take(self) -> list[dict[str, Any]]:
        """The calls since the last time."""
        calls, self._calls = self._calls, []
        return calls

    def _hook(self, handlers: Any) -> None:  # noqa: ANN401 - the module botocore.handlers
        handlers.BUILTIN_HANDLERS += [
            ("before-parameter-build", self._begin),
            ("before-call", self._sent),
        ]

    def _begin(self, params: Any, context: Any, **_: object) -> None:  # noqa: ANN401
        if isinstance(context, dict):
            context[_REQUEST] = params

    def _sent(self, model: Any, context: Any, params: Any = None, **_: object) -> object:  # noqa: ANN401
        """Keep a call, and answer it. Returns what `before-call` takes for an answer, or None."""
        given = context.get(_REQUEST, {}) if isinstance(context, dict) else {}
        service = str(model.service_model.service_id)
        is_table = service == "DynamoDB"
        plain = _body(params) if is_table else None  # its values with their types
        if plain is None:
            plain = json.loads(json.dumps(given, default=_plain, skipkeys=True))
        call = {"service": service, "operation": str(model.name), "parameters": plain}
        self._calls.append(call)
        if not self._answers:
            return None
        refused = self._tables.refusal(call) if is_table else None
        if refused is not None:
            error = {"Code": refused, "Message": "answered by kcli check"}
            return _Http(400), {"Error": error, **_metadata(400)}
        parsed = _output(model.output_shape, 0) if model.output_shape is not None else {}
        if is_table:
            parsed = {name: parsed[name] for name in _OF_TABLES if name in parsed}
            parsed.update(self._tables.answer(call))
        parsed.update(_entries(call, parsed))
        return _Http(200), {**parsed, **_metadata(200)}


class _Watcher:
    """A finder that finds nothing itself, and tells when one module is there."""

    def __init__(self, hook: Any) -> None:  # noqa: ANN401 - takes the module
        self._hook = hook

    def find_spec(
        self,
        name: str,
        path: Any = None,  # noqa: ANN401
        target: Any = None,  # noqa: ANN401
    ) -> ModuleSpec | None:
        if name != _HOOKED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        run, hook = spec.loader.exec_module, self._hook

        def exec_module(module: ModuleType) -> None:
            run(module)
            hook(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


class _Http:
    """As much of a response as botocore looks at."""

    headers: dict[str, str] = {}  # noqa: RUF012 - never written to

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code
        self.content = b""


def _metadata(status: int) -> dict[str, Any]:
    return {
        "ResponseMetadata": {
            "RequestId": "kcli-check",
            "HTTPStatusCode": status,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        }
    }


def _output(shape: Any, depth: int) -> dict[str, Any]:  # noqa: ANN401 - of botocore's model
    """The least that a structure can hold: zeros, empty lists, "kcli" for a text."""
    members: dict[str, Any] = {}
    for name, member in shape.members.items():
        if any(word in name.lower() for word in _OF_PAGES):
            continue
        kind = member.type_name
        if kind == "structure":
            if depth < _MAX_DEPTH:
                members[name] = _output(member, depth + 1)
        elif kind == "blob":
            streams = name == getattr(shape, "serialization", {}).get("payload")
            members[name] = io.BytesIO(b"") if streams else b""
        elif kind in _LEAST:
            members[name] = _LEAST[kind]()
    return members


_LEAST: dict[str, Any] = {
    "list": list,
    "map": dict,
    "string": lambda: "kcli",
    "character": lambda: "k",
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": bool,
    "timestamp": lambda: datetime.datetime.fromtimestamp(0, datetime.timezone.utc),
}


def _entries(call: dict[str, Any], parsed: dict[str, Any]) -> dict[str, Any]:
    """What a call of many entries answers: each has succeeded."""
    parameters = call["parameters"]
    entries = parameters.get("Entries") or parameters.get("Records") or []
    if "Successful" in parsed:  # SQS and SNS
        ids = [entry.get("Id") for entry in entries if isinstance(entry, dict)]
        return {"Successful": [{"Id": each, "MessageId": "kcli"} for each in ids], "Failed": []}
    for name in ("Records", "RequestResponses", "Entries"):  # Kinesis, Firehose, EventBridge
        if name in parsed and entries:
            told = {"SequenceNumber": "0", "ShardId": "kcli", "RecordId": "kcli", "EventId": "kcli"}
            return {name: [dict(told) for _ in entries]}
    return {}


def _body(params: Any) -> dict[str, Any] | None:  # noqa: ANN401 - the request as it would be sent
    try:
        body = json.loads(params["body"])
    except (KeyError, TypeError, ValueError):
        return None
    return body if isinstance(body, dict) else None


def _plain(value: Any) -> object:  # noqa: ANN401 - what a client was given
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if hasattr(value, "read"):
        return "(a stream)"
    return str(value)
