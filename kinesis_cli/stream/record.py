"""One record of a stream, as Lambda hands it to a function."""

import msgspec


class Record(msgspec.Struct, frozen=True, gc=False):
    """What the delivery rules know of a record, and its bytes.

    A msgspec struct, not a dataclass: a simulation makes one for each of millions of records, and
    this takes a third of the time (`benchmarks/`).
    """

    shard_id: str  # "shardId-000000000000"
    sequence_number: str  # decimal digits; compare as int, never as text
    partition_key: str
    arrival: float  # approximateArrivalTimestamp, epoch seconds
    raw: bytes  # the record as a JSON object: one element of a KinesisEvent's `Records`
