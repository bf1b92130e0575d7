"""What a delivery needs to know of its shard."""

import math

import msgspec


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery needs to know of its shard."""

    shard_id: str
    retention_seconds: float
    # No record of the shard arrived before (epoch seconds): spares looking for old ones in vain.
    first_arrival: float = -math.inf
    hash_range: tuple[int, int] | None = None  # both inclusive; None: not known
