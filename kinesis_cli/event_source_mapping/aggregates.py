"""KPL aggregates under enhanced fan-out: Lambda opens them before it filters and batches.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and stackd's captures: the
records inside share the sequence number of the one around them, and a broken aggregate is
delivered as it is.
"""

from collections.abc import Sequence

import msgspec

from kinesis_cli.stream.aggregate import deaggregated, is_signed
from kinesis_cli.stream.event import KinesisEventRecord, with_payload
from kinesis_cli.stream.on_failure_document import stream_arn_of
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.shards import hash_key

# What records read at once may become, bytes. A poll brings at most 10 MiB: no producer's
# aggregates grow a hundredfold, but some that were made to do so would take all memory.
MAX_OPENED = 2**30

_BEGINNING = b'"84maw'  # the magic bytes in base64
_HASH_KEY_DIGITS = 39  # of 2**128 - 1
_decode = msgspec.json.Decoder(KinesisEventRecord).decode


def opened(
    records: Sequence[Record], hash_range: tuple[int, int] | None = None
) -> Sequence[Record]:
    """The records that a mapping delivers: those of a consumer with their aggregates opened.

    Args:
        records: of one shard and one source, as they were read.
        hash_range: the shard's, both inclusive; None: not known.
    """
    if not records or "/consumer/" not in stream_arn_of(records[0]):
        return records
    delivered: list[Record] = []
    room = MAX_OPENED
    for record in records:
        found = inside(record, hash_range) if room > 0 else [record]
        room -= sum(len(each.raw) for each in found)
        delivered += found
    return delivered


def left_whole(delivered: Sequence[Record]) -> int:
    """How many aggregates are among the records of a consumer that `opened` gave.

    They are broken, or too large to be opened.
    """
    return sum(
        _BEGINNING in record.raw and is_signed(_decode(record.raw).kinesis.data)
        for record in delivered
    )


def inside(record: Record, hash_range: tuple[int, int] | None = None) -> Sequence[Record]:
    """The user records of an aggregate that a shard takes; a plain record itself."""
    outer = _decode(record.raw)
    found = deaggregated(outer.kinesis.data)
    if found is None:
        return [record]
    return [
        with_payload(outer, one.partition_key, one.data)
        for one in found
        if hash_range is None or _is_within(one, hash_range)
    ]


def _is_within(record: Payload, hash_range: tuple[int, int]) -> bool:
    """Whether a record belongs to the shard that its aggregate was put on.

    UNSURE(foreign-inner): Lambda drops the others, as the KCL does; or does it refuse the whole
    aggregate, as stackd captured?
    """
    explicit = record.explicit_hash_key
    if explicit is None:
        position = hash_key(record.partition_key)
    elif explicit.isdecimal() and len(explicit) <= _HASH_KEY_DIGITS:
        position = int(explicit)
    else:
        return False
    return hash_range[0] <= position <= hash_range[1]
