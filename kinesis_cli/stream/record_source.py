"""Where a driver takes records from: several shards, each in its own time."""

from array import array
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Protocol

from kinesis_cli.errors import InputError
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.record import Record


class RecordSource(Protocol):
    """Records of several shards, each taken in its own time."""

    kind: SourceKind  # of all its records
    shard_ids: tuple[str, ...]
    count: int
    first_arrival: float | None
    last_arrival: float | None

    def take(self, shard_id: str, until: float, limit: int, max_bytes: int) -> list[Record]:
        """The shard's next records, in their order.

        Args:
            shard_id: one of `shard_ids`.
            until: epoch seconds. A record has arrived when it and all before it in its shard have.
            limit: most records to take.
            max_bytes: most bytes of `Record.raw` to take; a single record may exceed it.
        """
        ...

    def next_arrival(self, shard_id: str) -> float | None:
        """When the shard's next record arrives."""
        ...

    def first_record(self) -> Record | None:
        """The first of all records, whatever was taken; None where there are none."""
        ...


class RecordList:
    """Records in memory.

    Args:
        records: in any order of shards; those of one shard in order of their sequence numbers,
            which the user records of one aggregate share.
        kind: of source, where there may be no record that tells it; default: Kinesis.

    Raises:
        InputError: a sequence number is smaller than the one before it in its shard, or they are
            of several kinds of source.
    """

    def __init__(self, records: Iterable[Record], kind: SourceKind | None = None) -> None:
        records = tuple(records)
        self.kind = kind if kind is not None and not records else kind_of_records(records)
        self._queues: dict[str, deque[Record]] = {}
        arrivals = array("d")
        for record in records:
            queue = self._queues.setdefault(record.shard_id, deque())
            if queue and int(record.sequence_number) < int(queue[-1].sequence_number):
                raise InputError(
                    f"sequence number {record.sequence_number} comes after "
                    f"{queue[-1].sequence_number}, which is larger, in {record.shard_id}"
                )
            queue.append(record)
            arrivals.append(record.arrival)
        self.shard_ids = tuple(self._queues)
        self._first = self._queues[self.shard_ids[0]][0] if self.shard_ids else None
        self.count = len(arrivals)
        self.first_arrival = min(arrivals, default=None)
        self.last_arrival = max(arrivals, default=None)

    def take(self, shard_id: str, until: float, limit: int, max_bytes: int) -> list[Record]:
        """The shard's next records; see `RecordSource.take`."""
        taken: list[Record] = []
        move_due(self._queues[shard_id], taken, until, limit, max_bytes)
        return taken

    def first_record(self) -> Record | None:
        """The first of all records, whatever was taken; None where there are none."""
        return self._first

    def next_arrival(self, shard_id: str) -> float | None:
        """When the shard's next record arrives, epoch seconds; None at its end."""
        queue = self._queues[shard_id]
        return queue[0].arrival if queue else None


def move_due(
    queue: deque[Record], taken: list[Record], until: float, limit: int, max_bytes: int
) -> bool:
    """Move records that have arrived from `queue` to `taken`; whether there is room for more."""
    size = sum([len(record.raw) for record in taken])
    due = 0
    # Looked at first and moved then, all at once: in two thirds of the time.
    for record in islice(queue, limit - len(taken)):
        size += len(record.raw)
        if record.arrival > until or (size > max_bytes and (due or taken)):
            has_room = False
            break
        due += 1
    else:
        has_room = len(taken) + due < limit
    popleft = queue.popleft
    taken += [popleft() for _ in range(due)]
    return has_room
