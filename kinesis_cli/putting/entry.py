"""One record on its way to a stream."""

from collections.abc import Sequence

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.shards import MAX_KEY, Shard, ShardMap, explicit_hash_key

DEFAULT_MAX_RECORD = 1 << 20  # bytes of data and key; a stream may have up to 10 MiB

# Of a partition key that is no Unicode text; such a record is refused before it is sent.
_LENIENT = "surrogatepass"


class Entry(msgspec.Struct, gc=False, eq=False):
    """A record to be put, and what became of it.

    A msgspec struct, not a dataclass: one is made for each of millions of records, in a quarter of
    the time, and the garbage collector need not look at it (`benchmarks/put.py`).
    """

    index: int  # its position in the input, from 0
    partition_key: str  # 1 to 256 characters
    explicit_hash_key: str | None  # decimal digits; where given it chooses the shard
    data: bytes
    parts: "Sequence[Entry]" = ()  # the records that are packed in `data`, if it is an aggregate
    size: int = 0  # as the service counts: bytes of data and of the key in UTF-8
    attempts: int = 0  # calls that it was in
    since: float | None = None  # when it could be sent first
    owns_key: bool = False  # others of its partition key wait for it
    planned_shard: str = ""  # where records are packed together
    shard_id: str = ""  # once it is acknowledged
    sequence_number: str = ""
    reason: str = ""  # why it was not, the last time

    def __post_init__(self) -> None:
        key = self.partition_key
        length = len(key) if key.isascii() else len(key.encode("utf-8", _LENIENT))
        self.size = len(self.data) + length

    def with_data(self, data: bytes) -> "Entry":
        """The same record with other data; nothing has become of it yet."""
        return Entry(self.index, self.partition_key, self.explicit_hash_key, data)

    @property
    def records(self) -> "Sequence[Entry]":
        """The user's records: those of an aggregate, else itself."""
        return self.parts or (self,)

    def shard_in(self, shards: ShardMap) -> Shard:
        """The one of the open shards that takes it."""
        return shards.shard(self.partition_key, self.explicit_hash_key)

    def problem(self, max_record: int) -> str:
        """Why no stream takes it; empty: nothing is wrong.

        Args:
            max_record: most bytes of data and key.

        Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
        """
        key = self.partition_key
        if self.size <= max_record and key.isascii() and 1 <= len(key) <= MAX_KEY:
            return self._hash_key_problem() if self.explicit_hash_key is not None else ""
        if not 1 <= len(key) <= MAX_KEY:
            return f"its partition key has {len(key)} characters, and 1 to {MAX_KEY} are possible"
        if self.size > max_record:
            return f"its {self.size:,} bytes are more than the stream's {max_record:,}"
        try:
            key.encode()
        except UnicodeEncodeError:
            return "its partition key is not valid Unicode"
        return self._hash_key_problem()

    def _hash_key_problem(self) -> str:
        try:
            if self.explicit_hash_key is not None:
                explicit_hash_key(self.explicit_hash_key)
        except InputError as error:
            return error.problem
        return ""
