"""What a replay has done so far, on disk, so that it can go on after any end.

A line of JSON says what is replayed where; then come lines such as `s 0-499` and `a 0-498,501`:
these records are being sent, these are acknowledged. What was sent and not acknowledged when the
process ended may be in the stream or not.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Self

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.put_entry import Entry
from kinesis_cli.stream.put_plan import PutPlan

_SENT, _ACKNOWLEDGED = b"s", b"a"
_IN_FLIGHT, _DONE = 1, 2  # 0: not sent


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

    Raises:
        InputError: there is a file of an earlier replay, or it is of another one.
    """

    def __init__(self, path: Path, replay: Replay, offset: float, *, resume: bool) -> None:
        self.path, self.offset = path, offset
        self._states = bytearray()  # by index
        try:
            self._file = path.open("ab+")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            whole = self._whole_lines()
        except BlockingIOError as error:
            raise InputError("this replay is going on", place=str(path)) from error
        except OSError as error:
            raise self._not_written(error) from error
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
            self._write(msgspec.json.encode(_Head(replay, offset)))

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

    def uncertain(self) -> list[tuple[int, int]]:
        """Ranges of records, both ends included, that were sent and not acknowledged."""
        return list(_ranges(i for i, state in enumerate(self._states) if state == _IN_FLIGHT))

    def sending(self, entries: Iterable[Entry]) -> None:
        """Records are being sent; those that are sent again are known already."""
        self._note(_SENT, [entry.index for entry in entries if entry.attempts == 1])

    def acknowledged(self, entries: Iterable[Entry]) -> None:
        """Records are in the stream."""
        self._note(_ACKNOWLEDGED, [entry.index for entry in entries])

    def sync(self) -> None:
        """Make everything so far certain, whatever happens to the machine."""
        os.fsync(self._file.fileno())

    def delete(self) -> None:
        """The replay has come to its end."""
        self.path.unlink(missing_ok=True)

    def _note(self, kind: bytes, indices: list[int]) -> None:
        if indices:
            ranges = (b"%d-%d" % each for each in _ranges(sorted(indices)))
            self._write(kind + b" " + b",".join(ranges))

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line + b"\n")
            self._file.flush()  # the system has it; a killed process loses nothing
        except OSError as error:
            raise self._not_written(error) from error

    def _not_written(self, error: OSError) -> InputError:
        reason = (error.strerror or str(error)).lower()
        return InputError(f"cannot be written: {reason}", place=str(self.path))

    def _whole_lines(self) -> list[bytes]:
        self._file.seek(0)
        whole, newline, _ = self._file.read().rpartition(b"\n")
        self._file.truncate(len(whole) + len(newline))  # a torn last line says nothing
        return whole.split(b"\n") if newline else []

    def _read(self, lines: Sequence[bytes], replay: Replay) -> None:
        try:
            head = msgspec.json.decode(lines[0], type=_Head)
            for line in lines[1:]:
                self._apply(line)
        except (msgspec.MsgspecError, ValueError) as error:
            raise InputError(f"damaged: {error}", place=str(self.path)) from error
        if head.replay != replay:
            raise InputError(
                "it is of another replay, of other inputs or options, or to another stream",
                place=str(self.path),
                advice="Repeat the command as it was; or delete the file to begin anew.",
            )
        self.offset = head.offset

    def _apply(self, line: bytes) -> None:
        kind, _, ranges = line.partition(b" ")
        state = _DONE if kind == _ACKNOWLEDGED else _IN_FLIGHT
        for each in ranges.split(b","):
            first, last = map(int, each.split(b"-"))
            self._states.extend(bytes(max(last + 1 - len(self._states), 0)))
            self._states[first : last + 1] = bytes([state]) * (last + 1 - first)


def _ranges(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as ranges, both ends included."""
    first = last = None
    for index in indices:
        if last is not None and index == last + 1:
            last = index
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = index
    if first is not None and last is not None:
        yield first, last


class JournaledPlan(PutPlan):
    """A plan that keeps the order within each key, and writes down what is sent before it is.

    Args:
        random: decides how long to pause.
        journal: open.
        give_up_after: seconds.
    """

    def __init__(self, random: Random, journal: ReplayJournal, *, give_up_after: float) -> None:
        super().__init__(random, give_up_after=give_up_after, ordered=True)
        self._journal = journal

    def next_call(self, now: float) -> list[Entry]:
        """The records to send now; see `PutPlan`."""
        call = super().next_call(now)
        self._journal.sending(call)
        return call
