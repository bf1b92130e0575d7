"""Where a driver takes records from: several shards, each in its own time."""

from array import array
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Protocol

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.record import Record

LEAST_PIECE = 8  # records; fewer are put together with those that come next
MOST_PIECE = 125  # a part of what is taken at once, so that most pieces are moved whole


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
        by_shard: dict[str, list[Record]] = {}
        arrivals = array("d")
        for record in records:
            before = by_shard.setdefault(record.shard_id, [])
            if before and int(record.sequence_number) < int(before[-1].sequence_number):
                raise InputError(
                    f"sequence number {record.sequence_number} comes after "
                    f"{before[-1].sequence_number}, which is larger, in {record.shard_id}"
                )
            before.append(record)
            arrivals.append(record.arrival)
        self.shard_ids = tuple(by_shard)
        self._first = by_shard[self.shard_ids[0]][0] if self.shard_ids else None
        self._queues = {shard_id: RecordQueue() for shard_id in by_shard}
        for shard_id, of_shard in by_shard.items():
            self._queues[shard_id].extend(of_shard)
        self.count = len(arrivals)
        self.first_arrival = min(arrivals, default=None)
        self.last_arrival = max(arrivals, default=None)

    def take(self, shard_id: str, until: float, limit: int, max_bytes: int) -> list[Record]:
        """The shard's next records; see `RecordSource.take`."""
        taking = Taking(until, limit, max_bytes)
        self._queues[shard_id].move_due(taking)
        return taking.records

    def first_record(self) -> Record | None:
        """The first of all records, whatever was taken; None where there are none."""
        return self._first

    def next_arrival(self, shard_id: str) -> float | None:
        """When the shard's next record arrives, epoch seconds; None at its end."""
        return self._queues[shard_id].next_arrival


class Taking:
    """What is taken of a shard at once.

    Args:
        until: epoch seconds. A record has arrived when it and all before it in its shard have.
        limit: most records to take.
        max_bytes: most bytes of `Record.raw` to take; a single record may exceed it.

    Attributes:
        records: that were taken so far.
        size: of these, bytes.
    """

    def __init__(self, until: float, limit: int, max_bytes: int) -> None:
        self.until, self.limit, self.max_bytes = until, limit, max_bytes
        self.records: list[Record] = []
        self.size = 0


class _Piece(msgspec.Struct, gc=False):
    """Records that follow each other; its own list, of which those that were moved are gone."""

    records: list[Record]
    latest: float  # no arrival of them is later
    size: int  # bytes


class RecordQueue:
    """Records of a shard in the pieces in which they came.

    A piece that has arrived is moved at once: looking at each record takes eight times as long.
    """

    def __init__(self) -> None:
        self._pieces: deque[_Piece] = deque()
        self._last: list[Record] = []  # the last piece, to which some may be added
        self._count = 0  # of records in the pieces before that one

    def __len__(self) -> int:
        return self._count + len(self._last)

    @property
    def next_arrival(self) -> float | None:
        """When the first one arrives, epoch seconds; None: there is none."""
        first = self._pieces[0].records if self._pieces else self._last
        return first[0].arrival if first else None

    def extend(self, records: list[Record]) -> None:
        """Put records behind those that wait."""
        if len(records) < LEAST_PIECE:
            self._last += records
        else:
            self._end_piece()
            self._add(records)

    def extend_measured(self, records: list[Record], latest: float, size: int) -> None:
        """The same where more is known of them, which need not be looked at.

        Args:
            records: some.
            latest: no arrival of them is later.
            size: bytes of all.
        """
        if LEAST_PIECE <= len(records) <= MOST_PIECE:
            self._end_piece()
            self._pieces.append(_Piece(records, latest, size))
            self._count += len(records)
        else:
            self.extend(records)

    def move_due(self, taking: Taking) -> bool:
        """Move records that have arrived. Returns whether there is room for more."""
        self._end_piece()
        pieces, taken = self._pieces, taking.records
        while pieces:
            first = pieces[0]
            if (
                first.latest <= taking.until
                and len(taken) + len(first.records) <= taking.limit
                and taking.size + first.size <= taking.max_bytes
            ):
                pieces.popleft()
                self._count -= len(first.records)
                taken += first.records
                taking.size += first.size
            elif not self._move_some(first, taking):
                return False
        return len(taken) < taking.limit

    def _move_some(self, first: _Piece, taking: Taking) -> bool:
        """Move what has arrived of a piece; whether that was all, and there is room for more."""
        taken, size, due = taking.records, taking.size, 0
        has_room = True
        for record in islice(first.records, taking.limit - len(taken)):
            with_it = size + len(record.raw)
            if record.arrival > taking.until or (with_it > taking.max_bytes and (due or taken)):
                has_room = False
                break
            size = with_it
            due += 1
        taken += first.records[:due]
        del first.records[:due]
        first.size -= size - taking.size
        self._count -= due
        taking.size = size
        if not first.records:
            self._pieces.popleft()
        return has_room and len(taken) < taking.limit

    def _end_piece(self) -> None:
        """What comes from here on is another piece."""
        if self._last:
            self._add(self._last)
            self._last = []

    def _add(self, records: list[Record]) -> None:
        if len(records) > MOST_PIECE:
            for begin in range(0, len(records), MOST_PIECE):
                self._add(records[begin : begin + MOST_PIECE])
            return
        latest = max([record.arrival for record in records])
        size = sum([len(record.raw) for record in records])
        self._pieces.append(_Piece(records, latest, size))
        self._count += len(records)
