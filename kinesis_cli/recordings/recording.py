"""Recordings: the records of a stream on disk, read in the order in which they arrived.

A recording is read twice. The first time every record is checked, so that a fault in the last line
is found before the first record is used. The second time records are read as they are taken, a
block of lines at a time. What is held in memory does not grow with the recording, also when one
shard stands still while the others go on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import accumulate, groupby, repeat
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.form import Form, Reading
from kinesis_cli.recordings.indexes.beside import Kept
from kinesis_cli.recordings.indexes.form import FileEntry
from kinesis_cli.recordings.indexes.part import RecordingPart
from kinesis_cli.recordings.indexes.texts import Text
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.opening import split_lines
from kinesis_cli.recordings.several import notes_of, open_inputs
from kinesis_cli.recordings.shard_reader import ShardReader
from kinesis_cli.recordings.survey import Survey
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import Taking

if TYPE_CHECKING:
    from kinesis_cli.recordings.parsed import LinesOfShard

HELD = 48 << 20  # bytes of records read ahead, all shards together
HELD_PER_SHARD = 96 << 10  # bytes that each shard may hold however many there are: a batch or so
FIRST = 16 << 10  # bytes, in which the first line mostly ends
NEAR = 64  # blocks


class Recording:
    """Records on disk. Use it as a context manager: it holds open files.

    Attributes:
        kind: of source that the records are of.
        shard_ids: in order of first appearance.
        count: records; of a part, those of its shards.
        notes: what people should know of the files, a sentence each.
        first_arrival: the earliest arrival of all records, epoch seconds; None without records.
            Of a part too that of the whole, so that all parts begin at the same time.
        last_arrival: the latest one.
    """

    def __init__(
        self,
        survey: Survey,
        part: RecordingPart | None = None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self._survey, self._part = survey, part
        self._texts, self._blocks = survey.texts, survey.blocks
        self.kind = survey.kind
        self.shard_ids = tuple(
            shard_id for shard_id in survey.shards if part is None or shard_id in part.shards
        )
        self._held_per_shard = max(HELD_PER_SHARD, HELD // max(1, len(self.shard_ids)))
        self._was_read = bytearray(len(self._blocks) + 1)  # one more: the search ends there
        self._frontier = 0  # the first block that was not read
        self._close = close or survey.close
        self.notes = notes_of(survey.inputs, lambda each: each.notes(each.count))
        self.count = sum(self.counts().values())
        self.first_arrival = survey.first_arrival if survey.shards else None
        self.last_arrival = survey.last_arrival if survey.shards else None

    @classmethod
    def open(
        cls,
        paths: Sequence[str],
        *,
        raw: bool = False,
        reading: Reading | None = None,
        shards: int = 1,
        settled_by: float | None = None,
    ) -> Self:
        """Open recordings, Kinesis events, output of `aws kinesis get-records`, …; check them.

        Payloads without records around them get made-up keys, sequence numbers and arrivals, the
        same each time.

        Args:
            paths: files or URLs that follow each other, plain or packed with gzip or zstd; "-" is
                standard input; a folder, a prefix or a pattern stands for what is there.
            raw: each line is a payload, whatever it looks like.
            reading: how they are to be read; default: as what they are found to be.
            shards: of the stream that such payloads are in.
            settled_by: as of `Survey`.

        Raises:
            InputError: names file, line or record, and field of the first thing that is wrong.
        """
        how = reading or Reading(Form.PAYLOADS if raw else None)
        inputs = open_inputs(paths, how, Input.open_indexed)
        return cls(Survey(inputs, shards, settled_by=settled_by))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def rewound(self) -> Self:
        """The same records from the beginning; valid until this one is closed."""
        return type(self)(self._survey, self._part)

    def find(self, ending: str) -> list[Record]:
        """The records whose sequence number ends with these digits: one, or those that share it.

        Raises:
            InputError: there is none, or several numbers end so.
        """
        found: list[Record] = []
        for record in self.records():
            if record.sequence_number.endswith(ending):
                found.append(record)
                if _number_of(record) != _number_of(found[0]):
                    raise InputError(
                        f"several records have a sequence number that ends with {ending!r}",
                        advice="Give more of its last digits."
                        if record.sequence_number != found[0].sequence_number
                        else "They are in different shards: simulate one shard's file alone.",
                    )
        if not found:
            raise InputError(f"no record has a sequence number that ends with {ending!r}")
        return found

    def write_index(self, path: Path, entries: Sequence[FileEntry]) -> None:
        """Write the index of what was read: one that kept its tables.

        Args:
            path: of the index.
            entries: of the files that `texts` are of.
        """
        from kinesis_cli.recordings.making_indexes import write_index_of  # seldom asked for

        write_index_of(self._survey, path, tuple(entries))

    @property
    def texts(self) -> Sequence[Text]:
        """What the records are in, as they are counted in an index."""
        return self._texts

    @property
    def kept(self) -> Sequence[Kept] | None:
        """The indexes that tell all of it, in order; None: some of it had to be read."""
        found = [each.kept for each in self._survey.inputs if each.kept is not None]
        return found if len(found) == len(self._survey.inputs) else None

    def counts(self) -> dict[str, int]:
        """The records of each shard."""
        return {shard_id: self._survey.shards[shard_id].count for shard_id in self.shard_ids}

    @property
    def largest_payload(self) -> int:
        """Bytes of the largest payload line with its key; 0: the input is records."""
        return self._survey.largest_payload

    def close(self) -> None:
        """Close the files; no record can be taken any more."""
        self._close()

    def take(self, shard_id: str, until: float, limit: int, max_bytes: int) -> list[Record]:
        """The shard's next records, in the order of the recording.

        Args:
            shard_id: one of `shard_ids`.
            until: epoch seconds. A record has arrived when it and all before it in its shard have.
            limit: most records to take.
            max_bytes: most bytes of `Record.raw` to take; a single record may exceed it.
        """
        shard, taking = self._shards[shard_id], Taking(until, limit, max_bytes)
        while shard.queue.move_due(taking) and shard.is_due(until):
            self._read_on(shard)
        return taking.records

    def next_arrival(self, shard_id: str) -> float | None:
        """When the shard's next record arrives, epoch seconds; None at its end."""
        shard = self._shards[shard_id]
        if not shard.queue and shard.passed:
            self._read_on(shard)
        return shard.queue.next_arrival if shard.queue else shard.next_block_arrival()

    def first_record(self) -> Record | None:
        """The first of all records, whatever was taken; None where there are none."""
        if not len(self._blocks):
            return None
        file, start, length = self._blocks[0]
        for size in (min(length, FIRST), length):
            line, newline, _ = self._read(file, start, size).partition(b"\n")
            if newline or size == length:
                break
        return next(map(self.kind.record, *self._parsed(line), [line.strip()]))

    def records(self) -> Iterator[Record]:
        """All records in the order of the recording, whatever was taken."""
        self._want(range(len(self._blocks)))
        for number in range(len(self._blocks)):
            text = self._block(number)
            yield from map(self.kind.record, *self._parsed(text), split_lines(text))

    @cached_property
    def _shards(self) -> dict[str, ShardReader]:
        """How far each was read: made when a record is taken, since all blocks are looked at."""
        if self._part is None:  # else it was said before anything of the index was read
            for each in self._survey.indexed:
                each.index.want(self.shard_ids)
        found = {
            shard_id: ShardReader(shard.blocks, shard.arrivals)
            for shard_id in self.shard_ids
            for shard in [self._survey.shards[shard_id]]
        }
        wanted: Iterable[int] = range(len(self._blocks))
        if self._part is not None:
            # the blocks without a line of these shards are passed over as if they had been read
            self._was_read[:-1] = b"\x01" * len(self._blocks)
            for shard in found.values():
                for number in shard.blocks:
                    self._was_read[number] = False
            wanted = (number for number in wanted if not self._was_read[number])
        self._want(wanted)
        return found

    def _want(self, blocks: Iterable[int]) -> None:
        """Say which blocks will be read, in order."""
        for file, of_file in groupby(map(self._blocks.__getitem__, blocks), itemgetter(0)):
            self._texts[file].want((block.start, block.length) for block in of_file)

    def _read_on(self, shard: ShardReader) -> None:
        if shard.passed:
            file, start, lengths = shard.passed.next_span()
            text = self._read(file, start, lengths[-1][1])
            lines = [text[begin:end] for begin, end in lengths]
            records = map(self.kind.record, *self._parsed(b"\n".join(lines)), lines)
            shard.queue.extend(list(records))
            return
        wanted = shard.blocks[shard.next_block]
        while self._was_read[self._frontier]:
            self._frontier += 1
        # Blocks in order, so that no shard has to read one again; but a recording may be sorted by
        # shard, and then what lies between is left for the others.
        first = self._frontier if self._frontier + NEAR > wanted else wanted
        for number in range(min(first, wanted), wanted + 1):
            if not self._was_read[number] or number == wanted:
                self._read_block(number, shard)
        if shard.awaits(wanted):
            raise _changed()  # no record of the shard is there any more

    def _read_block(self, number: int, wanting: ShardReader) -> None:
        """Give each shard its records of a block; one that holds enough notes where they are."""
        block, text = self._blocks[number], self._block(number)
        self._was_read[number] = True
        kept = self._survey.lines_of(number) if self._part is None else None
        if kept is not None:
            self._share_out(number, split_lines(text), kept, wanting)
            return
        starts: Iterable[int] | None = None
        if self._part is None:
            shard_ids, parsed = self._parsed(text)
            lines = split_lines(text)
        else:
            starts, lines = self._part.lines(number, text)
            shard_ids, parsed = self._parsed(b"\n".join(lines))
        if len(lines) != len(parsed):
            raise _changed()
        record_of = self.kind.record
        room = self._held_per_shard * len(parsed) // block.length  # in records as large as these
        passing = {}
        taking: dict[str, list[Record]] = {}
        for shard_id in set(shard_ids):
            shard = self._shards.get(shard_id)
            if shard is None:
                raise _changed()
            if shard.awaits(number):
                shard.next_block += 1
                if shard is wanting or (len(shard.queue) < room and not shard.passed):
                    taking[shard_id] = []
                else:
                    passing[shard_id] = shard.passed.append
        append_to = {shard_id: records.append for shard_id, records in taking.items()}
        for shard_id, record, line in zip(shard_ids, parsed, lines, strict=True):
            if append := append_to.get(shard_id):
                append(record_of(shard_id, record, line))
        for shard_id, records in taking.items():
            self._shards[shard_id].queue.extend(records)
        if passing:
            if starts is None:
                starts = accumulate((len(line) + 1 for line in lines), initial=0)
            for shard_id, line, start in zip(shard_ids, lines, starts, strict=False):
                if note := passing.get(shard_id):
                    note(block.file, block.start + start, len(line))

    def _share_out(
        self,
        number: int,
        lines: Sequence[bytes],
        kept: "Iterable[LinesOfShard]",
        wanting: ShardReader,
    ) -> None:
        """Do what `_read_block` does with a block of which the first reading kept what it saw."""
        block = self._blocks[number]
        room = self._held_per_shard * len(lines) // block.length
        starts: list[int] = []
        for shard_number, places, numbers, keys, arrivals in kept:
            shard_id = self.shard_ids[shard_number]
            shard = self._shards[shard_id]
            if not shard.awaits(number):
                continue
            shard.next_block += 1
            if shard is wanting or (len(shard.queue) < room and not shard.passed):
                own = [lines[place] for place in places]
                records = map(Record, repeat(shard_id), numbers, keys, arrivals, own)
                shard.queue.extend_measured(list(records), max(arrivals), sum(map(len, own)))
            else:
                starts = starts or list(accumulate((len(line) + 1 for line in lines), initial=0))
                for place in places:
                    shard.passed.append(block.file, block.start + starts[place], len(lines[place]))

    def _parsed(self, text: bytes) -> tuple[list[str], list[Any]]:
        """Each line's shard id, and the line decoded."""
        try:
            return self.kind.placed(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, InputError) as error:
            raise _changed() from error

    def _block(self, number: int) -> bytes:
        text = self._read(*self._blocks[number])
        if not self._survey.is_as_indexed(number, text):
            raise _changed()
        return text

    def _read(self, file: int, start: int, length: int) -> bytes:
        text = self._texts[file].read(start, length)
        if len(text) != length:
            raise _changed()
        return text


class OpenedInputs:
    """Inputs of one recording that were looked at, but not read."""

    def __init__(self, inputs: Sequence[Input]) -> None:
        self._inputs = inputs
        self._recording: Recording | None = None
        self.kind = next((kind for each in inputs if (kind := each.kind)), KINESIS)

    def recording(
        self,
        stream_arns: Sequence[str | None] = (),
        *,
        shards: int = 1,
        keeps_tables: bool = False,
        settled_by: float | None = None,
    ) -> Recording:
        """Check all records. What is made is closed with the inputs.

        Args:
            stream_arns: of streams that records may be of that do not tell theirs.
            shards: of the stream that payloads without records around them are in.
            keeps_tables: whether its index will be written, if it has none.
            settled_by: as of `Survey`.

        Raises:
            InputError: a record is not usable.
        """
        for each in self._inputs:
            each.name_streams(stream_arns)
        has_index = all(each.kept is not None for each in self._inputs)
        survey = Survey(
            self._inputs,
            shards,
            keeps_tables=keeps_tables and not has_index,
            settled_by=settled_by,
        )
        self._recording = Recording(survey)
        return self._recording

    def close(self) -> None:
        """Close the files; no record can be taken any more."""
        if self._recording is not None:
            self._recording.close()


@contextmanager
def opened_inputs(
    paths: Sequence[str], reading: Reading, *, is_fetched: bool = False
) -> Iterator[OpenedInputs]:
    """Open files of one recording, to see what they are before they are read.

    Args:
        paths: as of `Recording.open`.
        reading: how they are to be read.
        is_fetched: whether to need no connection later, not even for those at URLs with an index.

    Raises:
        InputError: one cannot be opened, or nobody can tell what it is.
    """
    with ExitStack() as stack:
        opened = open_inputs(
            paths, reading, Input.open_fetched if is_fetched else Input.open_indexed
        )
        inputs = [stack.enter_context(each) for each in opened]
        found = OpenedInputs(inputs)
        stack.callback(found.close)
        yield found


def _number_of(record: Record) -> tuple[str, str]:
    return record.shard_id, record.sequence_number


def _changed() -> InputError:
    return InputError("a recording changed while it was read")
