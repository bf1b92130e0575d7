"""Shards as ranges of hash keys, and which of them takes a record.

Source: https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html
"""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

import msgspec

from kinesis_cli.errors import InputError

HASH_KEYS = 2**128  # hash keys are 0 .. HASH_KEYS - 1
# UNSURE(partition-key-length): AWS says 256 characters; we count code points, not UTF-16 units.
MAX_KEY = 256
# What a shard takes a second in provisioned mode.
# Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
RECORDS_PER_SECOND = 1_000
BYTES_PER_SECOND = 1 << 20
MAX_SHARDS = 20_000  # the largest shard quota of a region

_PREFIX = "shardId-"
_KNOWN_KEYS = 100_000  # partition keys whose shard is remembered


class Shard(msgspec.Struct, frozen=True):
    """A range of hash keys, both ends included."""

    shard_id: str  # "shardId-000000000000"
    starting_hash_key: int
    ending_hash_key: int

    def __contains__(self, hash_key: int) -> bool:
        return self.starting_hash_key <= hash_key <= self.ending_hash_key


def shard_id(index: int) -> str:
    """`shardId-000000000006` for 6."""
    return f"{_PREFIX}{index:012d}"


def shard_index(shard_id: str) -> int:
    """6 for `shardId-000000000006`.

    Raises:
        InputError: it is not the id of a shard.
    """
    digits = shard_id.removeprefix(_PREFIX)
    if digits == shard_id or not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        raise InputError(
            f"{shard_id[:140]!r} is not a shard id; one looks like {_PREFIX}000000000000"
        )
    return int(digits)


def even_shards(count: int) -> tuple[Shard, ...]:
    """The shards of a new stream: `count` ranges of the same width, in order of their hash keys.

    Raises:
        InputError: `count` is not within 1 .. 20,000.
    """
    if not 1 <= count <= MAX_SHARDS:
        raise InputError(f"{count} shards: a stream has 1 to {MAX_SHARDS:,}")
    width = HASH_KEYS // count
    ends = [width * (index + 1) - 1 for index in range(count - 1)] + [HASH_KEYS - 1]
    return tuple(Shard(shard_id(index), width * index, end) for index, end in enumerate(ends))


def hash_key(partition_key: str) -> int:
    """The MD5 of the key's UTF-8 bytes as a big-endian number.

    Raises:
        InputError: the key cannot be UTF-8 (a lone surrogate).
    """
    try:
        digest = hashlib.md5(partition_key.encode(), usedforsecurity=False).digest()
    except UnicodeEncodeError as error:
        raise InputError(f"partition key {partition_key[:60]!r} is not valid Unicode") from error
    return int.from_bytes(digest, "big")


def explicit_hash_key(text: str) -> int:
    """The number that an `ExplicitHashKey` names.

    Raises:
        InputError: it is not a decimal number within 0 .. 2^128 - 1.
    """
    digits = text.isascii() and text.isdigit() and (text[0] != "0" or text == "0")
    if not digits or len(text) > 39 or int(text) >= HASH_KEYS:
        raise InputError(f"explicit hash key {text[:60]!r} is not a number within 0 and 2^128 - 1")
    return int(text)


def shard_of(shards: Sequence[Shard], hash_key: int) -> Shard:
    """The shard that takes a hash key.

    Args:
        shards: open shards in order of their hash keys, without gaps, as `even_shards` gives them.
        hash_key: 0 .. 2^128 - 1.
    """
    return shards[bisect_right(shards, hash_key, key=attrgetter("starting_hash_key")) - 1]


class ShardMap:
    """Which of the open shards takes a record; remembers it for many partition keys.

    Args:
        shards: in order of their hash keys, without gaps, at least one.
    """

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.shards = tuple(shards)
        self._starts = [shard.starting_hash_key for shard in shards]
        self._by_key: dict[str, Shard] = {}

    def shard(self, partition_key: str, explicit: str | None) -> Shard:
        """The shard of a record.

        Args:
            partition_key: its key.
            explicit: its explicit hash key, which wins; None: it has none.

        Raises:
            InputError: one of them is none.
        """
        if explicit is not None:
            return self._at(explicit_hash_key(explicit))
        shard = self._by_key.get(partition_key)
        if shard is None:
            shard = self._at(hash_key(partition_key))
            if len(self._by_key) < _KNOWN_KEYS:
                self._by_key[partition_key] = shard
        return shard

    def _at(self, hash_key: int) -> Shard:
        return self.shards[bisect_right(self._starts, hash_key) - 1]
