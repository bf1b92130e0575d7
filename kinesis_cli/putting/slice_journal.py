"""The journal of one slice of a put or a replay, which others follow while it goes on.

It begins with what the journal of the whole says, up to a line `c`. Besides the lines of that it
has `b {…}` where a process begins, and `p {…}` for how far it has come; an `a` line goes on with
what is told of the records. Only the slice's process writes it, and nobody needs what it says of
the others' records: the lines after `c` of all slices, one file after the other, are what has
become of the whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from shutil import rmtree

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.replay_journal import GOES_ON, Replay, ReplayJournal
from kinesis_cli.recordings.files import open_alone

_COPIED = b"c"
_FORGETTABLE = (b"b", b"p")  # lines that say nothing of records


class Acknowledged(msgspec.Struct, omit_defaults=True, tag="a", gc=False):
    """Records are in the stream."""

    by_shard: Mapping[str, int]
    records: list[tuple[int, str, str, str, int]] = []  # index, key, shard, number, attempts

    def shown(self) -> list[Entry]:
        """Those that are named, without their data."""
        return [
            Entry(index, key, None, b"", shard_id=shard, sequence_number=number, attempts=attempts)
            for index, key, shard, number, attempts in self.records
        ]


class Begun(msgspec.Struct, tag="b"):
    """A process has begun."""

    in_flight: list[tuple[int, int]]  # when an earlier one ended: ranges, both ends included


class Progress(msgspec.Struct, tag="p"):
    """How far the process has come."""

    retried: int
    throttled: int
    behind: float  # seconds


Told = Acknowledged | Begun | Progress
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Told).decode


class SliceJournal(ReplayJournal):
    """The process's side: it goes on where an earlier one of the slice ended.

    Args:
        path: of a file that `begin_slice` made.
        replay: what is done.
        step: see `ReplayJournal`.

    Raises:
        TakenError: an earlier process of the slice still has it.
        InputError: it is not here.
    """

    def __init__(self, path: Path, replay: Replay, *, step: int) -> None:
        if not path.is_file():
            raise InputError(
                "there is no such journal of a slice",
                place=str(path),
                advice="Start kcli in a folder that all workers share, under the same path.",
            )
        self._before: list[tuple[int, int]] = []
        super().__init__(path, replay, 0.0, resume=True, step=step)
        self._write(b"b " + _encode(Begun(self._before)))

    def tell(self, progress: Progress) -> None:
        """Write down how far it has come."""
        self._write(b"p " + _encode(progress))

    def _apply(self, line: bytes) -> None:
        kind = line[:1]
        if kind == _COPIED:
            super()._forget_in_flight()
        elif kind not in _FORGETTABLE:
            super()._apply(_plain(line))

    def _forget_in_flight(self) -> None:
        self._before = self.in_flight()
        super()._forget_in_flight()


def slices_of(journal: Path) -> Path:
    """The folder of the slices of a replay, beside its journal."""
    return Path(f"{journal}.slices")


def begin_slice(path: Path, whole: ReplayJournal) -> int:
    """Make the journal of a slice; its size, behind which all that is new is written."""
    content = b"".join(line + b"\n" for line in (*whole.as_lines(), _COPIED))
    path.write_bytes(content)
    return len(content)


def end_slices(folder: Path, whole: ReplayJournal) -> None:
    """Take what the slices' journals say into that of the whole, and remove the folder.

    Twice is as good as once: a process that is killed meanwhile loses nothing. What is of another
    replay, whose own journal somebody has deleted, is deleted too.

    Raises:
        TakenError: a slice goes on.
        InputError: it cannot be written.
    """
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.replay")):
        with open_alone(path, "rb+", taken=GOES_ON) as file:
            lines = file.read().split(b"\n")[:-1]  # a torn last line says nothing
        if lines and lines[0] == whole.head and _COPIED in lines:
            new = lines[lines.index(_COPIED) + 1 :]
            whole.take_over([_plain(line) for line in new if line[:1] not in _FORGETTABLE])
    whole.sync()
    rmtree(folder)


class SliceLines:
    """What a slice's journal tells, for whoever follows it.

    Args:
        path: of the journal.
        after: its size before the slice began.
    """

    def __init__(self, path: Path, after: int) -> None:
        self._path, self._offset = path, after

    def new(self) -> Iterator[Told]:
        """What was written since the last time."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return  # its end is not written yet, or never will be
                self._offset += len(line)
                told = line.rstrip(b"\n").split(b" ", 1 if line[:1] in _FORGETTABLE else 2)
                if line[:1] in (b"a", *_FORGETTABLE):
                    yield _decode(told[-1])


def _plain(line: bytes) -> bytes:
    """A line without what it tells besides."""
    return b" ".join(line.split(b" ", 2)[:2])


def acknowledged(shown: Iterable[Entry], by_shard: Mapping[str, int]) -> bytes:
    """What is told of acknowledged records.

    Args:
        shown: those that are named.
        by_shard: how many there are.
    """
    records = [
        (each.index, each.partition_key, each.shard_id, each.sequence_number, each.attempts)
        for each in shown
    ]
    return _encode(Acknowledged(by_shard, records))
