"""The first reading of a recording: every record is checked, and where each shard's records lie."""

import json
import math
import os
import re
import tempfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import BinaryIO, NamedTuple, cast

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.form import Form
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.opening import (
    BLOCK,
    BOM,
    blocks,
    keep_freed_memory,
    not_utf8,
    split_lines,
)
from kinesis_cli.recordings.payload_lines import PayloadLines
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_in, kind_of_line
from kinesis_cli.stream.lines import Fault
from kinesis_cli.stream.sequence import is_sequence_number
from kinesis_cli.stream.times import LATEST_ARRIVAL

_SHARD_ID = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
_REFUSED = (msgspec.MsgspecError, UnicodeError, RecursionError)

_decode_any = msgspec.json.Decoder().decode


class Block(NamedTuple):
    """Some lines, each one a record, nothing between them: `{…}\\n{…}\\n`."""

    file: int  # index into `Survey.files`
    start: int
    length: int


class ShardSurvey:
    """What the first reading learns of a shard. Grows by a few bytes for each block."""

    def __init__(self) -> None:
        self.count = 0  # records
        self.blocks = array("I")  # indices into `Survey.blocks`, of those that hold its records
        self.arrivals = array("d")  # of the shard's first record in each of these, epoch seconds
        self.last_place = ""  # of its last record so far


class Place(NamedTuple):
    """Where the records of a block came from, for messages."""

    name: str
    unit: str  # "line" or "record"
    numbers: Sequence[int]

    def of(self, index: int, field: str = "") -> str:
        """The place of one record, counted from 0."""
        where = f"{self.name}, {self.unit} {self.numbers[index]}"
        return f"{where}, {field}" if field else where


class Survey:
    """All inputs of one recording, checked.

    Args:
        inputs: in order; they are opened as they are read, and closed with the survey.
        shards: of the stream that payloads without records around them are in.

    Raises:
        InputError: a file cannot be read, or a record is not usable.
    """

    def __init__(self, inputs: Iterable[Input], shards: int = 1) -> None:
        self.inputs: list[Input] = []
        self.files: list[BinaryIO] = []
        self.blocks: list[Block] = []
        self.shards: dict[str, ShardSurvey] = {}
        self.first_arrival, self.last_arrival = math.inf, -math.inf
        self._kind: SourceKind | None = None  # as the first record has it
        self._last_numbers: dict[str, str] = {}
        self._spool: int | None = None  # index of the file for lines that had to be rewritten
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
            if not self.shards and not self._found_document:
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
        for file in self.files:
            file.close()

    def _count(self) -> int:
        return sum(shard.count for shard in self.shards.values())

    def _add(self, each: Input) -> None:
        if each.look.form is Form.RECORDING:
            self.files.append(each.file)
            self._add_lines(len(self.files) - 1, each.name)
        elif each.has_records:
            self._add_rewritten(self._checked(each), each.name, "record")
            self._found_document = True
        else:
            records = (self._payloads.record(payload).raw for payload in each.payloads())
            self._add_rewritten(enumerate(records, 1), each.name, "payload")

    def _add_lines(self, file: int, name: str) -> None:
        line = 1
        for start, text in _located(self.files[file].fileno(), name):
            lines = split_lines(text)
            place = Place(name, "line", range(line, line + len(lines)))
            line += len(lines)
            breaks = len(lines) - (not text.endswith(b"\n"))
            if all(lines) and sum(map(len, lines)) + breaks == len(text):
                self._add_block(lines, Block(file, start, len(text)), place)
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
            self._spool = len(self.files)
            self.files.append(cast("BinaryIO", tempfile.TemporaryFile(buffering=0)))  # noqa: SIM115
        file = self.files[self._spool]
        text, start = b"\n".join(lines) + b"\n", file.tell()
        file.write(text)
        self._add_block(lines, Block(self._spool, start, len(text)), place)

    def _checked(self, each: Input) -> Iterator[tuple[int, bytes]]:
        """The records of an input that is not lines, as lines."""
        for number, record in each.values():
            if self._kind is None:
                self._kind = kind_in(record)
            if fault := self.kind.fault_in(record):
                raise fault_error(fault, Place(each.name, "record", [number]).of(0, fault.field))
            yield number, compact(record)

    def _add_block(self, lines: list[bytes], block: Block, place: Place) -> None:
        if self._kind is None:
            self._kind = kind_of_line(lines[0])
        try:
            # One by one: two values on a line, or one on two lines, are no recording.
            shard_ids, numbers, arrivals = self.kind.check(lines)
            if not all(map(bytes.isascii, lines)):
                b"".join(lines).decode()  # a decoder does not look into members that it skips
        except (*_REFUSED, InputError) as error:
            raise self._explained(lines, place) from error
        earliest, latest = min(arrivals), max(arrivals)
        if earliest < 0 or latest >= LATEST_ARRIVAL or not "".join(numbers).encode().isdigit():
            raise self._explained(lines, place)
        self._check_order(shard_ids, numbers, lines, place)
        self.first_arrival = min(self.first_arrival, earliest)
        self.last_arrival = max(self.last_arrival, latest)
        self._index(block, shard_ids, arrivals, place)

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
        elif int(number) < int(last):
            before = [earlier for earlier in range(index) if shard_ids[earlier] == shard_id]
            where = place.of(before[-1]) if before else self.shards[shard_id].last_place
            raise InputError(
                f"{number} is smaller than the number of {where}, which stands before it in "
                f"{shard_id}",
                place=place.of(index, self.kind.number_member),
                advice="Within a shard records stand in the order of their sequence numbers. "
                "`kcli event --from FILE -o NEW.ndjson` numbers them anew, as they stand.",
            )

    def _index(
        self, block: Block, shard_ids: list[str], arrivals: list[float], place: Place
    ) -> None:
        number = len(self.blocks)
        self.blocks.append(block)
        firsts = dict(zip(reversed(shard_ids), reversed(arrivals), strict=True))
        last_indices = dict(zip(shard_ids, range(len(shard_ids)), strict=True))
        for shard_id, count in Counter(shard_ids).items():  # in order of first appearance
            shard = self.shards.get(shard_id)
            if shard is None:
                shard = self.shards[shard_id] = ShardSurvey()
            shard.count += count
            shard.blocks.append(number)
            shard.arrivals.append(firsts[shard_id])
            shard.last_place = place.of(last_indices[shard_id])

    def _explained(self, lines: list[bytes], place: Place) -> InputError:
        """The sentence for the first record of some lines that is not usable."""
        for index, line in enumerate(lines):
            if error := _line_error(line, place, index, self.kind.fault_in):
                return error
        return InputError("not a recording", place=place.of(0))


def line_error(
    line: bytes, name: str, number: int, fault_of: Callable[[object], Fault | None]
) -> InputError:
    """The sentence for a line that is not a record, or has not what is needed of it."""
    place = Place(name, "line", [number])
    return _line_error(line, place, 0, fault_of) or InputError("no record", place=place.of(0))


def _line_error(
    line: bytes, place: Place, index: int, fault_of: Callable[[object], Fault | None]
) -> InputError | None:
    try:
        text = line.decode()
        value = json.loads(text)
        fault = fault_of(value)
        if not fault:
            _decode_any(text)
    except UnicodeDecodeError as error:
        return not_utf8(line[error.start], place.name, f"{place.unit} {place.numbers[index]}")
    except RecursionError:
        return InputError("nested too deeply", place=place.of(index))
    except json.JSONDecodeError as error:
        early = error.pos >= len(error.doc) or error.msg.startswith("Unterminated")
        problem = f"not JSON: {error.msg[0].lower()}{error.msg[1:]}, at column {error.colno}"
        return InputError(
            "it ends early, within a JSON value" if early else problem, place=place.of(index)
        )
    except (ValueError, msgspec.MsgspecError) as error:
        return InputError(f"not JSON: {error}", place=place.of(index))
    if fault:
        return fault_error(fault, place.of(index, fault.field))
    return None


def fault_error(fault: Fault, place: str) -> InputError:
    """The sentence for a record that is not usable."""
    return InputError(fault.problem, place=place, advice=fault.advice)


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
