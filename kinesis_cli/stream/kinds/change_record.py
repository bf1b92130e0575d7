"""A record of a table's stream: a change of an item, in DynamoDB's JSON."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

from kinesis_cli.stream.record import Record

TABLE_STREAM_ARN = (
    "arn:aws:dynamodb:us-east-1:123456789012:table/kcli/stream/2026-01-01T00:00:00.000"
)
SHARD_MEMBER = "shardId"  # of a recording's line; no event has it
EVENT_NAMES = ("INSERT", "MODIFY", "REMOVE")
_MADE_UP_TIME = 1735689600.0  # 2025-01-01T00:00:00Z: samples may tell no time at all
_OWN_SHARD = re.compile(rb',"shardId":"[^"\\\\]*"\}\Z')
_LABEL = re.compile(r"/stream/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")
Attributes = dict[str, dict[str, Any]]  # name → {type: value}


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


def arrival_of(created: float | None, stream_arn: str | None) -> float:
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


def without_shard(line: bytes) -> bytes:
    """A recording's line without what no event has; all else byte for byte."""
    if found := _OWN_SHARD.search(line):  # as kcli writes it
        return line[: found.start()] + b"}"
    members = _members.decode(line)
    members.pop(SHARD_MEMBER, None)
    return _encode(members)
