"""What a replay has done so far, on disk, so that it can go on after any end.

A line of JSON says what is replayed where; then come lines such as `s 0-499`, `a 0-498,501` and
`n 499-499`: these records are being sent, these are acknowledged, these were surely not put;
`0-8/2` are 0, 2, 4, 6 and 8. What was sent and neither when the process ended may be in the stream
or not. The last line is `e` once the replay has come to its end: the file stays, so that no kill
can make it put all of it again.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Self

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.plan import THROTTLED, PutPlan
from kinesis_cli.recordings.files import not_written, open_alone

_NOT_PUT, _IN_FLIGHT, _DONE, _UNCERTAIN = range(4)  # uncertain: its answer will never come
_KINDS = {_NOT_PUT: b"n", _IN_FLIGHT: b"s", _DONE: b"a"}
_STATES = {kind: state for state, kind in _KINDS.items()}
_END = b"e"
GOES_ON = "this replay is going on"
MAX_RECORDS = 250_000_000  # of one replay; each is a byte
_ENDED = bytes([_NOT_PUT, _UNCERTAIN, _DONE, _UNCERTAIN]) + bytes(range(4, 256))  # for `translate`


class Replay(msgspec.Struct, rename="camel", frozen=True):
    """What is replayed where; it must be the same when it goes on."""

    inputs: list[str]
    records: int | None  # None: not known before the end
    target: str
    selection: list[str]  # the options that decide which record has which index
    version: int = 1


class _Head(msgspec.Struct, rename="camel"):
    replay: Replay
    offset: float  # seconds; how far timestamps are shifted


class ReplayJournal:
    """Use it as a context manager: it holds a locked file.

    Args:
        path: of the file.
        replay: what is done.
        offset: for `shifted`; of a replay that goes on, its own counts.
        resume: go on; begin where there is nothing to go on with.
        step: from one record to the next, where it is of every so many-th record.

    Raises:
        InputError: there is a file of an earlier replay, or it is of another one.
    """

    def __init__(
        self, path: Path, replay: Replay, offset: float, *, resume: bool, step: int = 1
    ) -> None:
        self.path, self.replay, self.offset = path, replay, offset
        self._step = step
        self._states = bytearray()  # by index
        self.had_ended = False  # an earlier one had come to its end
        self._file = open_alone(path, "ab+", taken=GOES_ON)
        try:
            whole = self._whole_lines()
        except OSError as error:
            raise not_written(path, error) from error
        if whole and whole[-1] == _END:
            self.had_ended = True
            if not resume:
                self._file.truncate(0)
                whole = []
        if whole and not resume:
            self._file.close()
            raise InputError(
                "an earlier replay did not come to its end",
                place=str(path),
                advice="--resume goes on with it; to begin anew, delete the file.",
            )
        if whole:
            self._read(whole, replay)
        else:
            self._write(self.head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def done(self) -> int:
        """How many records are acknowledged."""
        return self._states.count(_DONE)

    def is_done(self, index: int) -> bool:
        """Whether a record is acknowledged."""
        return index < len(self._states) and self._states[index] == _DONE

    @property
    def last_index(self) -> int:
        """Of the last record that was sent; -1: none was."""
        return len(self._states) - 1

    def is_unsure(self, index: int) -> bool:
        """Whether a record was sent, and nobody knows what became of it."""
        known = index < len(self._states)
        return known and self._states[index] in (_IN_FLIGHT, _UNCERTAIN)

    @property
    def is_blank(self) -> bool:
        """Whether nothing of it can be in the stream."""
        return not any(self._states)

    def uncertain(self) -> list[tuple[int, int]]:
        """Ranges of records, both ends included, that may be in the stream or not."""
        return self._in_state(_UNCERTAIN)

    def in_flight(self) -> list[tuple[int, int]]:
        """Ranges of records, both ends included, that were sent, and an answer may come yet."""
        return self._in_state(_IN_FLIGHT)

    def sending(self, entries: Iterable[Entry]) -> None:
        """Records are being sent."""
        self._note(_IN_FLIGHT, self._of(entries, _NOT_PUT))

    def acknowledged(self, entries: Iterable[Entry], told: bytes = b"") -> None:
        """Records are in the stream.

        Args:
            entries: of them.
            told: JSON that is kept in the same line, for whoever follows the file.
        """
        self._note(_DONE, [entry.index for entry in entries], told)

    def not_put(self, entries: Iterable[Entry]) -> None:
        """The service refused records: they are not in the stream by this call."""
        self._note(_NOT_PUT, self._of(entries, _IN_FLIGHT))

    def unanswered(self, entries: Iterable[Entry]) -> None:
        """Records were sent, and nobody knows what became of them."""
        for index in self._of(entries, _IN_FLIGHT):
            self._states[index] = _UNCERTAIN  # the file says that it was sent, which is the same

    @property
    def head(self) -> bytes:
        """The first line, which no other replay has."""
        return msgspec.json.encode(_Head(self.replay, self.offset))

    def as_lines(self) -> Iterator[bytes]:
        """Lines that say what this one says."""
        yield self.head
        for state, read_as in ((_DONE, _DONE), (_IN_FLIGHT, _IN_FLIGHT), (_UNCERTAIN, _IN_FLIGHT)):
            if ranges := self._in_state(state):
                yield self._line(read_as, ranges)

    def take_over(self, lines: Sequence[bytes]) -> None:
        """Add lines of another journal of the same replay, whose process has ended.

        Raises:
            InputError: they are damaged.
        """
        try:
            for line in lines:
                self._apply(line)
            self._forget_in_flight()
        except (KeyError, ValueError) as error:
            raise InputError(f"damaged: {error}", place=str(self.path)) from error
        self._write(*lines)

    def sync(self) -> None:
        """Make everything so far certain, whatever happens to the machine."""
        os.fsync(self._file.fileno())

    def end(self) -> None:
        """The replay has come to its end."""
        self._write(_END)
        self.sync()

    def delete(self) -> None:
        """Leave no trace of a replay that has put nothing."""
        self.path.unlink(missing_ok=True)

    def _of(self, entries: Iterable[Entry], state: int) -> list[int]:
        """The indices of those that are in a state."""
        known = len(self._states)
        return [
            entry.index
            for entry in entries
            if (self._states[entry.index] if entry.index < known else _NOT_PUT) == state
        ]

    def _in_state(self, state: int) -> list[tuple[int, int]]:
        """Ranges of records in a state, both ends included."""
        found = re.finditer(re.escape(bytes([state])) + b"+", self._states)
        return [(each.start(), each.end() - 1) for each in found]

    def _note(self, state: int, indices: list[int], told: bytes = b"") -> None:
        if not indices:
            return
        ranges = list(_ranges(sorted(indices), self._step))
        self._set(state, ranges, self._step)
        self._write(self._line(state, ranges, self._step) + (b" " + told if told else b""))

    def _line(self, state: int, ranges: Iterable[tuple[int, int]], step: int = 1) -> bytes:
        suffix = b"/%d" % step if step > 1 else b""
        texts = (b"%d-%d%b" % (*each, suffix) for each in ranges)
        return _KINDS[state] + b" " + b",".join(texts)

    def _set(self, state: int, ranges: Iterable[tuple[int, int]], step: int = 1) -> None:
        for first, last in ranges:
            self._states.extend(bytes(max(last + 1 - len(self._states), 0)))
            self._states[first : last + 1 : step] = bytes([state]) * ((last - first) // step + 1)

    def _write(self, *lines: bytes) -> None:
        try:
            self._file.write(b"".join(line + b"\n" for line in lines))
            self._file.flush()  # the system has it; a killed process loses nothing
        except OSError as error:
            raise not_written(self.path, error) from error

    def _whole_lines(self) -> list[bytes]:
        self._file.seek(0)
        whole, newline, _ = self._file.read().rpartition(b"\n")
        self._file.truncate(len(whole) + len(newline))  # a torn last line says nothing
        return whole.split(b"\n") if newline else []

    def _read(self, lines: Sequence[bytes], replay: Replay) -> None:
        try:
            head = msgspec.json.decode(lines[0], type=_Head)
            for line in lines[1:]:
                if line != _END:
                    self._apply(line)
        except (msgspec.MsgspecError, KeyError, ValueError, RecursionError) as error:
            raise InputError(f"damaged: {error}", place=str(self.path)) from error
        if head.replay != replay:
            raise InputError(
                "it is of another replay, of other inputs or options, or to another stream",
                place=str(self.path),
                advice="Repeat the command as it was; or delete the file to begin anew.",
            )
        self.offset = head.offset
        self._forget_in_flight()

    def _forget_in_flight(self) -> None:
        """Of what was in flight no answer will come."""
        self._states = self._states.translate(_ENDED)

    def _apply(self, line: bytes) -> None:
        kind, _, ranges = line.partition(b" ")
        for each in ranges.split(b","):
            span, _, text = each.partition(b"/")
            first, last = map(int, span.split(b"-"))
            step = int(text or 1)
            if not 0 <= first <= last < MAX_RECORDS or step < 1:
                raise ValueError(f"there is no record {last}")
            self._set(_STATES[kind], [(first, last)], step)


def _ranges(indices: Iterable[int], step: int) -> Iterator[tuple[int, int]]:
    """Ascending numbers as ranges, both ends included."""
    first = last = None
    for index in indices:
        if last is not None and index == last + step:
            last = index
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = index
    if first is not None and last is not None:
        yield first, last


class JournaledPlan(PutPlan):
    """A plan that writes down what is sent before it is.

    Args:
        random: decides how long to pause.
        journal: open.
        give_up_after, ordered, aggregate, share: see `PutPlan`.
    """

    def __init__(
        self,
        random: Random,
        journal: ReplayJournal,
        *,
        give_up_after: float,
        ordered: bool = True,
        aggregate: bool = False,
        share: float = 1.0,
    ) -> None:
        super().__init__(
            random, give_up_after=give_up_after, ordered=ordered, aggregate=aggregate, share=share
        )
        self._journal = journal

    def next_call(self, now: float) -> list[Entry]:
        """The records to send now; see `PutPlan`."""
        call = super().next_call(now)
        self._journal.sending(_records(call))
        return call

    def answered(
        self, call: Sequence[Entry], results: Sequence[Mapping[str, Any]], now: float
    ) -> list[Entry]:
        """The service's answer to a call; see `PutPlan`."""
        if len(results) == len(call):
            codes = [result.get("ErrorCode") for result in results]
            each = list(zip(call, codes, strict=True))
            self._journal.not_put(_records(entry for entry, code in each if code == THROTTLED))
            # What else can be wrong is the service's fault, and it may have kept the record.
            broken = (entry for entry, code in each if code not in (None, THROTTLED))
            self._journal.unanswered(_records(broken))
        return super().answered(call, results, now)

    def not_answered(
        self, call: Sequence[Entry], reason: str, now: float, *, throttled: bool = False
    ) -> None:
        """A call failed as a whole; see `PutPlan`."""
        (self._journal.not_put if throttled else self._journal.unanswered)(_records(call))
        super().not_answered(call, reason, now, throttled=throttled)

    def refused(self, call: Sequence[Entry], reason: str) -> None:
        """A call was refused for a reason that does not pass; see `PutPlan`."""
        self._journal.not_put(_records(call))
        super().refused(call, reason)


def _records(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The user's records."""
    return (record for entry in entries for record in entry.records)
