"""One file or pipe of records or payloads: looked at, then read as what it is."""

import os
import shlex
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Self

import msgspec
from msgspec import structs

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Url, is_url, shown
from kinesis_cli.recordings.form import LOGS, Form, Layout, Look, Reading
from kinesis_cli.recordings.get_records import AsLambdaSends
from kinesis_cli.recordings.indexes.beside import Kept, index_at, index_beside
from kinesis_cli.recordings.json_texts import JsonTexts
from kinesis_cli.recordings.looking.files import are_documents, are_payloads, recognised_in
from kinesis_cli.recordings.looking.json_lines import are_objects, json_lines
from kinesis_cli.recordings.members import gzip_members
from kinesis_cli.recordings.opening import (
    BOM,
    blocks,
    is_packed,
    open_regular,
    text_reader,
    unpacked,
)
from kinesis_cli.stream.documents import Documents
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.known import kind_in, kind_named, kind_of_line, records_in
from kinesis_cli.stream.packing import GZIP, MAX_MAGIC

if TYPE_CHECKING:
    from kinesis_cli.stream.on_failure_reading import FailureDocument

_MAX_NESTED = 4  # gzip in gzip in …
_FIREHOSE = {False: Layout.DOCUMENTS, True: Layout.MEMBERS}


class Input:
    """A file of which every byte can be read at its position. Use it as a context manager.

    Args:
        opened: packed or not; or a recording that was read before, with its index. Closed with the
            input.
        name: for messages.
        reading: how the user says that it is to be read.
        index_problem: a sentence on an index that is of no use.

    Attributes:
        kept: the index of a recording that was read before, and its text; None: there is none.
        file: not packed; none where there is an index.
        look: what it is.

    Raises:
        InputError: it is damaged, or nobody can tell what it is.
    """

    file: BinaryIO

    def __init__(
        self, opened: BinaryIO | Kept, name: str, reading: Reading, index_problem: str = ""
    ) -> None:
        self.name, self._index_problem = name, index_problem
        self._reading = reading
        self._as_lambda_sends = AsLambdaSends(name, reading)
        self._opened: list[BinaryIO | Kept] = [opened]
        self.count = 0  # of records or payloads, once they were read
        self.kept = opened if isinstance(opened, Kept) else None
        if isinstance(opened, Kept):
            self.look = Look(Form.RECORDING)
            return
        try:
            self.file = self._unpacked(opened)
            self.look = self._asked(reading.form) if reading.form else self._looked(opened)
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, path: str, reading: Reading) -> Self:
        """Open a file; "-" is standard input."""
        return cls(*open_regular(path), reading)

    @classmethod
    def open_indexed(cls, path: str, reading: Reading) -> Self:
        """Open a file; a recording with an index beside it is not read for what that tells."""
        return cls._open_indexed(path, reading, is_fetched=False)

    @classmethod
    def open_fetched(cls, path: str, reading: Reading) -> Self:
        """The same, but what is at a URL is fetched whole: no connection is needed any more.

        For processes that are forked: they cannot share one.
        """
        return cls._open_indexed(path, reading, is_fetched=True)

    @classmethod
    def _open_indexed(cls, path: str, reading: Reading, *, is_fetched: bool) -> Self:
        is_there = is_url(path)
        has_none = path == "-" or reading.form not in (None, Form.RECORDING)
        if has_none or (is_there and is_fetched):
            return cls.open(path, reading)
        if is_there:
            beside = index_at(Url(path))
            if beside.kept is not None:
                return cls(beside.kept, shown(path), reading)
            return cls(*open_regular(path), reading, beside.problem)
        file, name = open_regular(path)
        beside = index_beside(path, file)
        return cls(beside.kept or file, name, reading, beside.problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files that were opened for it."""
        for each in self._opened:
            each.close()

    @property
    def has_records(self) -> bool:
        """Whether it tells keys, arrivals and sequence numbers; else there are payloads only."""
        return self.look.form.has_records

    def name_streams(self, arns: Iterable[str | None]) -> None:
        """Say which streams its records may be of that do not tell theirs."""
        known = tuple(arn for arn in arns if arn)
        self._reading = structs.replace(self._reading, stream_arns=known)

    @property
    def kind(self) -> SourceKind | None:
        """The kind of source of its first record; None: it has payloads, or none that is usable."""
        if not self.has_records:
            return None
        if self.kept is not None:
            return kind_named(self.kept.index.head.kind)
        try:
            if self.look.form is Form.RECORDING:
                return next((kind_of_line(line) for _, line in self.lines() if line.strip()), None)
            return next((kind_in(value) for _, value in self.values()), None)
        except InputError:  # whoever reads all of it says what is wrong
            return None

    @property
    def first_arrival(self) -> float | None:
        """When its first record arrived, epoch seconds; None: it has none that is usable."""
        kind = self.kind
        if kind is None:
            return None
        if self.kept is not None:
            return self.kept.index.head.first_arrival
        try:
            if self.look.form is Form.RECORDING:
                line = next(line for _, line in self.lines() if line.strip())
            else:
                line = msgspec.json.encode(next(value for _, value in self.values()))
            return kind.check([line])[2][0]
        except (msgspec.MsgspecError, UnicodeError, RecursionError, InputError):
            return None  # whoever reads all of it says what is wrong

    def values(self) -> Iterator[tuple[int, object]]:
        """Its records in Lambda's shape as JSON values, with their numbers; not yet checked.

        Raises:
            InputError: it is not JSON, or holds something else.
        """
        read = text_reader(self.file.fileno(), self.name)
        self._as_lambda_sends = AsLambdaSends(self.name, self._reading)
        if self.look.form is Form.DOCUMENTS:
            yield from enumerate(self._of_failure_documents(JsonTexts(read, self.name)), 1)
        else:
            documents = Documents(read, self.name, self._as_lambda_sends, records_in)
            yield from enumerate(documents.records(), 1)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Its lines that are not empty, with their numbers, without line breaks.

        A line break is LF or CRLF; all other white space is the payload's.
        """
        number = 1
        for block in self.blocks():
            whole = block.split(b"\n")
            last = len(whole) - 1  # not ended by a line break
            for index, line in enumerate(whole):
                if text := line.removesuffix(b"\r") if index < last else line:
                    yield number + index, text
            number += last

    def blocks(self) -> Iterator[bytes]:
        """Whole lines, many at a time; without a byte order mark at its beginning."""
        descriptor = self.file.fileno()
        start = len(BOM) if os.pread(descriptor, len(BOM), 0) == BOM else 0
        try:
            for _, block in blocks(descriptor, start):
                yield block
        except InputError as error:
            raise InputError(error.problem, place=self.name, advice=error.advice) from error

    def payloads(self) -> Iterator[bytes]:
        """The payloads of an input that has no records, byte for byte.

        Raises:
            InputError: there is something else among them.
        """
        descriptor = self.file.fileno()
        match self.look.layout:
            case Layout.LINES | Layout.JSON_LINES:
                yield from chain.from_iterable(self._batches_of_lines())
            case Layout.MEMBERS:
                yield from gzip_members(descriptor, self.name)
            case Layout.DOCUMENTS:
                texts = JsonTexts(text_reader(descriptor, self.name), self.name)
                yield from (text.encode() for text in texts.documents())
            case Layout.ARRAY:
                texts = JsonTexts(text_reader(descriptor, self.name), self.name)
                yield from (text.encode() for text in texts.elements())

    def count_payloads(self) -> int:
        """Read all payloads, so that a fault is found before the first is used; their number."""
        if self.look.layout in (Layout.LINES, Layout.JSON_LINES):
            return sum(map(len, self._batches_of_lines()))
        return sum(1 for _ in self.payloads())

    def _batches_of_lines(self) -> Iterator[list[bytes]]:
        """What `lines` gives, a block of it at a time: a fifth of the time for each."""
        number, is_json = 1, self.look.layout is Layout.JSON_LINES
        for block in self.blocks():
            if b"\r" in block:
                block = block.replace(b"\r\n", b"\n")
            lines = list(filter(None, block.split(b"\n")))
            if is_json and not are_objects(block, len(lines)):
                numbered = enumerate(block.split(b"\n"), number)
                for _ in json_lines((each for each in numbered if each[1]), self.name):
                    pass
            number += block.count(b"\n")
            yield lines

    def notes(self, count: int | None) -> list[str]:
        """What people should know of it, a sentence each; none of an event or a recording.

        Args:
            count: of records or payloads; None: not known.
        """
        what = self.found(count)
        made_up = self._as_lambda_sends.notes() if what else []
        what = [self._index_problem, *what] if self._index_problem else what
        return what + [f"{self.name}: {each}" for each in made_up]

    def found(self, count: int | None, name: str = "") -> list[str]:
        """What it is, without what was made up for its records; as `notes`.

        Args:
            count: as of `notes`.
            name: of more than this file.
        """
        look, number = self.look, "" if count is None else f"{count:,} "
        plural = "" if count == 1 else "s"
        if self._reading.form in (Form.EVENT, Form.RECORDING, Form.PAYLOADS):
            return []
        match look.form:
            case Form.EVENT | Form.RECORDING:
                return []
            case Form.GET_RECORDS:
                what = f"{number}record{plural} of get-records"
            case Form.PIPES:
                what = f"{number}record{plural} of EventBridge Pipes"
            case Form.DOCUMENTS:
                what = f"{number}record{plural} out of on-failure documents"
            case _:
                what = f"{number}{look.one}{plural}{look.whole}: no keys, no timing"
        return [f"{name or self.name}: {what}"]

    # --- what it is

    def _unpacked(self, file: BinaryIO) -> BinaryIO:
        plain = unpacked(file, self.name)
        if plain is not file:
            self._opened.append(plain)
        return plain

    def _asked(self, form: Form) -> Look:
        if form is Form.FIREHOSE:
            is_packed = os.pread(self.file.fileno(), len(GZIP), 0) == GZIP
            return Look(form, _FIREHOSE[is_packed], "payload", " of a Firehose backup")
        return Look(form, Layout.LINES, "payload line")

    def _looked(self, packed: BinaryIO) -> Look:
        for _ in range(_MAX_NESTED):
            head = os.pread(self.file.fileno(), MAX_MAGIC, 0)
            if not is_packed(head):
                break
            if head.startswith(GZIP) and are_payloads(self.file, self.name):
                whole = " of a Firehose backup, each with its gzip"
                return Look(Form.FIREHOSE, Layout.MEMBERS, "payload", whole)
            packed, self.file = self.file, self._unpacked(self.file)
        look = recognised_in(self.file, self.name)
        if look.whole == LOGS and packed is not self.file and are_documents(packed, self.name):
            self.file = packed
            return Look(Form.FIREHOSE, Layout.MEMBERS, "gzipped message", LOGS)
        return look

    def _of_failure_documents(self, texts: JsonTexts) -> Iterator[object]:
        from kinesis_cli.stream.on_failure_reading import read_documents  # seldom an input

        for number, text in enumerate(texts.documents(), 1):
            for document in read_documents(text, f"{self.name}, document {number}"):
                for record in _held(document, self.name):
                    yield msgspec.json.decode(record)


def _held(document: "FailureDocument", name: str) -> Iterator[bytes]:
    """The records that a document holds.

    Raises:
        InputError: it only names them.
    """
    if document.payload is None and document.start:
        size = document.batch_size or 1
        records = "a record" if size == 1 else f"{size:,} records"
        path = "-" if name == "standard input" else shlex.quote(name)
        raise InputError(
            f"this is an on-failure document that names {records} of its stream and holds none",
            place=name,
            advice=f"`kcli redrive {path}` fetches and shows them, "
            f"`kcli redrive {path} --save FILE` keeps them.",
        )
    for record in document.payload or ():
        yield record.line
