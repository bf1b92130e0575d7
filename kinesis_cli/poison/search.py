"""Which record of a batch a function fails on: halves, then each suspect alone and the rest. Pure.

A function may fail on one record, on whatever it is given, on records only together, or another
time than before: the four are told apart, since each needs another remedy.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from kinesis_cli.stream.record import Record

MAX_NAMED = 10  # records of a batch that are named; whoever has more has another problem
COMPARED = 5  # records that are called alone, to see whether the function fails on each
MAX_SHRINKING = 100  # calls to find fewer records that fail only together


class Verdict(StrEnum):
    """What a search came to."""

    RECORD = "record"  # some records fail, alone too, and the others do not
    EVERY = "every"  # each record fails: the code or what is around it is broken here
    TOGETHER = "together"  # records fail in one call, and none of them alone
    UNSTEADY = "unsteady"  # the same records failed once, and another time not
    NONE = "none"  # nothing fails here


class Outcome(msgspec.Struct, frozen=True):
    """What a call came to."""

    failed: bool
    why: str = ""  # "ValueError: text", or why the answer counts as a failure
    timed_out: bool = False
    reported: tuple[str, ...] = ()  # sequence numbers that the function named
    whys: dict[str, str] = {}  # of these → the line of its log that says why; "": none does


class Call(Protocol):
    """Calls the function with records, as the mapping would."""

    def __call__(self, records: Sequence[Record], *, fresh: bool = False) -> Outcome:
        """Call it.

        Args:
            records: of one call.
            fresh: in an environment that no other call was made in.
        """
        ...


class Suspect(msgspec.Struct, frozen=True):
    """A record that fails, and why."""

    record: Record
    why: str


class Found(msgspec.Struct, frozen=True):
    """What a search came to."""

    verdict: Verdict
    suspects: tuple[Suspect, ...] = ()  # in stream order; of TOGETHER all of them
    why: str = ""  # of the batch's first call
    compared: int = 0  # other records that did not fail
    timed_out: bool = False  # the batch's first call did


NOTHING = Found(Verdict.NONE)


def search(batch: Sequence[Record], others: Sequence[Record], call: Call) -> Found:
    """Find what makes a batch fail.

    Args:
        batch: as it is delivered.
        others: records of the same shard that are not in it, to compare with.
        call: the function.
    """
    first = call(batch)
    if not first.failed:
        return NOTHING
    # What a call leaves in a module may make the next one fail: then each has its own.
    for fresh in (False, True):
        found = _Search(call, first, fresh=fresh).find(list(batch), others)
        if found is not None:
            return found
    return Found(Verdict.UNSTEADY, why=first.why, timed_out=first.timed_out)


class _Search:
    def __init__(self, call: Call, first: Outcome, *, fresh: bool) -> None:
        self._call_it, self._first, self._fresh = call, first, fresh
        self._left_to_shrink = MAX_SHRINKING

    def find(self, rest: list[Record], others: Sequence[Record]) -> Found | None:
        """None: calls contradict each other."""
        outcome = self._call(rest) if self._fresh else self._first
        suspects: list[Suspect] = []
        while outcome.failed:
            narrowed = self._narrowed(rest, outcome)
            if len(narrowed) > 1:
                if not suspects:
                    return self._together(narrowed)
                break  # what is left fails only together: a matter of its own, once these are gone
            [record] = narrowed
            alone = self._call_it([record], fresh=True)
            if not alone.failed:
                return None
            suspects.append(Suspect(record, alone.whys.get(record.sequence_number) or alone.why))
            rest = [each for each in rest if each is not record]
            if len(suspects) == 1 and self._fails_on_each([*rest, *others]):
                return self._found(Verdict.EVERY, suspects, 0)
            if not rest or len(suspects) == MAX_NAMED:
                break
            outcome = self._call_it(rest, fresh=True)
        if not suspects:
            return None
        suspects.sort(key=lambda each: int(each.record.sequence_number))
        passed = 0 if outcome.failed else len(rest)
        if not passed and others:
            passed = sum(not self._call([each]).failed for each in _spread(others))
        return self._found(Verdict.RECORD, suspects, passed)

    def _found(self, verdict: Verdict, suspects: Iterable[Suspect], compared: int) -> Found:
        first = self._first
        return Found(verdict, tuple(suspects), first.why, compared, first.timed_out)

    def _call(self, records: Sequence[Record]) -> Outcome:
        return self._call_it(records, fresh=self._fresh)

    def _fails_on_each(self, records: Sequence[Record]) -> bool:
        """Whether each of some records fails alone; false where there is none."""
        chosen = _spread(records)
        return bool(chosen) and all(self._call_it([each], fresh=True).failed for each in chosen)

    def _narrowed(self, records: list[Record], outcome: Outcome) -> list[Record]:
        """One record that fails; or the fewest found that do together."""
        if outcome.reported:
            lowest = min(outcome.reported, key=int)
            named = [each for each in records if each.sequence_number == lowest]
            if len(named) < len(records) and self._call(named).failed:
                records = named  # several where they share a number
        while len(records) > 1:
            middle = len(records) // 2
            for half in (records[:middle], records[middle:]):
                if self._call(half).failed:
                    records = half
                    break
            else:
                return records
        return records

    def _together(self, records: list[Record]) -> Found | None:
        """Records that fail together, as few as the calls reach; None: they do not once more."""
        if not self._first.timed_out:
            records = self._shrunk(records)
        outcome = self._call_it(records, fresh=True)
        if not outcome.failed:
            return None
        why = outcome.why or self._first.why
        suspects = [
            Suspect(each, outcome.whys.get(each.sequence_number) or why) for each in records
        ]
        return self._found(Verdict.TOGETHER, suspects, 0)

    def _shrunk(self, records: list[Record]) -> list[Record]:
        """Leave out what is not needed to fail: ever smaller parts (delta debugging)."""
        size = max(1, len(records) // 4)
        while True:
            place = 0
            while place < len(records) and len(records) > 1:
                kept = records[:place] + records[place + size :]
                if self._left_to_shrink == 0:
                    return records
                self._left_to_shrink -= 1
                if kept and self._call(kept).failed:
                    records = kept
                else:
                    place += size
            if size == 1:
                return records
            size = max(1, size // 2)


def _spread(records: Sequence[Record]) -> list[Record]:
    """A few of some records, from their first to their last."""
    if len(records) <= COMPARED:
        return list(records)
    return [records[place * (len(records) - 1) // (COMPARED - 1)] for place in range(COMPARED)]
