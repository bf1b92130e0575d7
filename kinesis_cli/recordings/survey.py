"""The first reading of a recording: every record is checked, and where each shard's records lie."""

import json
import math
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from operator import itemgetter, ne
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast
from zlib import crc32

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.faults import Place, error_in, fault_error, out_of_order, unexplained
from kinesis_cli.recordings.form import Form
from kinesis_cli.recordings.indexes.blocks import Block, Blocks
from kinesis_cli.recordings.indexes.form import ShardEntry
from kinesis_cli.recordings.indexes.index import Index
from kinesis_cli.recordings.indexes.part import IndexedBlocks
from kinesis_cli.recordings.indexes.ranges import FileRanges
from kinesis_cli.recordings.indexes.shards import End, ShardSurvey
from kinesis_cli.recordings.indexes.tables import Tables
from kinesis_cli.recordings.indexes.texts import PlainText, Text
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.opening import (
    BLOCK,
    BOM,
    blocks,
    keep_freed_memory,
    split_lines,
)
from kinesis_cli.recordings.payload_lines import PayloadLines
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_in, kind_named, kind_of_line
from kinesis_cli.stream.sequence import is_sequence_number
from kinesis_cli.stream.times import LATEST_ARRIVAL

if TYPE_CHECKING:
    from kinesis_cli.recordings.parsed import LinesOfShard, ParsedLines, Watched

LEAST_RUN = 16 << 10  # bytes of one shard's lines, on average, that are a block of their own
LEAST_LINES_OF_SHARD = 8  # in a block, on average, from which on it is quicker to go by shard
_SHARD_ID = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
T = TypeVar("T")
_REFUSED = (msgspec.MsgspecError, UnicodeError, RecursionError)


class Survey:
    """All inputs of one recording, checked.

    Args:
        inputs: in order; they are opened as they are read, and closed with the survey.
        shards: of the stream that payloads without records around them are in.
        keeps_tables: whether to keep which shard each line is of, for an index.
        settled_by: keep what was made of the lines of files that were last changed before this
            moment, epoch seconds, for whoever takes all records by shard; None: of no file.

    Raises:
        InputError: a file cannot be read, or a record is not usable.
    """

    def __init__(
        self,
        inputs: Iterable[Input],
        shards: int = 1,
        *,
        keeps_tables: bool = False,
        settled_by: float | None = None,
    ) -> None:
        self.inputs: list[Input] = []
        self.texts: list[Text] = []
        self.tables = Tables() if keeps_tables else None
        self.blocks = Blocks()
        self.indexed: list[IndexedBlocks] = []
        self.shards: dict[str, ShardSurvey] = {}
        self.first_arrival, self.last_arrival = math.inf, -math.inf
        self._kind: SourceKind | None = None  # as the first record has it
        self._unsure: list[IndexedBlocks] = []  # that are held against their index
        self._last_numbers: dict[str, str] = {}
        self._first_numbers: dict[str, str] = {}
        # The file for lines that had to be rewritten, and its place in `texts`.
        self._spool: tuple[int, BinaryIO] | None = None
        self._settled_by = settled_by
        self._parsed: ParsedLines | None = None
        self._watched: dict[int, Watched] = {}  # by place in `texts`; others are our own
        self._payloads = PayloadLines(shards)
        keep_freed_memory()
        self._found_document = False
        try:
            name = ""
            for each in inputs:
                name = each.name
                self.inputs.append(each)
                before = self._count()
                self._add(each)
                each.count = self._count() - before
            if self.inputs and not self.shards and not self._found_document:
                raise InputError("no record in it", place=name)
        except BaseException:
            self.close()
            raise

    @property
    def kind(self) -> SourceKind:
        """The kind of source that all records are of; Kinesis where there is none."""
        return self._kind or KINESIS

    @property
    def largest_payload(self) -> int:
        """Bytes of the largest payload line with its key; 0: the input is records."""
        return self._payloads.largest

    def close(self) -> None:
        """Close the files."""
        for each in self.inputs:
            each.close()
        for text in self.texts:
            text.close()
        if self.tables is not None:
            self.tables.close()
        if self._parsed is not None:
            self._parsed.close()

    def lines_of(self, block: int) -> "Sequence[LinesOfShard] | None":
        """What was made of a block's lines, by shard; None: not kept, or its file has changed.

        Args:
            block: its number. Its text was read before.
        """
        if self._parsed is None or (found := self._parsed.of_block(block)) is None:
            return None
        watched = self._watched.get(self.blocks.files[block])
        return found if watched is None or watched.is_as_it_was() else None

    def _count(self) -> int:
        return sum(shard.count for shard in self.shards.values())

    def _add(self, each: Input) -> None:
        if (kept := each.kept) is not None:
            self.add_indexed(kept.index, [kept.text], each.name, is_sure=kept.is_sure)
        elif each.look.form is Form.RECORDING:
            self._watch(each.file)
            self.texts.append(PlainText(FileRanges(each.file)))
            self._add_lines(each.file, each.name)
        elif each.has_records:
            self._add_rewritten(self._checked(each), each.name, "record")
            self._found_document = True
        else:
            records = (self._payloads.record(payload).raw for payload in each.payloads())
            self._add_rewritten(enumerate(records, 1), each.name, "payload")

    def _add_lines(self, opened: BinaryIO, name: str) -> None:
        line, file = 1, len(self.texts) - 1
        for start, text in _located(opened.fileno(), name):
            lines = split_lines(text)
            place = Place(name, "line", range(line, line + len(lines)))
            line += len(lines)
            breaks = len(lines) - (not text.endswith(b"\n"))
            if all(lines) and sum(map(len, lines)) + breaks == len(text):
                self._add_block(lines, text, Block(file, start, len(text)), place)
            else:
                filled = filter(itemgetter(1), zip(place.numbers, lines, strict=True))
                self._add_rewritten(filled, name, "line")

    def _add_rewritten(self, lines: Iterable[tuple[int, bytes]], name: str, unit: str) -> None:
        """Check lines that are not in the input as they are; they are read again from the spool."""
        held: list[bytes] = []
        numbers: list[int] = []
        size = 0
        for number, line in lines:
            held.append(line)
            numbers.append(number)
            size += len(line) + 1
            if size >= BLOCK:
                self._spool_block(held, Place(name, unit, numbers))
                held, numbers, size = [], [], 0
        if held:
            self._spool_block(held, Place(name, unit, numbers))

    def _spool_block(self, lines: list[bytes], place: Place) -> None:
        if self._spool is None:
            made = cast("BinaryIO", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115
            self._spool = len(self.texts), made
            self.texts.append(PlainText(FileRanges(made)))
        number, file = self._spool
        text, start = b"\n".join(lines) + b"\n", file.tell()
        file.write(text)
        self._add_block(lines, text, Block(number, start, len(text)), place)

    def _checked(self, each: Input) -> Iterator[tuple[int, bytes]]:
        """The records of an input that is not lines, as lines."""
        for number, record in each.values():
            if self._kind is None:
                self._kind = kind_in(record)
            if fault := self.kind.fault_in(record):
                raise fault_error(fault, Place(each.name, "record", [number]).of(0, fault.field))
            yield number, compact(record)

    def _add_block(self, lines: list[bytes], text: bytes, block: Block, place: Place) -> None:
        if self._kind is None:
            self._kind = kind_of_line(lines[0])
        try:
            # One by one: two values on a line, or one on two lines, are no recording.
            shard_ids, numbers, arrivals, keys = self.kind.check(lines)
            if not text.isascii():
                text.decode()  # a decoder does not look into members that it skips
        except (*_REFUSED, InputError) as error:
            raise self._explained(lines, place) from error
        earliest, latest = min(arrivals), max(arrivals)
        if earliest < 0 or latest >= LATEST_ARRIVAL or not "".join(numbers).encode().isdigit():
            raise self._explained(lines, place)
        by_shard = _places_by_shard(shard_ids)
        if not self._are_in_order(by_shard, numbers):
            self._check_order(shard_ids, numbers, lines, place)
        self.first_arrival = min(self.first_arrival, earliest)
        self.last_arrival = max(self.last_arrival, latest)
        for begin, end in _runs(shard_ids, block.length):
            some = lines[begin:end]
            # the last line may have no line break
            is_last = end == len(lines)
            length = block.length if is_last else sum(map(len, some)) + len(some)
            part = Block(block.file, block.start, length)
            block = Block(block.file, block.start + length, block.length - length)
            own = Place(place.name, place.unit, place.numbers[begin:end])
            is_whole = len(some) == len(lines)
            own_places = by_shard if is_whole else _places_by_shard(shard_ids[begin:end])
            self._index(part, own_places, arrivals[begin:end], own)
            if self._settled_by is not None and keys is not None:
                columns = numbers[begin:end], keys[begin:end], arrivals[begin:end]
                self._keep_lines(part.file, own_places, columns)
            if self.tables is not None:
                of_lines = [self.shards[shard_id].number for shard_id in shard_ids[begin:end]]
                some_text = text if length == len(text) else text[:length]
                self.tables.add(of_lines, [len(line) + 1 for line in some], crc32(some_text))
            text = text[length:] if length < len(text) else b""

    def _are_in_order(self, by_shard: Mapping[str, Sequence[int]], numbers: Sequence[str]) -> bool:
        """Whether `_check_order` would find nothing to look at: quicker, where shards are few."""
        lasts, quick = self._last_numbers, len(numbers) // LEAST_LINES_OF_SHARD
        if len(by_shard) > quick:
            return False
        for shard_id, places in by_shard.items():
            found = [lasts.get(shard_id, ""), *_at(places, numbers)]
            # Numbers of the same length compare as text.
            if found != sorted(found) or len(set(map(len, found))) > 1:
                return False
        for shard_id, places in by_shard.items():
            lasts[shard_id] = numbers[places[-1]]
        return True

    def _check_order(
        self, shard_ids: list[str], numbers: list[str], lines: list[bytes], place: Place
    ) -> None:
        """No sequence number is smaller than the one before it in its shard.

        The user records of a KPL aggregate share one, as Lambda hands them to a consumer.
        """
        lasts = self._last_numbers
        for index, (shard_id, number) in enumerate(zip(shard_ids, numbers, strict=True)):
            last = lasts.get(shard_id, "")
            # Numbers of the same length compare as text. All others, a shard's first too, are
            # looked at closely.
            if not (number >= last and len(number) == len(last)):
                if not is_sequence_number(number):
                    raise self._explained(lines, place)
                self._check_unusual(index, shard_ids, number, place)
            lasts[shard_id] = number

    def _check_unusual(self, index: int, shard_ids: list[str], number: str, place: Place) -> None:
        shard_id = shard_ids[index]
        last = self._last_numbers.get(shard_id)
        if last is None:
            if not _SHARD_ID.fullmatch(shard_id):
                problem = f"{shard_id[:140]!r} is not a shard id"
                raise InputError(problem, place=place.of(index, self.kind.shard_member))
            self._first_numbers[shard_id] = number
        elif int(number) < int(last):
            before = [earlier for earlier in range(index) if shard_ids[earlier] == shard_id]
            where = place.of(before[-1]) if before else self.shards[shard_id].last_place
            at = place.of(index, self.kind.number_member)
            raise out_of_order(number, shard_id, at, where)

    def _index(
        self,
        block: Block,
        by_shard: Mapping[str, Sequence[int]],
        arrivals: Sequence[float],
        place: Place,
    ) -> None:
        number = len(self.blocks)
        self.blocks.append(block)
        for shard_id, places in by_shard.items():  # in order of first appearance
            first, last = places[0], places[-1]
            shard = self.shards.get(shard_id)
            if shard is None:
                end = End(arrivals[first], place.numbers[first])
                shard = self.shards[shard_id] = ShardSurvey(len(self.shards), end)
            shard.count += len(places)
            shard.blocks.append(number)
            shard.arrivals.append(arrivals[first])
            shard.last = End(arrivals[last], place.numbers[last])
            shard.last_place = place.of(last)

    def _watch(self, file: BinaryIO) -> None:
        """Notice when the next of `texts` changes."""
        if self._settled_by is not None:
            from kinesis_cli.recordings.parsed import Watched

            self._watched[len(self.texts)] = Watched(file, self._settled_by)

    def _keep_lines(
        self,
        file: int,
        by_shard: Mapping[str, list[int]],
        columns: tuple[list[str], list[str], list[float]],
    ) -> None:
        """Keep what was made of the lines of the last block; their numbers, keys and arrivals.

        Not of the first one: most inputs have no other, and start-up counts.
        """
        block, watched = len(self.blocks) - 1, self._watched.get(file)
        is_worth_it = block and len(by_shard) <= len(columns[0]) // LEAST_LINES_OF_SHARD
        if not is_worth_it or (watched is not None and not watched.is_settled):
            return
        if self._parsed is None:
            from kinesis_cli.recordings.parsed import ParsedLines

            self._parsed = ParsedLines()
        numbers, keys, arrivals = columns
        lines = []
        for shard_id, places in by_shard.items():
            number = self.shards[shard_id].number
            own = _at(places, numbers), _at(places, keys), _at(places, arrivals)
            lines.append((number, places, *own))
        self._parsed.add(block, lines)

    # --- what an index tells

    def add_indexed(
        self, index: Index, texts: Sequence[Text], name: str, *, is_sure: bool = True
    ) -> None:
        """Add what an index tells, instead of reading it again.

        Args:
            index: closed with its input.
            texts: of its files.
            name: of the input, for messages.
            is_sure: that it is of these texts; else each block that is read is held against it.

        Raises:
            InputError: it does not go on where the inputs before it ended.
        """
        head, columns = index.head, index.columns
        before, files = len(self.blocks), len(self.texts)
        self.texts.extend(texts)
        self._take_kind(kind_named(head.kind), name)
        self.blocks.extend(columns, files)
        self.indexed.append(IndexedBlocks(before, index))
        if not is_sure:
            self._unsure.append(self.indexed[-1])
        self.first_arrival = min(self.first_arrival, head.first_arrival)
        self.last_arrival = max(self.last_arrival, head.last_arrival)
        for entry in head.shards:
            self._add_entry(index, entry, before, name)
        if self.tables is not None:
            own = [self.shards[entry.shard_id].number for entry in head.shards]
            for block, text_check in enumerate(columns.text_checks):
                table = index.table(block)
                self.tables.add([own[number] for number in table.shards], table.lengths, text_check)

    def is_as_indexed(self, number: int, text: bytes) -> bool:
        """Whether a block is what its index says; true where there is none that has to be asked."""
        for each in self._unsure:
            block = number - each.first
            if 0 <= block < each.index.head.columns.count:
                return crc32(text) == each.index.columns.text_checks[block]
        return True

    def _take_kind(self, kind: SourceKind | None, name: str) -> None:
        if self._kind is None:
            self._kind = kind
        if kind is None or self._kind is not kind:
            both = f"{self.kind.title} and {kind.title if kind else 'another kind'}"
            raise InputError(f"records of {both} cannot be delivered together", place=name)

    def _add_entry(self, index: Index, entry: ShardEntry, before: int, name: str) -> None:
        """Add a shard of an index; `before`: blocks that are not of the index."""
        shard_id = entry.shard_id
        first, last = (
            Place(name, "line", [entry.first_line]),
            Place(name, "line", [entry.last_line]),
        )
        shard = self.shards.get(shard_id)
        if shard is None:
            end = End(entry.first_arrival, entry.first_line)
            shard = self.shards[shard_id] = ShardSurvey(len(self.shards), end)
            self._first_numbers[shard_id] = entry.first_number
        elif int(entry.first_number) < int(self._last_numbers[shard_id]):
            at = first.of(0, self.kind.number_member)
            raise out_of_order(entry.first_number, shard_id, at, shard.last_place)
        self._last_numbers[shard_id] = entry.last_number
        shard.count += entry.count
        shard.add(index, entry, before)
        shard.last = End(entry.last_arrival, entry.last_line)
        shard.last_place = last.of(0)

    def entries(self) -> Iterator[tuple[str, ShardSurvey, str, str]]:
        """Each shard's id, what was learnt of it, and its first and last sequence number."""
        for shard_id, shard in self.shards.items():
            yield shard_id, shard, self._first_numbers[shard_id], self._last_numbers[shard_id]

    def _explained(self, lines: list[bytes], place: Place) -> InputError:
        """The sentence for the first record of some lines that is not usable."""
        for index, line in enumerate(lines):
            if error := error_in(line, place, index, self.kind.fault_in):
                return error
        return unexplained(lines, place, "not a recording")


def _runs(shard_ids: Sequence[str], size: int) -> Iterable[tuple[int, int]]:
    """Where each run of one shard's lines begins and ends, if runs are long; else all as one.

    So that who wants some shards need not read the others', where a recording allows it.
    """
    count = len(shard_ids)
    most = size // LEAST_RUN  # runs: more are not counted
    changes = sum(islice(filter(None, map(ne, shard_ids, islice(shard_ids, 1, None))), most))
    if not changes or size < (changes + 1) * LEAST_RUN:
        return [(0, count)]
    ends = [place for place in range(1, count) if shard_ids[place] != shard_ids[place - 1]]
    return pairwise([0, *ends, count])


def _with_place(error: InputError, place: str) -> InputError:
    return InputError(error.problem, place=place, advice=error.advice)


def _located(descriptor: int, name: str) -> Iterator[tuple[int, bytes]]:
    start = len(BOM) if os.pread(descriptor, len(BOM), 0) == BOM else 0
    try:
        yield from blocks(descriptor, start)
    except InputError as error:
        raise _with_place(error, name) from error


def compact(value: object) -> bytes:
    """A JSON value on one line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair; only an escape can carry it
        return json.dumps(value, separators=(",", ":")).encode()


def _places_by_shard(shard_ids: Sequence[str]) -> dict[str, list[int]]:
    """Where the lines of each shard are, of those of a block."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, shard_id in enumerate(shard_ids):
        found[shard_id].append(place)
    return found


def _at(places: Sequence[int], column: Sequence[T]) -> tuple[T, ...]:
    """What a column has at some places."""
    if len(places) == 1:
        return (column[places[0]],)
    return cast("tuple[T, ...]", itemgetter(*places)(column))
