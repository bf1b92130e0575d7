"""One record on its way to a stream."""

from collections.abc import Sequence

from kinesis_cli.errors import InputError
from kinesis_cli.stream.shards import Shard, explicit_hash_key, hash_key, shard_of

MAX_KEY = 256  # characters
DEFAULT_MAX_RECORD = 1 << 20  # bytes of data and key; a stream may have up to 10 MiB

# Of a partition key that is no Unicode text; such a record is refused before it is sent.
_LENIENT = "surrogatepass"


class Entry:
    """A record to be put, and what became of it.

    Slots and no dataclass: one is made for each of millions of records (`benchmarks/put.py`).

    Args:
        index: its position in the input, from 0.
        partition_key: 1 to 256 characters.
        explicit_hash_key: decimal digits; where given it chooses the shard.
        data: the payload.
        parts: the records that are packed in `data`, if it is an aggregate.
    """

    __slots__ = (
        "attempts",
        "data",
        "explicit_hash_key",
        "index",
        "owns_key",
        "partition_key",
        "parts",
        "planned_shard",
        "reason",
        "sequence_number",
        "shard_id",
        "since",
        "size",
    )

    def __init__(
        self,
        index: int,
        partition_key: str,
        explicit_hash_key: str | None,
        data: bytes,
        parts: "Sequence[Entry]" = (),
    ) -> None:
        self.index, self.partition_key = index, partition_key
        self.explicit_hash_key, self.data, self.parts = explicit_hash_key, data, parts
        key = partition_key
        # As the service counts: data and the key's UTF-8 bytes.
        self.size = len(data) + len(key if key.isascii() else key.encode("utf-8", _LENIENT))
        self.attempts = 0  # calls that it was in
        self.since: float | None = None  # when it could be sent first
        self.owns_key = False  # others of its partition key wait for it
        self.planned_shard = ""  # where records are packed together
        self.shard_id = self.sequence_number = ""  # once it is acknowledged
        self.reason = ""  # why it was not, the last time

    @property
    def records(self) -> "Sequence[Entry]":
        """The user's records: those of an aggregate, else itself."""
        return self.parts or (self,)

    @property
    def hash(self) -> int:
        """Where it belongs among the shards' hash keys."""
        if self.explicit_hash_key is not None:
            return explicit_hash_key(self.explicit_hash_key)
        return hash_key(self.partition_key)

    def shard_in(self, shards: Sequence[Shard]) -> Shard:
        """The one of the open shards that takes it."""
        return shard_of(shards, self.hash)

    def problem(self, max_record: int) -> str:
        """Why no stream takes it; empty: nothing is wrong.

        Args:
            max_record: most bytes of data and key.

        Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
        """
        key = self.partition_key
        if self.size <= max_record and key.isascii() and 1 <= len(key) <= MAX_KEY:
            return self._hash_key_problem() if self.explicit_hash_key is not None else ""
        # UNSURE(key-length): we count code points; AWS may count UTF-16 units.
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
