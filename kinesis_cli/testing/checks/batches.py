"""The batches that a function is checked with: records of one shard that have just arrived."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from kinesis_cli.event_source_mapping.gathering import PAYLOAD_LIMIT_BYTES
from kinesis_cli.stream.event import STREAM_ARN, lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id

# Just before midnight of a year's end, UTC: a minute later every part of the date is another one.
AT = 1_735_689_570.0  # 2024-12-31T23:59:30Z, epoch seconds
LATER = 61.0  # seconds

KEY = "key-1"

_FIRST = 1_000_000  # the counter of a batch's first sequence number; earlier batches are below


class Item(NamedTuple):
    """What a record carries."""

    data: bytes
    partition_key: str = KEY


def batch_of(items: Iterable[Item], *, first: int = _FIRST, arn: str = STREAM_ARN) -> list[Record]:
    """The records of a batch, in the order of the stream.

    Args:
        items: what they carry.
        first: the counter in the first sequence number.
        arn: of the stream.
    """
    numbers = SequenceNumbers(0, created=int(AT) - 86_400, counter=first)
    return [
        lambda_record(
            shard_id=shard_id(0),
            sequence_number=numbers.next(AT),
            partition_key=item.partition_key,
            arrival=AT,
            data=item.data,
            event_source_arn=arn,
        )
        for item in items
    ]


def renumbered(batch: Sequence[Record], first: int) -> list[Record]:
    """The same records as if they were others: with sequence numbers from another counter on."""
    numbers = SequenceNumbers(0, created=int(AT) - 86_400, counter=first)
    made = []
    for record in batch:
        number = numbers.next(AT)
        raw = record.raw.replace(record.sequence_number.encode(), number.encode())
        made.append(msgspec.structs.replace(record, sequence_number=number, raw=raw))
    return made


def full_batch(items: Sequence[Item], size: int, arn: str = STREAM_ARN) -> list[Record]:
    """As many records as a mapping delivers at once, the items in turn.

    Args:
        items: at least one.
        size: the mapping's BatchSize.
        arn: of the stream.
    """
    records = batch_of((items[place % len(items)] for place in range(size)), arn=arn)
    room = PAYLOAD_LIMIT_BYTES - 100  # for the object around them
    kept: list[Record] = []
    for record in records:
        room -= len(record.raw) + 1
        if room < 0 and kept:
            break
        kept.append(record)
    return kept
