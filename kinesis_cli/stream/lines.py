"""One record as JSON, the element of a KinesisEvent's `Records` and the line of a recording.

Two views of the same rules: `CheckedLine`, which a decoder applies at full speed, and `fault_in`,
which says of a record that did not pass what is wrong with it.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.not_base64 import why_not_base64
from kinesis_cli.stream.record import PlacedRecord
from kinesis_cli.stream.sequence import SequenceNumber, digits_expected, is_sequence_number
from kinesis_cli.stream.shards import shard_id
from kinesis_cli.stream.times import LATEST_ARRIVAL


class CheckedData(msgspec.Struct, rename="camel", gc=False):
    """The `kinesis` member; decoding `data` proves that it is base64."""

    partition_key: str
    sequence_number: str
    data: bytes
    approximate_arrival_timestamp: float


class CheckedLine(msgspec.Struct, rename="camel", gc=False):
    """What kcli needs of a record.

    Members that Lambda always sends but kcli can do without may be missing: people write fixtures
    by hand.
    """

    kinesis: CheckedData
    event_id: str | None = msgspec.field(default=None, name="eventID")
    event_source: Literal["aws:kinesis"] = "aws:kinesis"


class Fault(NamedTuple):
    """What is wrong with a record."""

    field: str  # "kinesis.data"; empty: the record as a whole
    problem: str
    advice: str = ""


def fault_in(value: object) -> Fault | None:
    """What makes a decoded JSON value unusable as a record of a stream, or None."""
    if fault := fault_for(value, _RULES):
        return fault
    assert isinstance(value, dict)
    event_id = value.get("eventID")
    if event_id is not None and not isinstance(event_id, str):
        return Fault("eventID", f"expected a string, found {json_in_words(event_id)}")
    try:
        shard_id_of(event_id, value["kinesis"]["sequenceNumber"])
    except InputError as error:
        return Fault("eventID", error.problem, error.advice)
    return None


# Of an event for one call, as people write it; a single call needs neither.
_WHOLE = "`kcli event --from FILE -o NEW.ndjson` makes whole records of what there is."
_MISSING = {
    "sequenceNumber": _WHOLE,
    "approximateArrivalTimestamp": _WHOLE,
    "partitionKey": "Write one; Lambda always sends it.",
}


def fault_for(
    value: object, needed: Collection[str], checked: Collection[str] = ()
) -> Fault | None:
    """What makes a decoded JSON value unusable as a record, for a purpose.

    Args:
        value: should be a record.
        needed: members of `kinesis` that must be there: `partitionKey`, `data`, …
        checked: those that must be right where they are there.
    """
    if not isinstance(value, dict):
        return Fault("", f"a record is a JSON object, this is {json_in_words(value)}")
    kinesis = value.get("kinesis")
    source = value.get("eventSource", "aws:kinesis")
    if source != "aws:kinesis" or (kinesis is None and "kinesis" not in value):
        return fault_of_other_source(value, "aws:kinesis", "Kinesis", "kinesis")
    if not isinstance(kinesis, dict):
        return Fault("kinesis", f"expected an object, found {json_in_words(kinesis)}")
    for name, fault_of in _RULES.items():
        if name not in kinesis:
            if name in needed:
                return Fault(f"kinesis.{name}", "missing", _MISSING.get(name, ""))
        elif (name in needed or name in checked) and (problem := fault_of(kinesis[name])):
            return Fault(f"kinesis.{name}", *problem)
    return None


def shard_id_of(event_id: str | None, sequence_number: str) -> str:
    """The shard that `eventID` names before its last colon, else the one in the sequence number.

    Raises:
        InputError: neither names a shard.
    """
    named, _, _ = (event_id or "").rpartition(":")
    if named:
        return named
    try:
        return shard_id(SequenceNumber.decode(sequence_number).shard_index)
    except InputError as error:
        raise InputError(
            "names no shard, and the sequence number does not either",
            advice=f'Write it as "shardId-000000000000:{sequence_number[:130]}".',
        ) from error


def shard_ids_of(records: Sequence[CheckedLine] | Sequence[PlacedRecord]) -> list[str]:
    """The shard of each record, quickly where all have a proper `eventID`.

    Raises:
        InputError: a record names no shard.
    """
    try:
        shard_ids = [record.event_id.rpartition(":")[0] for record in records]  # type: ignore[union-attr]
    except AttributeError:  # a record without `eventID`
        shard_ids = [""]
    if "" in shard_ids:
        return [shard_id_of(record.event_id, record.kinesis.sequence_number) for record in records]
    return shard_ids


def _data_problem(data: object) -> tuple[str, str] | None:
    if not isinstance(data, str):
        return f"expected base64 text, found {json_in_words(data)}", ""
    try:
        msgspec.convert(data, bytes)
    except msgspec.ValidationError:
        return why_not_base64(data)
    return None


_MAX_SHOWN = 1e300  # an integer of JSON may be longer than any float


def _arrival_problem(arrival: object) -> tuple[str, str] | None:
    if isinstance(arrival, bool) or not isinstance(arrival, int | float):
        return f"expected epoch seconds, a number, found {json_in_words(arrival)}", _WHOLE
    if not 0 <= arrival < LATEST_ARRIVAL:
        if abs(arrival) > _MAX_SHOWN:
            return "the number is not a time in epoch seconds", ""
        milliseconds = 0 <= arrival / 1000 < LATEST_ARRIVAL
        advice = "It looks like milliseconds; Lambda sends seconds." if milliseconds else ""
        return f"{arrival:.15g} is not a time in epoch seconds", advice
    return None


def _number_problem(number: object) -> tuple[str, str] | None:
    if not isinstance(number, str):
        return f"expected a string of decimal digits, found {json_in_words(number)}", _WHOLE
    if not is_sequence_number(number):
        return f"expected {digits_expected(number)}, found {_start(number)}", _WHOLE
    return None


def _key_problem(key: object) -> tuple[str, str] | None:
    return None if isinstance(key, str) else (f"expected a string, found {json_in_words(key)}", "")


_RULES: dict[str, Callable[[object], tuple[str, str] | None]] = {
    "sequenceNumber": _number_problem,
    "partitionKey": _key_problem,
    "data": _data_problem,
    "approximateArrivalTimestamp": _arrival_problem,
}

_SERVICES = {
    "aws:kinesis": "Kinesis",
    "aws:sqs": "SQS",
    "aws:sns": "SNS",
    "aws:s3": "S3",
    "aws:dynamodb": "DynamoDB Streams",
    "aws:kafka": "Kafka",
    "SelfManagedKafka": "Kafka",
    "aws:amq": "Amazon MQ",
    "aws:rmq": "Amazon MQ",
    "aws:docdb": "DocumentDB",
    "aws:ses": "SES",
    "aws:codecommit": "CodeCommit",
}
_HINTS = {
    "kinesis": "Kinesis",
    "Sns": "SNS",
    "dynamodb": "DynamoDB Streams",
    "s3": "S3",
    "ses": "SES",
    "cf": "CloudFront",
    "kinesisRecordMetadata": "Firehose",
    "deliveryStreamArn": "Firehose",
    "httpMethod": "API Gateway",
    "requestContext": "API Gateway",
    "detail-type": "EventBridge",
    "awslogs": "CloudWatch Logs",
    "receiptHandle": "SQS",
}


def service_of(value: dict[str, object], ours: str = "aws:kinesis") -> str | None:
    """The service that made an event or a record, where it is known and not ours."""
    source = value.get("eventSource", value.get("EventSource"))
    if isinstance(source, str) and source != ours:
        return _SERVICES.get(source, repr(source[:60]))
    hints = ((hint, service) for hint, service in _HINTS.items() if service != _SERVICES[ours])
    return next((service for hint, service in hints if hint in value), None)


def fault_of_other_source(value: dict[str, object], ours: str, title: str, member: str) -> Fault:
    """What is said of a record of another source.

    Args:
        value: the record, or what was meant to be one.
        ours: the `eventSource` that it should have.
        title: of this source, for people.
        member: that holds what such a record tells.
    """
    if service := service_of(value, ours):
        return Fault("", f"this is an event of {service}, not of {title}")
    source = value.get("eventSource", ours)
    if source != ours:
        return Fault("eventSource", f"expected {ours!r}, found {json_in_words(source)}")
    return Fault(
        "",
        f"not a {title} record, it has no member {member!r}",
        "To read plain payload lines use --raw.",
    )


def _start(text: str) -> str:
    return "an empty string" if not text else repr(text if len(text) <= 16 else text[:14])


def json_in_words(value: object) -> str:
    """A decoded JSON value in few words: "the number 1", "an array"."""
    match value:
        case None | bool():
            return str(value).lower().replace("none", "null")
        case int() | float():
            return f"the number {value}"[:80]
        case str():
            return f"the text {value[:40]!r}"
        case list():
            return "an array"
        case _:
            return "an object"
