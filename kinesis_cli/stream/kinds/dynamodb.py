"""The stream of a DynamoDB table as a source.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html (the model
`dynamodbstreams/2012-08-10`) and the recordings named in `tests/unit/data/dynamodb_cases.json`.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.event import kinesis_event
from kinesis_cli.stream.kinds.kind import (
    Checked,
    FilterMembers,
    Parse,
    PollingRules,
    SettingsRules,
    SourceKind,
    WantedField,
)
from kinesis_cli.stream.lines import Fault, fault_of_other_source, json_in_words
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import is_sequence_number
from kinesis_cli.stream.table_arn import table_of
from kinesis_cli.stream.times import LATEST_ARRIVAL

TABLE_STREAM_ARN = (
    "arn:aws:dynamodb:us-east-1:123456789012:table/kcli/stream/2026-01-01T00:00:00.000"
)
# Of records that tell no shard: the events that Lambda sends do not.
DEFAULT_SHARD = "shardId-00000000000000000000-00000000"
SHARD_MEMBER = "shardId"  # of a recording's line; no event has it
EVENT_NAMES = ("INSERT", "MODIFY", "REMOVE")
_MADE_UP_TIME = 1735689600.0  # 2025-01-01T00:00:00Z: samples may tell no time at all
_NOT_PRINTED = re.compile(r"[^\x00-\x7e]")
_OWN_SHARD = re.compile(rb',"shardId":"[^"\\\\]*"\}\Z')
_LABEL = re.compile(r"/stream/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")

Attributes = dict[str, dict[str, Any]]  # name → {type: value}


class _Key(msgspec.Struct, gc=False):
    keys: Attributes = msgspec.field(name="Keys")
    sequence_number: str = msgspec.field(name="SequenceNumber")
    created: float | None = msgspec.field(default=None, name="ApproximateCreationDateTime")


class _PlacedChange(msgspec.Struct, gc=False):
    """What the delivery rules need of a line."""

    dynamodb: _Key
    shard_id: str | None = msgspec.field(default=None, name=SHARD_MEMBER)
    stream_arn: str | None = msgspec.field(default=None, name="eventSourceARN")


class _CheckedKey(_Key, gc=False):
    new_image: Attributes | None = msgspec.field(default=None, name="NewImage")
    old_image: Attributes | None = msgspec.field(default=None, name="OldImage")


class _CheckedChange(msgspec.Struct, gc=False):
    """The same, and what is checked besides when a recording is read first."""

    dynamodb: _CheckedKey
    shard_id: str | None = msgspec.field(default=None, name=SHARD_MEMBER)
    stream_arn: str | None = msgspec.field(default=None, name="eventSourceARN")
    event_name: Literal["INSERT", "MODIFY", "REMOVE"] | None = msgspec.field(
        default=None, name="eventName"
    )
    event_source: Literal["aws:dynamodb"] = msgspec.field(
        default="aws:dynamodb", name="eventSource"
    )


class Change(msgspec.Struct, frozen=True):
    """What a record says of its item, in DynamoDB's JSON."""

    keys: Attributes = msgspec.field(default_factory=dict, name="Keys")
    new_image: Attributes | None = msgspec.field(default=None, name="NewImage")
    old_image: Attributes | None = msgspec.field(default=None, name="OldImage")
    view: str | None = msgspec.field(default=None, name="StreamViewType")


class _Shown(msgspec.Struct):
    dynamodb: Mapping[str, msgspec.Raw]
    event_name: str | None = msgspec.field(default=None, name="eventName")


class _WholeChange(msgspec.Struct):
    dynamodb: Change


class _Event(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


_event = msgspec.json.Decoder(_Event)
_placed = msgspec.json.Decoder(_PlacedChange)
_checked = msgspec.json.Decoder(_CheckedChange)
_shown = msgspec.json.Decoder(_Shown)
_whole = msgspec.json.Decoder(_WholeChange)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.Encoder().encode


class ChangeRecord(Record, frozen=True, gc=False):
    """A change of an item: the record of a table's stream.

    Its `partition_key` is the item's key as text, by which ParallelizationFactor keeps order.
    """

    event_source: ClassVar[str] = "aws:dynamodb"

    @property
    def data(self) -> bytes:
        """What changed, and how: JSON of eventName, Keys and the images that there are."""
        found = _shown.decode(self.raw)
        members: dict[str, object] = {"eventName": found.event_name} if found.event_name else {}
        names = ("Keys", "NewImage", "OldImage")
        return _encode(
            members | {name: found.dynamodb[name] for name in names if name in found.dynamodb}
        )

    @property
    def line(self) -> bytes:
        """The record as a line of a recording: an event does not tell the shard."""
        return self.raw[:-1] + b',"%s":%s}' % (SHARD_MEMBER.encode(), _encode(self.shard_id))

    @property
    def event_name(self) -> str:
        """INSERT, MODIFY or REMOVE; "" where it is not told."""
        return _shown.decode(self.raw).event_name or ""

    @property
    def change(self) -> Change:
        """The item's keys, and how it was and is."""
        return _whole.decode(self.raw).dynamodb


class DynamoDBKind(SourceKind):
    """The stream of a DynamoDB table."""

    name = "dynamodb"
    title = "DynamoDB Streams"
    event_source = "aws:dynamodb"
    batch_info = "DDBStreamBatchInfo"
    service = "dynamodb"
    event_type = "DynamoDB"
    key_title = "item key"
    sample_arn = TABLE_STREAM_ARN
    first_shard = DEFAULT_SHARD
    shard_member = SHARD_MEMBER
    number_member = "dynamodb.SequenceNumber"
    rules = SettingsRules(
        a_source="a DynamoDB stream",
        starting_positions=("TRIM_HORIZON", "LATEST"),
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
        fixed_retention_hours=24.0,
        # UNSURE(ddb-shard-life): engineers say that a shard takes records for about four hours; we
        # let it go on, and say so where it matters.
        shard_life_seconds=4 * 3600.0,
        refuses_window_with_filters=True,
        max_useful_age_seconds=86_400,
        of_it=" for a DynamoDB stream",
    )
    # Four polls a second: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html; what one
    # brings: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
    polling = PollingRules(interval_seconds=0.25, most_records=1_000, most_bytes=1024 * 1024)
    # UNSURE(metadata-filter): the guide says that only `dynamodb` is supported; recorded on AWS are
    # eventName and eventSource too, and the DynamoDB guide itself filters on userIdentity.
    filter_members = FilterMembers(
        documented=frozenset({"dynamodb", "eventName", "eventSource", "userIdentity"}),
        others=frozenset({"eventID", "eventVersion", "awsRegion", "eventSourceARN"}),
        beside="no record of a table's stream has at its top: images and keys are below dynamodb",
        content="dynamodb",
        values={"eventName": EVENT_NAMES, "eventSource": ("aws:dynamodb",)},
        example='{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["order"]}}}}',
    )

    def holds(self, value: Mapping[str, object]) -> bool:
        """See `SourceKind.holds`."""
        if {"recordFormat", "tableName"} & value.keys():
            return False  # a change on its way through a Kinesis stream: a payload
        change = value.get("dynamodb")
        if isinstance(change, dict) and not {"SequenceNumber", "Keys"} & change.keys():
            return False
        source = value.get("eventSource", self.event_source if isinstance(change, dict) else "")
        return source == self.event_source and "dynamodb" in value

    def is_as_read(self, value: Mapping[str, object]) -> bool:
        """See `SourceKind.is_as_read`."""
        change = value.get("dynamodb")
        time = change.get("ApproximateCreationDateTime") if isinstance(change, dict) else None
        return SHARD_MEMBER not in value and (
            "eventSourceARN" not in value or isinstance(time, str)
        )

    def as_lambda_sends(
        self, value: Mapping[str, Any], source_arn: str, shard_id: str | None
    ) -> dict[str, object]:
        """See `SourceKind.as_lambda_sends`."""
        sent = as_lambda_sends(value, source_arn)
        return sent if shard_id is None else sent | {SHARD_MEMBER: shard_id}

    def fault_in(self, value: object) -> Fault | None:
        """See `SourceKind.fault_in`."""
        return _fault_in(value, needed=("Keys", "SequenceNumber"))

    def loose_fault_in(self, value: object) -> Fault | None:
        """See `SourceKind.loose_fault_in`."""
        return _fault_in(value, needed=())

    def check(self, lines: Sequence[bytes]) -> Checked:
        """See `SourceKind.check`."""
        changes = list(map(_checked.decode, lines))
        return Checked(
            [change.shard_id or DEFAULT_SHARD for change in changes],
            [change.dynamodb.sequence_number for change in changes],
            [_arrival(change.dynamodb.created, change.stream_arn) for change in changes],
        )

    def placed(self, text: bytes) -> tuple[list[str], list[Any]]:
        """See `SourceKind.placed`."""
        lines = _placed.decode_lines(text)
        return [line.shard_id or DEFAULT_SHARD for line in lines], lines

    def record(self, shard_id: str, placed: _PlacedChange, line: bytes) -> Record:
        """See `SourceKind.record`."""
        change = placed.dynamodb
        return ChangeRecord(
            shard_id,
            change.sequence_number,
            key_text(change.keys),
            _arrival(change.created, placed.stream_arn),
            line if placed.shard_id is None else _as_sent(line),
        )

    def loose_record(self, value: Mapping[str, Any], raw: bytes) -> Record:
        """See `SourceKind.loose_record`."""
        change, shard_id = value["dynamodb"], value.get(SHARD_MEMBER)
        number, keys = change.get("SequenceNumber"), change.get("Keys")
        created = change.get("ApproximateCreationDateTime")
        is_time = isinstance(created, int | float) and not isinstance(created, bool)
        return ChangeRecord(
            shard_id if isinstance(shard_id, str) else "",
            "" if number is None else str(number),
            key_text(keys) if _attributes_problem(keys) is None else "",
            float(created) if is_time else math.nan,
            raw if shard_id is None else _as_sent(raw),
        )

    def place_of(self, line: bytes) -> tuple[str, str]:
        """See `SourceKind.place_of`."""
        found = _placed.decode(line)
        return found.shard_id or DEFAULT_SHARD, found.dynamodb.sequence_number

    def records_of(
        self, event: bytes | str, place: str, shard_id: str | None = None
    ) -> list[Record]:
        """See `SourceKind.records_of`."""
        try:
            records = _event.decode(event).records
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise InputError(f"not an event of a table's stream: {error}", place=place) from error
        shard_id = shard_id or DEFAULT_SHARD
        return [
            change_record(bytes(record), shard_id=shard_id, place=f"{place}, record {number}")
            for number, record in enumerate(records, 1)
        ]

    def source_name(self, arn: str) -> str:
        """See `SourceKind.source_name`."""
        return table_of(arn)

    def event(self, records: Iterable[Record]) -> bytes:
        """See `SourceKind.event`."""
        return kinesis_event(records)

    def filter_document(
        self, raw: bytes, parse: Parse, wanted: frozenset[str]
    ) -> dict[str, object]:
        """The record itself: nothing in it is decoded, and numbers are text.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
        """
        del wanted
        record = parse(raw)
        return record if isinstance(record, dict) else {}

    def may_be_number(self, keys: tuple[str, ...]) -> bool:
        """See `SourceKind.may_be_number`."""
        return keys[:2] in _NUMBERS

    def filter_remarks(self, fields: Sequence[WantedField]) -> Iterator[str]:
        """See `SourceKind.filter_remarks`.

        Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html and
        LocalStack's snapshots recorded on AWS (`ddb_filter_*`).
        """
        names = [field for field in fields if field.keys == ("eventName",)]
        drops_removals = bool(names) and not any(field.holds("REMOVE") for field in names)
        for field in fields:
            if field.keys[:1] == ("dynamodb",) and field.keys[1:2] in _ITEM_MEMBERS:
                yield from _remarks_on_item(field, drops_removals=drops_removals)

    def filtered_text(self, raw: bytes) -> bytes:
        """See `SourceKind.filtered_text`."""
        return raw


DYNAMODB = DynamoDBKind()


def change_record(
    value: Mapping[str, Any] | bytes, *, shard_id: str = DEFAULT_SHARD, place: str = "the record"
) -> ChangeRecord:
    """A record of a table's stream from one element of an event's `Records`.

    Args:
        value: as JSON, which is kept byte for byte, or decoded.
        shard_id: of the stream, where the record itself does not tell it.
        place: what to call it in an error.

    Raises:
        InputError: it is not a record of a table's stream.
    """
    try:
        document = json.loads(value) if isinstance(value, bytes) else value
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", place=place) from error
    if fault := DYNAMODB.fault_in(document):
        where = f"{place}, {fault.field}" if fault.field else place
        raise InputError(fault.problem, place=where, advice=fault.advice)
    raw = value if isinstance(value, bytes) else encoded_change(value)
    change, own_shard = document["dynamodb"], document.get(SHARD_MEMBER)
    return ChangeRecord(
        own_shard or shard_id,
        change["SequenceNumber"],
        key_text(change["Keys"]),
        _arrival(change.get("ApproximateCreationDateTime"), document.get("eventSourceARN")),
        raw if own_shard is None else _as_sent(raw),
    )


def encoded_change(value: Mapping[str, Any]) -> bytes:
    """A record as JSON, the time as Java writes a double: `1.789651658E9`.

    Source: stackd's captures, the payload of an on-failure document in S3.
    """
    change = value["dynamodb"]
    created = change.get("ApproximateCreationDateTime")
    if created is not None:
        time = msgspec.Raw(java_double(float(created)).encode())
        value = {**value, "dynamodb": {**change, "ApproximateCreationDateTime": time}}
    text = _encode(value)
    if text.isascii() and b"\x7f" not in text:
        return text
    # Text of an item may hold anything; shown on a terminal it must not do anything.
    return _NOT_PRINTED.sub(_escaped, text.decode()).encode()


def _escaped(found: "re.Match[str]") -> str:
    return "\\u007f" if found.group() == "\x7f" else json.dumps(found.group())[1:-1]


def java_double(number: float) -> str:
    """A number as `Double.toString` of Java writes it."""
    if not 1e7 <= abs(number) < 1e300:
        return repr(number)
    digits, _, exponent = f"{number:.16e}".partition("e")
    shortest = repr(number).replace(".", "").lstrip("-").partition("e")[0].rstrip("0") or "0"
    sign = "-" if digits.startswith("-") else ""
    return f"{sign}{shortest[0]}.{shortest[1:] or '0'}E{int(exponent)}"


def as_lambda_sends(
    value: Mapping[str, Any], stream_arn: str = TABLE_STREAM_ARN
) -> dict[str, object]:
    """A record of the streams API, which `get-records` prints, as Lambda hands it to a function.

    Args:
        value: one element of `Records`, as boto3 or the AWS CLI gives it.
        stream_arn: of the stream, where the record does not tell it.
    """
    arn = value.get("eventSourceARN")
    arn = arn if isinstance(arn, str) else stream_arn
    change = value.get("dynamodb")
    sent: dict[str, object] = {
        "eventID": value.get("eventID", ""),
        "eventName": value.get("eventName", ""),
        "eventVersion": value.get("eventVersion", "1.1"),
        "eventSource": value.get("eventSource", "aws:dynamodb"),
        "awsRegion": _region_of(arn) or value.get("awsRegion", ""),
    }
    # UNSURE(ddb-identity-place): its place among the members; a type of aws-lambda-go has it here.
    if isinstance(identity := value.get("userIdentity"), Mapping):
        sent["userIdentity"] = {
            "type": identity.get("type", identity.get("Type")),
            "principalId": identity.get("principalId", identity.get("PrincipalId")),
        }
    sent["dynamodb"] = _change_as_sent(change) if isinstance(change, Mapping) else change
    sent["eventSourceARN"] = arn
    others = {name: each for name, each in value.items() if name not in sent}
    others.pop("userIdentity", None)
    return sent | others


def key_text(keys: Attributes) -> str:
    """An item's key as text: `a`; of two attributes `a, 1`, in the order of their names.

    UNSURE(ddb-lane-key): a record does not say which of its keys is the partition key. Order is
    kept for each item; AWS may keep it for each partition key.
    """
    if len(keys) == 1:
        ((_, value),) = keys.items()
        return _value_text(value)
    return ", ".join(_quoted(_value_text(keys[name])) for name in sorted(keys))


def _value_text(value: Mapping[str, Any]) -> str:
    for each in value.values():
        if (
            each is not None
        ):  # samples of aws-lambda-go name all types, those that it is not as null
            return each if isinstance(each, str) else json.dumps(each)
    return ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if "," in text or '"' in text else text


def _change_as_sent(change: Mapping[str, Any]) -> dict[str, object]:
    order = (
        *("ApproximateCreationDateTime", "Keys", "NewImage", "OldImage", "SequenceNumber"),
        *("SizeBytes", "StreamViewType"),
    )
    names = [name for name in order if name in change]
    names += [name for name in change if name not in order]
    sent = {name: change[name] for name in names}
    for name in ("Keys", "NewImage", "OldImage"):
        if name in sent:
            sent[name] = _as_json(sent[name])
    if "ApproximateCreationDateTime" in sent:
        sent["ApproximateCreationDateTime"] = _whole_seconds(sent["ApproximateCreationDateTime"])
    return sent


def _whole_seconds(time: object) -> object:
    """A time in whole seconds, rounded down; what is none stays, and is refused later.

    Source: ApproximateCreationDateTime in botocore's model dynamodbstreams/2012-08-10
    """
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time)
        except ValueError:
            return time
    if isinstance(time, datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    if isinstance(time, bool) or not isinstance(time, int | float) or not math.isfinite(time):
        return time
    return float(math.floor(time))


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any attribute value
    """Attribute values with binary ones as base64 text, and sets as lists, as JSON has them."""
    match value:
        case bytes():
            return msgspec.to_builtins(value)
        case Mapping():
            return {name: _as_json(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_as_json(each) for each in value]
    return value


def _region_of(arn: str) -> str:
    parts = arn.split(":", 4)
    return parts[3] if len(parts) == 5 else ""


def _arrival(created: float | None, stream_arn: str | None) -> float:
    """When a record was made, epoch seconds; of one that does not tell, when its stream was."""
    if created is not None:
        return created
    found = _LABEL.search(stream_arn or "")
    if found is None:
        return _MADE_UP_TIME
    try:
        return datetime.fromisoformat(found.group(1)).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return _MADE_UP_TIME


def _as_sent(line: bytes) -> bytes:
    """A recording's line without what no event has; all else byte for byte."""
    if found := _OWN_SHARD.search(line):  # as kcli writes it
        return line[: found.start()] + b"}"
    members = _members.decode(line)
    members.pop(SHARD_MEMBER, None)
    return _encode(members)


_NUMBERS = (("dynamodb", "ApproximateCreationDateTime"), ("dynamodb", "SizeBytes"))
_ITEM_MEMBERS = (("Keys",), ("NewImage",), ("OldImage",))
_TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"})


def _remarks_on_item(field: WantedField, *, drops_removals: bool) -> Iterator[str]:
    path, where = ".".join(field.keys), field.keys[1]
    has_type = len(field.keys) > 3 and field.keys[-1] in _TYPES
    if not has_type:
        attribute = field.keys[2] if len(field.keys) > 2 else "NAME"
        what = "matches every record" if field.absence else "can never match"
        yield (
            f"names no type at {path}, and {what}: an attribute's value stands below its type, "
            f'{{"{attribute}": {{"S": [...]}}}}'
        )
    elif field.numbers:
        yield (
            f"compares {path} with a number, and can never match: numbers of an item are text, "
            '{"N": ["101"]}'
        )
    elif where == "NewImage" and not drops_removals:
        if field.absence:
            yield f"wants {path} to be absent, which holds for every REMOVE: it has no NewImage"
        else:
            yield f"looks at {path}: a REMOVE has no NewImage, and never matches"


_WHOLE = "A record of a table's stream always has it: take the record as Lambda sent it."


def _fault_in(value: object, needed: Sequence[str]) -> Fault | None:
    if not isinstance(value, dict):
        return Fault("", f"a record is a JSON object, this is {json_in_words(value)}")
    source = value.get("eventSource", "aws:dynamodb")
    if source != "aws:dynamodb" or "dynamodb" not in value:
        return fault_of_other_source(value, "aws:dynamodb", "DynamoDB Streams", "dynamodb")
    change = value["dynamodb"]
    if not isinstance(change, dict):
        return Fault("dynamodb", f"expected an object, found {json_in_words(change)}")
    for name in needed:
        if name not in change:
            return Fault(f"dynamodb.{name}", "missing", _WHOLE)
    for name in ("Keys", "NewImage", "OldImage"):
        problem = _attributes_problem(change[name]) if change.get(name) is not None else None
        if problem is None and name in needed and not change[name]:
            problem = ("names no attribute", _WHOLE)
        if problem:
            return Fault(f"dynamodb.{name}", *problem)
    for name, problem_of in (
        ("SequenceNumber", _number_problem),
        ("ApproximateCreationDateTime", _time_problem),
    ):
        if name in change and (name in needed or needed) and (found := problem_of(change[name])):
            return Fault(f"dynamodb.{name}", *found)
    return _outer_fault(value)


def _outer_fault(value: Mapping[str, object]) -> Fault | None:
    for name in (SHARD_MEMBER, "eventSourceARN"):
        text = value.get(name)
        if text is not None and not isinstance(text, str):
            return Fault(name, f"expected a string, found {json_in_words(text)}")
    event_name = value.get("eventName")
    if event_name is not None and event_name not in EVENT_NAMES:
        expected = "expected INSERT, MODIFY or REMOVE"
        return Fault("eventName", f"{expected}, found {json_in_words(event_name)}")
    return None


def _attributes_problem(attributes: object) -> tuple[str, str] | None:
    if not isinstance(attributes, dict):
        return f"expected attributes, an object, found {json_in_words(attributes)}", ""
    for name, value in attributes.items():
        if _value_types(value) != 1:
            advice = 'Each value stands in an object that names its type: {"S": "text"}.'
            return f"the attribute {name[:40]!r} has no type", advice
    return None


def _value_types(value: object) -> int:
    """How many types an attribute's value has; those that are null do not count."""
    return sum(each is not None for each in value.values()) if isinstance(value, dict) else 0


def _number_problem(number: object) -> tuple[str, str] | None:
    if not isinstance(number, str):
        return f"expected a string of decimal digits, found {json_in_words(number)}", ""
    if not is_sequence_number(number):
        return f"expected decimal digits, found {number[:16]!r}", ""
    return None


def _time_problem(time: object) -> tuple[str, str] | None:
    if time is None:
        return None
    if isinstance(time, bool) or not isinstance(time, int | float):
        advice = "Lambda sends a number; the text is what `aws dynamodbstreams get-records` prints."
        return f"expected epoch seconds, a number, found {json_in_words(time)}", advice
    if not 0 <= time < LATEST_ARRIVAL:
        milliseconds = 0 <= time / 1000 < LATEST_ARRIVAL if abs(time) < 1e300 else False
        advice = "It looks like milliseconds; Lambda sends seconds." if milliseconds else ""
        return "the number is not a time in epoch seconds", advice
    return None
