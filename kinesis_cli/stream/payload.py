"""What a record holds, without the shard and the sequence number that it gets on a stream."""

from typing import NamedTuple


class Payload(NamedTuple):
    """Data and keys: of a record that is not written yet, or of one inside an aggregate."""

    partition_key: str
    explicit_hash_key: str | None  # decimal digits; where given it chooses the shard
    data: bytes
