"""Lambda as botocore's model describes it: which call a request is, what it says, what is refused.

Source of the sentences: LocalStack's snapshots recorded on AWS.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from kinesis_cli.local.http.messages import Request
from kinesis_cli.local.http.service_models import service_model
from kinesis_cli.local.kinesis.errors import ServiceError
from kinesis_cli.local.kinesis_protocol.constraints import check
from kinesis_cli.local.kinesis_protocol.conversion import converted
from kinesis_cli.local.kinesis_protocol.model import Model, Shape
from kinesis_cli.local.lambda_api.errors import LambdaError
from kinesis_cli.stream.times import epoch_seconds

Parameters = dict[str, Any]

# Enums in the order in which AWS names them, where that is recorded.
_ENUM_ORDER = {
    "EventSourcePosition": ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"),
    "InvocationType": ("Event", "RequestResponse", "DryRun"),
}
_UNICODE = re.compile(r"\\p\{(\w+)\}")
# AWS has words of its own for these, or takes more than the model says.
_CHECKED_ELSEWHERE = {"Runtime"}


@dataclass(frozen=True, slots=True)
class Call:
    """An operation with the parameters of a request."""

    name: str
    status: int  # of the answer
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class _Operation:
    name: str
    method: str
    path: re.Pattern[str]
    query: Mapping[str, list[str]]  # that tells it from another one
    status: int
    shape: Shape
    locations: Mapping[str, tuple[str, str]]  # member → where it stands: ("uri", "FunctionName")
    payload: str  # the member that is the whole body; empty: members stand in it one by one


class LambdaModel:
    """The calls."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._shapes = document["shapes"]
        self._model = Model(_adapted(document), names_null=True)
        self._operations = [
            self._operation(name, each) for name, each in document["operations"].items()
        ]
        # those that a query tells apart first
        self._operations.sort(key=lambda each: not each.query)

    def _operation(self, name: str, document: Mapping[str, Any]) -> _Operation:
        http = document["http"]
        path, _, query = http["requestUri"].partition("?")
        path = re.sub(r"^/\d{4}-\d\d-\d\d", "", path)
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        members = self._shapes[document["input"]["shape"]]
        found = self._model.operation(name)
        assert found
        return _Operation(
            name,
            http["method"],
            re.compile(rf"{pattern}/?"),
            parse_qs(query),
            http["responseCode"],
            found.input,
            {
                member: (described["location"], described["locationName"])
                for member, described in members["members"].items()
                if "location" in described
            },
            members.get("payload", ""),
        )

    def call(self, request: Request) -> Call | None:
        """The call that a request is; None: AWS has no such.

        Raises:
            LambdaError: a parameter is not valid.
        """
        raw = request.raw_path.decode("latin-1").partition("?")[0]
        path = re.sub(r"^/\d{4}-\d\d-\d\d", "", raw)
        query = parse_qs(request.query_string, keep_blank_values=True)
        for operation in self._operations:
            if operation.method != request.method or not operation.query.items() <= query.items():
                continue
            if match := operation.path.fullmatch(path):
                parts = {name: unquote(value) for name, value in match.groupdict().items()}
                parameters = _parameters(operation, parts, query, request)
                return Call(operation.name, operation.status, parameters)
        return None

    def error(self, code: str) -> tuple[int, str]:
        """Of an error: the status, and the member that its sentence stands in."""
        shape = self._shapes.get(code)
        if shape is None or not shape.get("exception"):
            return 400, "message"
        members = shape.get("members", {})
        status = shape.get("error", {}).get("httpStatusCode", 500)
        return status, "Message" if "Message" in members else "message"


def _parameters(
    operation: _Operation,
    path: Mapping[str, str],
    query: Mapping[str, list[str]],
    request: Request,
) -> Parameters:
    """Raises: LambdaError: one is not valid."""
    payload = operation.payload
    document: Parameters = {payload: request.body} if payload else _body(request)
    for member, (location, name) in operation.locations.items():
        value: object = None
        match location:
            case "uri":
                value = path.get(name)
            case "querystring":
                shape = operation.shape.members[member]
                found = query.get(name, [])
                value = _of_text(found, shape) if found else None
            case "header":
                value = request.headers.get(name.lower())
        if value is None:
            document.pop(member, None)
        else:
            document[member] = value
    try:
        parameters = converted(document, operation.shape)
        assert isinstance(parameters, dict)
        check(parameters, operation.shape)
    except ServiceError as error:
        raise LambdaError(400, error.code, error.message) from error
    return parameters


def _of_text(values: list[str], shape: Shape) -> object:
    """A value of the query string in its shape's type."""
    if shape.type == "list":
        return values
    if shape.type in ("integer", "long") and re.fullmatch(r"-?\d{1,10}", values[0]):
        return int(values[0])
    return values[0]


def _body(request: Request) -> Parameters:
    try:
        document = msgspec.json.decode(request.body or b"{}")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise LambdaError(
            400, "InvalidRequestContentException", "Could not parse request body into json."
        )
    if isinstance(text := document.get("StartingPositionTimestamp"), str):
        with suppress(ValueError):  # some clients send ISO 8601
            document["StartingPositionTimestamp"] = epoch_seconds(text)
    return document


def _python_class(match: re.Match[str]) -> str:
    """Java's name of a class of characters as Python has it, inside brackets."""
    return {"L": r"\w", "N": r"\d", "Z": r"\s"}.get(match[1], r"\w\s")


def _adapted(document: Mapping[str, Any]) -> dict[str, Any]:
    """The model in the form that Kinesis's has, and with what AWS's sentences say otherwise."""
    shapes = dict(document["shapes"])
    for name, order in _ENUM_ORDER.items():
        shapes[name] = {**shapes[name], "enum": list(order)}
    for name in _CHECKED_ELSEWHERE:
        shapes[name] = {"type": "string"}
    for name, shape in shapes.items():
        if "\\p{" in (pattern := shape.get("pattern", "")):
            shapes[name] = {**shape, "pattern": _UNICODE.sub(_python_class, pattern)}
    return {**document, "shapes": shapes}


@cache
def lambda_model() -> LambdaModel:
    """The model of the installed botocore.

    Raises:
        InputError: botocore is not installed.
    """
    return LambdaModel(service_model("lambda", "2015-03-31"))
