"""What is to be put on a stream: one record before it has a shard and a sequence number."""

from typing import NamedTuple


class Payload(NamedTuple):
    """Data and keys of a record that is not written yet."""

    partition_key: str
    explicit_hash_key: str | None  # decimal digits; where given it chooses the shard
    data: bytes
