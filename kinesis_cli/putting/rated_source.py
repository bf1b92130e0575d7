"""Where a put takes its records from, and how fast."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, starmap
from typing import Protocol

from kinesis_cli.errors import InputError, KcliError
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.plan import CALL_RECORDS
from kinesis_cli.putting.slice import Slice
from kinesis_cli.stream.payload import Payload

CATCHES_UP = 1.0  # seconds of what could not be sent at its time; what is more is later
WAIT = 0.02  # seconds that what came waits for more, if it does not fill a call
TICK = 0.01  # seconds between two calls at least, where the rate would allow single records

_PER = {"": 1.0, "/s": 1.0, "/m": 60.0}


class Source(Protocol):
    """Records in their order, each when its time has come; times as `PutPlan` has them."""

    taken: int  # records so far

    def take(self, now: float) -> list[Entry]:
        """The records that are due, at most one call's worth."""
        ...

    def next_moment(self, now: float) -> float | None:
        """When a record is due, now or later; None: there are no more."""
        ...


class Arriving(Protocol):
    """Records that arrive over time: an iterator that may go on after its end."""

    @property
    def is_over(self) -> bool:
        """Whether no more will come."""
        ...

    def __iter__(self) -> Iterator[Entry]:
        """Those that are there now."""
        ...

    def __len__(self) -> int:
        """How many are there now."""
        ...


class RatedSource:
    """Records at a steady rate.

    Args:
        records: data and keys of each.
        rate: records a second; None: as fast as they are taken.
        part: the part of them to take; the others are passed over.
        by_key: whether all records of a partition key are in the same part.
        change: gives the new payload, or None to leave the record out.
        arriving: where a record may take any time to come: tells those that are there. They are
            taken as a whole call, or after a moment.
    """

    def __init__(
        self,
        records: Iterable[Payload],
        *,
        rate: float | None = None,
        part: Slice | None = None,
        by_key: bool = False,
        change: Callable[[bytes], bytes | None] | None = None,
        arriving: Callable[[Iterator[Entry]], Arriving] | None = None,
    ) -> None:
        self._entries: Iterator[Entry] = starmap(Entry, _numbered(records))
        if part is not None:
            self._entries = _part_of(self._entries, part, by_key=by_key)
        if change is not None:
            self._entries = _changed(self._entries, change)
        self._arriving = arriving(self._entries) if arriving else None
        self._entries = self._entries if self._arriving is None else iter(self._arriving)
        self._rate = rate
        self._start: float | None = None
        self._last_take = 0.0
        self._ended = False
        self._error: KcliError | None = None
        self.taken = 0

    def take(self, now: float) -> list[Entry]:
        """The records that are due, at most one call's worth.

        Raises:
            KcliError: the input ended with it; all records before were taken.
        """
        wanted = CALL_RECORDS if self._rate is None else self._due(now, self._rate)
        self._last_take, arriving = now, self._arriving
        if self._error is not None:
            raise self._error
        entries: list[Entry] = []
        try:
            entries.extend(islice(self._entries, wanted))
            self._ended = len(entries) < wanted and (arriving is None or arriving.is_over)
        except KcliError as error:  # those before it are taken first
            self._error = error
        self.taken += len(entries)
        return entries

    def next_moment(self, now: float) -> float | None:
        """When a record is due, now or later; None: there are no more."""
        if self._ended:
            return None
        if self._rate is not None and self._start is not None:
            return max(self._start + self.taken / self._rate, self._last_take + TICK)
        if self._arriving is not None and len(self._arriving) < CALL_RECORDS:
            return max(now, self._last_take + WAIT)
        return now

    @property
    def is_live(self) -> bool:
        """Whether records arrive over time."""
        return self._arriving is not None

    def rest(self) -> Iterator[Entry]:
        """All records that are left, whatever the rate."""
        return self._entries

    def _due(self, now: float, rate: float) -> int:
        if self._start is None:
            self._start = now
        self._start = max(self._start, now - CATCHES_UP - self.taken / rate)
        return min(int((now - self._start) * rate) + 1 - self.taken, CALL_RECORDS)


def _numbered(records: Iterable[Payload]) -> Iterator[tuple[int, str, str | None, bytes]]:
    return ((index, *record) for index, record in enumerate(records))


def _part_of(entries: Iterator[Entry], part: Slice, *, by_key: bool) -> Iterator[Entry]:
    return (entry for entry in entries if part.takes(entry, by_key=by_key))


def _changed(entries: Iterator[Entry], change: Callable[[bytes], bytes | None]) -> Iterator[Entry]:
    for entry in entries:
        if (data := change(entry.data)) is not None:
            yield entry.with_data(data)


def records_per_second(text: str) -> float | None:
    """`100`, `100/s`, `6000/m` as records a second; `max` as None.

    Raises:
        InputError: it is not a rate.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(/s|/m|)", text)
    if text == "max":
        return None
    if found and float(found[1]) > 0:
        return float(found[1]) / _PER[found[2]]
    raise InputError(f"{text!r} is not a rate, such as 100/s, 30/m or max", place="--rate")
