"""Answers of whatever is at an endpoint, held against botocore's shapes before anybody reads them.

A web server answers, too, and botocore passes on what it does not understand as an empty answer.
Its models say which members an answer always has; where they do not, `_NEEDED` does.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kinesis_cli.errors import EndpointError, KcliError

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks
    from botocore.model import OperationModel, Shape

ADVICE = (
    "Is the address right? kcli talks to AWS, to `kcli local` and to what speaks AWS's protocols."
)
MAX_TORN_BEFORE_ANY = 6  # torn answers to an operation that was never answered rightly
OWN_MEMBER = "Kcli"  # an answer with a member that begins so was decoded by kcli itself

# Members that the models call optional, and that each answer of AWS's has.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "DescribeLogGroups": ("logGroups",),
    "DescribeStackResources": ("StackResources",),
    "DescribeStacks": ("Stacks",),
    "DescribeStream": ("StreamDescription",),
    "FilterLogEvents": ("events",),
    "GetFunctionConfiguration": ("FunctionName",),
    "GetMetricData": ("MetricDataResults",),
    "GetQueueAttributes": ("Attributes",),
    "GetQueueUrl": ("QueueUrl",),
    "GetShardIterator": ("ShardIterator",),
    "Invoke": ("StatusCode", "Payload"),
    "ListEventSourceMappings": ("EventSourceMappings",),
    "ListObjectsV2": ("IsTruncated",),
    "ListShards": ("Shards",),
    "StartLiveTail": ("responseStream",),
}
_NEEDED_WITHIN: Mapping[str, tuple[str, ...]] = {
    "EventSourceMappingConfiguration": ("UUID",),
    "FilteredLogEvent": ("eventId", "ingestionTime", "logStreamName", "message", "timestamp"),
    "LogGroup": ("arn", "logGroupName"),
    "Message": ("Body", "MessageId", "ReceiptHandle"),
    "MetricDataResult": ("Id", "Timestamps", "Values"),
    "Object": ("Key",),
    "Output": ("OutputKey", "OutputValue"),
}
# Members that AWS always sends, kcli never reads, and other servers leave out.
_NOT_READ = frozenset(
    {
        "ConsumerCreationTimestamp",
        "EnhancedMonitoring",
        "FailedRecordCount",
        "HasMoreShards",
        "HasMoreStreams",
        "StreamCreationTimestamp",
    }
)
_PYTHON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "structure": dict,
    "list": list,
    "map": dict,
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
}
_WITH_PATTERN = ("HashKey", "SequenceNumber", "ShardId")  # strings that kcli takes apart
# Whose answers kcli decodes itself, and asks for again where they are broken.
_OF_ITS_OWN = ("GetRecords", "PutRecords")


class ForeignAnswerError(EndpointError):
    """Whatever answered does not speak the service's language."""


class TornAnswerError(ForeignAnswerError):
    """An empty or unreadable answer, most likely an accident: ask again."""


class _NotJsonError(Exception):
    """An answer is not JSON, where the service speaks it."""


def check_answers(events: "BaseEventHooks") -> None:
    """Let the clients of a botocore session refuse answers that are not like the service's."""
    history = _History()

    def add_checks(base_classes: list[type], **_: object) -> None:
        base_classes.insert(0, type("_CheckedClient", (_CheckedClient,), {"history": history}))

    events.register("creating-client-class", add_checks, unique_id="kcli-answers")
    events.register("before-parse", _refuse_other_text, unique_id="kcli-text")


class _History:
    """Who has answered rightly before, so that an accident is told from a foreign language."""

    def __init__(self) -> None:
        self._services = set[str]()
        self._torn_before_any = dict[tuple[str, str], int]()  # 0: the operation was answered once

    def answered(self, url: str, operation: str) -> None:
        """Note a right answer."""
        self._services.add(url)
        self._torn_before_any[url, operation] = 0

    def is_accident(self, url: str, operation: str, *, is_empty: bool) -> bool:
        """Note an empty or unreadable answer; return whether asking again may help."""
        if url not in self._services and not is_empty:
            return False  # a page, most likely
        torn = self._torn_before_any.setdefault((url, operation), 1)
        if torn:
            self._torn_before_any[url, operation] = torn + 1
        return torn < MAX_TORN_BEFORE_ANY


class _CheckedClient:
    """The part of a client that looks at each answer."""

    history: _History

    def _make_api_call(self, operation_name: str, api_params: Any) -> Any:  # noqa: ANN401 - as in botocore
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        meta: Any = self.meta  # type: ignore[attr-defined]
        operation = meta.service_model.operation_model(operation_name)
        try:
            answer = super()._make_api_call(operation_name, api_params)  # type: ignore[misc]
        except (BotoCoreError, ClientError, HTTPClientError, KcliError, OSError):
            raise
        except _NotJsonError as error:
            raise self._torn(operation, "the answer is not a JSON object") from error
        except Exception as error:
            if not _comes_from_botocore(error):
                raise
            raise self._torn(
                operation, f"the answer cannot be read: {_first_line(error)}"
            ) from error
        if fault := _fault(answer, operation):
            if answer.keys() - {"ResponseMetadata"}:
                raise _foreign(operation, fault, meta)
            raise self._torn(operation, fault, is_empty=True)
        self.history.answered(meta.endpoint_url, operation_name)
        return answer

    def _torn(
        self, operation: "OperationModel", why: str, *, is_empty: bool = False
    ) -> ForeignAnswerError:
        meta: Any = self.meta  # type: ignore[attr-defined]
        url = meta.endpoint_url
        is_accident = self.history.is_accident(url, operation.name, is_empty=is_empty)
        kind = TornAnswerError if is_accident else ForeignAnswerError
        return _foreign(operation, why, meta, kind)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:100]


def _comes_from_botocore(error: Exception) -> bool:
    """Whether botocore met something that no answer has, and tripped over it."""
    from botocore.parsers import ResponseParserError

    if isinstance(error, ResponseParserError):
        return True
    trace, modules = error.__traceback__, [""]
    while trace is not None:
        modules.append(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    return "botocore.parsers" in modules or modules[-1] == "botocore.endpoint"


def _refuse_other_text(
    operation_model: "OperationModel", response_dict: Mapping[str, Any], **_: object
) -> None:
    """Refuse a page, of which botocore would make an answer without members."""
    speaks_json = operation_model.service_model.protocol in ("json", "rest-json")
    body = response_dict["body"]
    if (
        speaks_json
        and response_dict["status_code"] < 300
        and isinstance(body, bytes)
        and body.strip()[:1] not in (b"", b"{")
        and not operation_model.has_streaming_output
        and operation_model.name not in _OF_ITS_OWN
    ):
        raise _NotJsonError


def _foreign(
    operation: "OperationModel",
    why: str,
    meta: Any,  # noqa: ANN401 - botocore's
    kind: type[ForeignAnswerError] = ForeignAnswerError,
) -> ForeignAnswerError:
    return kind(
        f"{meta.endpoint_url} does not answer like {operation.service_model.service_id}: "
        f"{operation.name}: {why}",
        advice=ADVICE,
    )


def _fault(answer: Mapping[str, Any], operation: "OperationModel") -> str:
    """What is wrong with an answer; "": nothing."""
    if any(name.startswith(OWN_MEMBER) for name in answer):
        return ""
    for name in _NEEDED.get(operation.name, ()):
        if name not in answer or (name == "Stacks" and not answer[name]):
            return f"{name} is missing"
    return _fault_in(answer, operation.output_shape, "") if operation.output_shape else ""


def _fault_in(parsed: object, shape: "Shape", place: str) -> str:
    value: Any = parsed
    kind = shape.type_name
    expected = _PYTHON_TYPES.get(kind)
    if expected is None or shape.serialization.get("eventstream"):
        return ""  # a stream of events is read, and judged, as it comes
    is_right = isinstance(value, expected) and (expected is bool or not isinstance(value, bool))
    if not is_right:
        return f"{place or 'it'} is not a {kind}"
    if kind == "structure":
        return _fault_in_structure(value, shape, place)
    if kind in ("list", "map"):
        inner: Any = shape.member if kind == "list" else shape.value  # type: ignore[attr-defined]
        members = value if kind == "list" else value.values()
        faults = (_fault_in(each, inner, place) for each in members)
        return next(filter(None, faults), "")
    if shape.name in _WITH_PATTERN:
        pattern = shape.metadata.get("pattern", ".*")  # DynamoDB Streams' model has none
        return "" if re.fullmatch(pattern, value) else f"{place} is not a {shape.name}"
    return ""


def _fault_in_structure(value: Mapping[str, Any], shape: Any, place: str) -> str:  # noqa: ANN401
    for name in (*shape.required_members, *_NEEDED_WITHIN.get(shape.name, ())):
        if name not in value and name not in _NOT_READ:
            return f"{place}{'.' if place else ''}{name} is missing"
    for name, member in shape.members.items():
        if name in value:
            where = f"{place}.{name}" if place else name
            if fault := _fault_in(value[name], member, where):
                return fault
    return ""
