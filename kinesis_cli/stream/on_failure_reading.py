"""Reading on-failure documents: which records they name. The other side of `on_failure_document`.

Sources: see `on_failure_document`; for notifications
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from kinesis_cli.errors import InputError
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import KINDS, kind_in
from kinesis_cli.stream.lines import service_of
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import is_sequence_number

_MEMBERS = " or ".join(kind.batch_info for kind in KINDS)
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class FailureDocument:
    """What Lambda said about records that it gave up."""

    request_id: str  # of the last call
    condition: str  # "RetryAttemptsExhausted", "RecordAgeExceeded"
    invoke_count: int  # calls that had them, about; 0: not told
    stream_arn: str  # of the stream, or of an enhanced fan-out consumer
    shard_id: str
    start: str  # sequence numbers, both included; "": a window's final call, which names no record
    end: str
    batch_size: int  # records between them that were given up
    payload: tuple[Record, ...] | None  # the records themselves, where the document has them
    kind: SourceKind = KINESIS
    function_arn: str = ""  # with the version that was called; "": not told

    @property
    def stream(self) -> str:
        """The stream's ARN, also where the document names a consumer of it."""
        return self.stream_arn.partition("/consumer/")[0]

    @property
    def is_consumers(self) -> bool:
        """Whether its mapping reads an enhanced fan-out consumer, which opens KPL aggregates."""
        return "/consumer/" in self.stream_arn

    @property
    def region(self) -> str:
        """The stream's; "": it is not told."""
        return "".join(self.stream_arn.split(":")[3:4])

    def names(self, selected: str) -> bool:
        """Whether it is about a record, by its sequence number, or a call, by its request id."""
        if selected == self.request_id:
            return True
        return (
            is_sequence_number(selected)
            and bool(self.start)
            and int(self.start) <= int(selected) <= int(self.end)
        )


def read_documents(text: str, place: str) -> Iterator[FailureDocument]:
    """The documents in a text, in order.

    It may be one document, or a line for each; as it is in a queue, or with the message or the SNS
    notification around it; what `aws sqs receive-message` prints; the event of a function that SQS
    or SNS feeds; or the result of `kcli simulate --output json` or `ndjson`.

    Args:
        text: JSON.
        place: what to call it in an error.

    Raises:
        InputError: there is something else in it.
    """
    for number, value in enumerate(_values(text, place), 1):
        yield from _documents(value, f"{place}, document {number}")


def _values(text: str, place: str) -> Iterator[object]:
    decoder, position = json.JSONDecoder(), _after_space(text, 0)
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            reason = str(error)
            problem = f"not JSON: {reason[:1].lower()}{reason[1:]}"
            raise InputError(problem, place=place) from error
        yield value
        position = _after_space(text, position)


def _after_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _documents(value: object, place: str) -> Iterator[FailureDocument]:
    kind = _kind(value)
    match value:
        case Mapping() if kind is not None:
            yield _document(cast("Mapping[str, object]", value), kind, place)
        case {"Messages": list(messages)}:
            for each in messages:
                yield from _documents(each, place)
        case [*values] | {"Records": [*values]} if values:
            for each in values:
                yield from _documents(each, place)
        case {"Sns": Mapping() as notification}:
            yield from _documents(notification, place)
        case {"Body": str(body)} | {"body": str(body)} | {"Message": str(body)}:
            yield from read_documents(body, place)
        case {"destination": list(documents)}:
            for each in documents:
                yield from _documents(each, place)
        case {"type": "run" | "invocation" | "filtered" | "expired" | "unsure" | "summary"}:
            return
        case _:
            raise InputError(
                f"not an on-failure document of a Kinesis stream: {_found(value)}",
                place=place,
                advice=f"Such a document has a member {_MEMBERS}, as Lambda sends it to a "
                "queue or a bucket.",
            )


def _kind(value: object) -> SourceKind | None:
    """The kind of source that an on-failure document is about; None: it is no such document."""
    if not isinstance(value, Mapping):
        return None
    return next((kind for kind in KINDS if isinstance(value.get(kind.batch_info), Mapping)), None)


def _found(value: object) -> str:
    """What there is instead."""
    if not isinstance(value, dict):
        return f"this is {'an array' if isinstance(value, list) else repr(value)[:60]}"
    if kind_in(value) is not None:
        return "this is a record: `kcli invoke` and `kcli simulate` take its event"
    if "requestPayload" in value:
        return "this is the record of a Lambda destination for asynchronous calls"
    if any(name.endswith("BatchInfo") for name in value):
        return "this is one of another source"
    if service := service_of(value):
        return f"this is an event of {service}"
    names = list(value)[:6]
    plural = "member" if len(names) == 1 else "members"
    return f"it has {f'the {plural} ' + ', '.join(names) if names else 'no members'}"[:160]


def _document(value: Mapping[str, object], kind: SourceKind, place: str) -> FailureDocument:
    info, context = value[kind.batch_info], value.get("requestContext")
    assert isinstance(info, Mapping)
    context = context if isinstance(context, Mapping) else {}
    start, end = (
        _number(info, "startSequenceNumber", place),
        _number(info, "endSequenceNumber", place),
    )
    payload = value.get("payload")
    if payload is None and not kind.is_read_back:
        raise InputError(
            f"this document of {kind.title} only names its records, and kcli reads no topic",
            place=place,
            advice="In a bucket documents hold their records.",
        )
    if start and payload is None:
        for name in ("endSequenceNumber", "shardId", "streamArn"):
            if not (isinstance(info.get(name), str) and info[name]):
                raise InputError("is missing", place=f"{place}, {name}")
    return FailureDocument(
        request_id=str(context.get("requestId", "")),
        condition=str(context.get("condition", "")),
        invoke_count=_count(context, "approximateInvokeCount"),
        stream_arn=str(info.get("streamArn", info.get("eventSourceArn", ""))),
        shard_id=str(info.get("shardId", "")),
        start=start,
        end=end,
        batch_size=_count(info, "batchSize"),
        payload=None if payload is None else _payload(payload, kind, info, place),
        kind=kind,
        function_arn=str(context.get("functionArn", "")),
    )


def _number(info: Mapping[str, object], name: str, place: str) -> str:
    number = info.get(name, "")
    if number == "" or (isinstance(number, str) and is_sequence_number(number)):
        return str(number)
    raise InputError(f"{number!r} is not a sequence number", place=f"{place}, {name}")


def _count(info: Mapping[str, object], name: str) -> int:
    count = info.get(name)
    return count if isinstance(count, int) else 0


def _payload(
    payload: object, kind: SourceKind, info: Mapping[str, object], place: str
) -> tuple[Record, ...]:
    """The event, which S3 has as a text within the JSON."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    shard_id = info.get("shardId")
    return tuple(
        kind.records_of(text, f"{place}, payload", shard_id if isinstance(shard_id, str) else None)
    )
