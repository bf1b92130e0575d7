"""The stream of a DynamoDB table as a source.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html (the model
`dynamodbstreams/2012-08-10`) and the recordings named in `tests/unit/data/dynamodb_cases.json`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.event import kinesis_event
from kinesis_cli.stream.kinds.change_as_sent import as_lambda_sends, encoded_change
from kinesis_cli.stream.kinds.change_faults import attributes_problem, fault_in_change
from kinesis_cli.stream.kinds.change_record import (
    EVENT_NAMES,
    SHARD_MEMBER,
    TABLE_STREAM_ARN,
    Attributes,
    ChangeRecord,
    arrival_of,
    key_text,
    without_shard,
)
from kinesis_cli.stream.kinds.kind import (
    Checked,
    FilterMembers,
    Parse,
    PollingRules,
    SettingsRules,
    SourceKind,
    WantedField,
)
from kinesis_cli.stream.lines import Fault
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.table_arn import table_of
from kinesis_cli.stream.times import number_or_nan

# Of records that tell no shard: the events that Lambda sends do not.
DEFAULT_SHARD = "shardId-00000000000000000000-00000000"


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


class _Event(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


_event = msgspec.json.Decoder(_Event)
_placed = msgspec.json.Decoder(_PlacedChange)
_checked = msgspec.json.Decoder(_CheckedChange)


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
        return fault_in_change(value, needed=("Keys", "SequenceNumber"))

    def loose_fault_in(self, value: object) -> Fault | None:
        """See `SourceKind.loose_fault_in`."""
        return fault_in_change(value, needed=())

    def check(self, lines: Sequence[bytes]) -> Checked:
        """See `SourceKind.check`."""
        changes = list(map(_checked.decode, lines))
        return Checked(
            [change.shard_id or DEFAULT_SHARD for change in changes],
            [change.dynamodb.sequence_number for change in changes],
            [arrival_of(change.dynamodb.created, change.stream_arn) for change in changes],
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
            arrival_of(change.created, placed.stream_arn),
            line if placed.shard_id is None else without_shard(line),
        )

    def loose_record(self, value: Mapping[str, Any], raw: bytes) -> Record:
        """See `SourceKind.loose_record`."""
        change, shard_id = value["dynamodb"], value.get(SHARD_MEMBER)
        number, keys = change.get("SequenceNumber"), change.get("Keys")
        return ChangeRecord(
            shard_id if isinstance(shard_id, str) else "",
            "" if number is None else str(number),
            key_text(keys) if attributes_problem(keys) is None else "",
            number_or_nan(change.get("ApproximateCreationDateTime")),
            raw if shard_id is None else without_shard(raw),
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
        arrival_of(change.get("ApproximateCreationDateTime"), document.get("eventSourceARN")),
        raw if own_shard is None else without_shard(raw),
    )


_NUMBERS = (("dynamodb", "ApproximateCreationDateTime"), ("dynamodb", "SizeBytes"))
_ITEM_MEMBERS = (("Keys",), ("NewImage",), ("OldImage",))
ATTRIBUTE_TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"})


def _remarks_on_item(field: WantedField, *, drops_removals: bool) -> Iterator[str]:
    path, where = ".".join(field.keys), field.keys[1]
    has_type = len(field.keys) > 3 and field.keys[-1] in ATTRIBUTE_TYPES
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
