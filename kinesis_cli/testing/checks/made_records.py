"""What differs between kinds of source in a check: how records are made, what they may hold.

What a record carries is an `Item`: of Kinesis its data, of a table's stream the change as JSON.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.broken import TEXT_FAULTS
from kinesis_cli.payloads.changes.attribute_values import typed_value
from kinesis_cli.payloads.changes.hostile import change_variants, reversed_change
from kinesis_cli.payloads.changes.sizes import size_bytes
from kinesis_cli.payloads.hostile import Variant, variants
from kinesis_cli.payloads.kafka import topic_record
from kinesis_cli.stream.event import (
    STREAM_ARN,
    KinesisEventRecord,
    lambda_record,
    region_of,
    with_payload,
)
from kinesis_cli.stream.kinds.change_record import TABLE_STREAM_ARN
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB, change_record
from kinesis_cli.stream.kinds.kafka import KAFKA, SELF_MANAGED_KAFKA
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_of
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id
from kinesis_cli.stream.user_records import data_of

KEY = "key-1"
_MAX_BROKEN = 10  # variants that a function should not be able to handle

_decode = msgspec.json.Decoder(KinesisEventRecord).decode


class Item(NamedTuple):
    """What a record carries."""

    data: bytes
    partition_key: str = KEY
    kind: SourceKind = KINESIS


class MadeRecords(ABC):
    """The records of one kind of source."""

    sample_arn: str
    are_payloads: bool  # whether a record may carry any bytes

    @abstractmethod
    def numbers(self, first: int, at: float) -> Iterator[str]:
        """Sequence numbers that grow, from the counter `first` on."""

    @abstractmethod
    def record(self, item: Item, number: str, at: float, arn: str) -> Record:
        """The record that carries an item."""

    def renumbered(self, record: Record, number: str) -> Record:
        """The same record as if it were another one."""
        raw = record.raw.replace(record.sequence_number.encode(), number.encode())
        return msgspec.structs.replace(record, sequence_number=number, raw=raw)

    @abstractmethod
    def carried(self, record: Record) -> bytes:
        """What a record carries, as `Item.data`."""

    def refuse_unusable(self, value: Mapping[str, Any], place: str) -> None:
        """Refuse a record, as decoded JSON, of which no other can be made.

        Raises:
            InputError: it is one.
        """
        del value, place  # a payload may hold anything

    @abstractmethod
    def variants(self, data: bytes, words: Sequence[object]) -> Iterator[Variant]:
        """What the data may become, the simplest first."""

    @abstractmethod
    def broken(self, data: bytes) -> list[bytes]:
        """Data that most functions cannot handle."""

    @abstractmethod
    def turned(self, records: Sequence[Record]) -> list[Record] | None:
        """The records with what has no order in reverse; None: there is nothing to reverse."""


class KinesisRecords(MadeRecords):
    """Payloads of any kind."""

    sample_arn = STREAM_ARN
    are_payloads = True

    def numbers(self, first: int, at: float) -> Iterator[str]:
        """See `MadeRecords.numbers`."""
        numbers = SequenceNumbers(0, created=int(at) - 86_400, counter=first)
        while True:
            yield numbers.next(at)

    def record(self, item: Item, number: str, at: float, arn: str) -> Record:
        """See `MadeRecords.record`."""
        return lambda_record(
            shard_id=shard_id(0),
            sequence_number=number,
            partition_key=item.partition_key,
            arrival=at,
            data=item.data,
            event_source_arn=arn,
        )

    def carried(self, record: Record) -> bytes:
        """See `MadeRecords.carried`."""
        return data_of(record)

    def variants(self, data: bytes, words: Sequence[object]) -> Iterator[Variant]:
        """See `MadeRecords.variants`."""
        return variants(data, words)

    def broken(self, data: bytes) -> list[bytes]:
        """See `MadeRecords.broken`."""
        changed = [change(data) for change in list(TEXT_FAULTS.values())[:_MAX_BROKEN]]
        return [*changed, b"null", b"{}", b"[]"]

    def turned(self, records: Sequence[Record]) -> list[Record] | None:
        """See `MadeRecords.turned`."""
        from kinesis_cli.testing.checks.turned import reversed_members

        datas = [data_of(record) for record in records]
        turned = [reversed_members(data) for data in datas]
        if turned == datas:
            return None
        pairs = zip(records, turned, strict=True)
        return [with_payload(_decode(one.raw), one.partition_key, data) for one, data in pairs]


class ChangeRecords(MadeRecords):
    """Changes of a table's items: `Item.data` has eventName, Keys and the images."""

    sample_arn = TABLE_STREAM_ARN
    are_payloads = False

    def numbers(self, first: int, at: float) -> Iterator[str]:
        """See `MadeRecords.numbers`."""
        number = first
        while True:
            yield f"{number * 100}{int(at):019d}"
            number += 1

    def record(self, item: Item, number: str, at: float, arn: str) -> Record:
        """See `MadeRecords.record`."""
        change: dict[str, Any] = json.loads(item.data)
        images = {name: change[name] for name in ("NewImage", "OldImage") if name in change}
        keys = change.get("Keys", {})
        identity = change.get("userIdentity")
        return change_record(
            {
                "eventID": f"{int(number) % 16**32:032x}",
                "eventName": change.get("eventName", "INSERT"),
                "eventVersion": "1.1",
                "eventSource": DYNAMODB.event_source,
                "awsRegion": region_of(arn),
                **({"userIdentity": identity} if identity else {}),
                "dynamodb": {
                    "ApproximateCreationDateTime": float(int(at)),
                    "Keys": keys,
                    **images,
                    "SequenceNumber": number,
                    "SizeBytes": size_bytes(keys, *images.values()),
                    "StreamViewType": change.get("StreamViewType", "NEW_AND_OLD_IMAGES"),
                },
                "eventSourceARN": arn,
            }
        )

    def carried(self, record: Record) -> bytes:
        """See `MadeRecords.carried`."""
        outer: Mapping[str, Any] = json.loads(record.raw)
        change = outer["dynamodb"]
        found = {name: outer[name] for name in ("eventName", "userIdentity") if outer.get(name)}
        names = ("Keys", "NewImage", "OldImage", "StreamViewType")
        return json.dumps(found | {name: change[name] for name in names if name in change}).encode()

    def refuse_unusable(self, value: Mapping[str, Any], place: str) -> None:
        """See `MadeRecords.refuse_unusable`."""
        for image in ("Keys", "NewImage", "OldImage"):
            for name, each in (value["dynamodb"].get(image) or {}).items():
                typed_value(each, f"{place}, dynamodb.{image}.{name}")

    def variants(self, data: bytes, words: Sequence[object]) -> Iterator[Variant]:
        """See `MadeRecords.variants`."""
        return change_variants(data, words)

    def broken(self, data: bytes) -> list[bytes]:
        """See `MadeRecords.broken`."""
        return [variant.data for variant in change_variants(data) if len(variant.data) < 10_000]

    def turned(self, records: Sequence[Record]) -> list[Record] | None:
        """See `MadeRecords.turned`."""
        datas = [self.carried(record) for record in records]
        turned = [reversed_change(data) for data in datas]
        if turned == datas:
            return None
        return [
            self.record(Item(data), one.sequence_number, one.arrival, arn_of(one))
            for one, data in zip(records, turned, strict=True)
        ]


class OfTopic(KinesisRecords):
    """Payloads of any kind on a topic of Kafka.

    Args:
        kind: of MSK, or of a cluster of one's own.
    """

    def __init__(self, kind: SourceKind) -> None:
        self._kind, self.sample_arn = kind, kind.sample_arn if kind.service else ""

    def numbers(self, first: int, at: float) -> Iterator[str]:
        """See `MadeRecords.numbers`."""
        del at
        return map(str, count(_FIRST_OFFSET + first))

    def record(self, item: Item, number: str, at: float, arn: str) -> Record:
        """See `MadeRecords.record`."""
        return topic_record(
            self._kind,
            topic="kcli",
            partition=0,
            offset=int(number),
            at=at,
            key=item.partition_key.encode(errors="surrogatepass"),
            value=item.data,
            cluster_arn=arn,
        )

    def turned(self, records: Sequence[Record]) -> list[Record] | None:
        """See `MadeRecords.turned`."""
        from kinesis_cli.testing.checks.turned import reversed_members

        datas = [data_of(record) for record in records]
        turned = [reversed_members(data) for data in datas]
        if turned == datas:
            return None
        return [
            self.record(
                Item(data, one.partition_key), one.sequence_number, one.arrival, one.source_arn
            )
            for one, data in zip(records, turned, strict=True)
        ]


# Of a check's records: so long that no other number of a record has its digits in it.
_FIRST_OFFSET = 7_000_000_000_000_000

_MADE: Mapping[SourceKind, MadeRecords] = {
    KINESIS: KinesisRecords(),
    DYNAMODB: ChangeRecords(),
    KAFKA: OfTopic(KAFKA),
    SELF_MANAGED_KAFKA: OfTopic(SELF_MANAGED_KAFKA),
}


def made_records(kind: SourceKind) -> MadeRecords:
    """How records of this kind are made.

    Raises:
        InputError: nobody knows.
    """
    made = _MADE.get(kind)
    if made is None:
        raise InputError(
            f"a check has no broken records of {kind.title}",
            advice="`kcli simulate` and `kcli invoke` take them.",
        )
    return made


def item_of(record: Record) -> Item:
    """What a record carries."""
    kind = kind_of(record)
    return Item(made_records(kind).carried(record), record.partition_key, kind)


def variants_of(item: Item, words: Sequence[object] = ()) -> Iterator[Variant]:
    """What an item may become, the simplest first."""
    return made_records(item.kind).variants(item.data, words)


def arn_of(record: Record) -> str:
    """The ARN that a record names; "": none."""
    return record.source_arn
