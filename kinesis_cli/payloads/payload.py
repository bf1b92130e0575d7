"""What is to be put on a stream: one record before it has a shard and a sequence number."""

from typing import NamedTuple


class Payload(NamedTuple):
    """A record to be."""

    partition_key: str
    explicit_hash_key: str | None  # decimal digits; where given it chooses the shard
    data: bytes
