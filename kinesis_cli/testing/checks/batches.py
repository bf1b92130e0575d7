"""The batches that a function is checked with: records of one shard that have just arrived."""

from collections.abc import Iterable, Iterator, Sequence

from kinesis_cli.event_source_mapping.gathering import PAYLOAD_LIMIT_BYTES
from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.made_records import Item, made_records

# Just before midnight of a year's end, UTC: a minute later every part of the date is another one.
AT = 1_735_689_570.0  # 2024-12-31T23:59:30Z, epoch seconds
LATER = 61.0  # seconds

_FIRST = 1_000_000  # the counter of a batch's first sequence number; earlier batches are below


def batch_of(items: Iterable[Item], *, first: int = _FIRST, arn: str = "") -> list[Record]:
    """The records of a batch, in the order of the stream.

    Args:
        items: what they carry; all of one kind.
        first: the counter in the first sequence number.
        arn: of the stream; "": one that is made up.
    """
    records: list[Record] = []
    numbers: Iterator[str] | None = None
    for item in items:
        made = made_records(item.kind)
        numbers = numbers or made.numbers(first, AT)
        records.append(made.record(item, next(numbers), AT, arn or made.sample_arn))
    return records


def renumbered(batch: Sequence[Record], first: int) -> list[Record]:
    """The same records as if they were others: with sequence numbers from another counter on."""
    made = made_records(kind_of_records(batch))
    numbers = made.numbers(first, AT)
    return [made.renumbered(record, number) for record, number in zip(batch, numbers, strict=False)]


def full_batch(items: Sequence[Item], size: int, arn: str = "") -> list[Record]:
    """As many records as a mapping delivers at once, the items in turn.

    Args:
        items: at least one.
        size: the mapping's BatchSize.
        arn: of the stream; "": one that is made up.
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
