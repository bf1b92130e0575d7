"""What `kcli tail` prints."""

import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Protocol

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.show.cells import cut, marked, number_cell, shard_cell, time_cell
from kinesis_cli.show.console import escape, stdout_console, warn, write_text
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import Selection
from kinesis_cli.stream.user_records import opened_data

MAX_SHOWN = 4_000  # characters of one payload in a table; JSON and NDJSON have all
_TABLE_SHARD_WIDTH = 8  # of a table's shard the hexadecimal digits are shown
NARROW = 100  # columns; below, there is no room for sequence numbers


class DataForm(StrEnum):
    """How a payload is shown."""

    JSON = "json"  # as JSON where it is that, else as text
    TEXT = "text"  # as text where it is that, else in hexadecimal
    HEX = "hex"
    BASE64 = "base64"
    NONE = "none"


class TailView(Protocol):
    """Shows records as they come."""

    def show(self, records: Iterable[Record], most: int) -> int:
        """Show those that are wanted of some records, at most so many; how many these were."""
        ...

    def finish(self) -> None:
        """No more come."""
        ...


class TailTable:
    """A line for each record.

    Args:
        selection: which ones; an aggregate's user records have a line each.
        form: of their data.
        decode: makes a text of a payload in the user's own format.
        kind: of the source.
    """

    def __init__(
        self,
        selection: Selection,
        form: DataForm,
        decode: Callable[[bytes], bytes | None] | None,
        kind: SourceKind,
    ) -> None:
        self._selection, self._form, self._decode = selection, form, decode
        self._key_title = kind.key_title.capitalize()
        self._shard_width = len("Shard") if kind.has_data else _TABLE_SHARD_WIDTH
        self._has_numbers = stdout_console().width >= NARROW
        self._begun = self._has_warned = False

    def show(self, records: Iterable[Record], most: int) -> int:
        """Show at most so many; how many these were."""
        shown = 0
        for record in records:
            chosen = self._selection.chosen(record)[: most - shown]
            if chosen and not self._begun:
                self._begun = True
                self._write("Arrived", "Shard", "Sequence number", self._key_title, "Data")
            for number, one in enumerate(chosen):
                self._show(record, one, f":{number}" if len(chosen) > 1 else "")
            shown += len(chosen)
            if shown == most:
                break
        return shown

    def finish(self) -> None:
        """Nothing is left to write."""

    def _show(self, record: Record, one: Payload, number: str) -> None:
        self._write(
            time_cell(record.arrival),
            shard_cell(record.shard_id),
            number_cell(record.sequence_number) + number,
            one.partition_key,
            self._data(one.data, record),
        )

    def _write(self, arrived: str, shard: str, number: str, key: str, data: str) -> None:
        cells = [
            f"{arrived:24}",
            f"{escape(shard):{self._shard_width}}",
            f"{cut(escape(key), 24):13}",
        ]
        if self._has_numbers:
            cells.insert(2, f"{number:15}")
        write_text("  ".join([*cells, escape(data)]).rstrip() + "\n")

    def _data(self, data: bytes, record: Record) -> str:
        text = data_text(self._decoded(data, record), self._form)
        if len(text) <= MAX_SHOWN:
            return text
        return f"{text[:MAX_SHOWN]}… and {len(text) - MAX_SHOWN:,} more"

    def _decoded(self, data: bytes, record: Record) -> bytes:
        """As the user's function has it; as it is where that fails, which is told once."""
        if self._decode is None or self._form is DataForm.NONE:
            return data
        try:
            return self._decode(data) or b""
        except InputError as error:
            if not self._has_warned:
                self._has_warned = True
                what = f"record {record.sequence_number}"
                warn(f"{what} is shown undecoded, and so is each later one that fails: {error}")
            return data


def data_text(data: bytes, form: DataForm) -> str:
    """A payload as it is shown; not yet harmless on a terminal.

    Args:
        data: opened first where it is packed with gzip or zstd, unless its bytes are asked for.
        form: how.
    """
    if form is DataForm.NONE:
        return ""
    if form is DataForm.BASE64:
        from base64 import b64encode

        return b64encode(data).decode()
    if form is DataForm.HEX:
        return data.hex()
    opened = opened_data(data)
    try:
        text = opened.data.decode()
    except UnicodeDecodeError:
        return marked(f"0x{opened.data.hex()}", opened.packing)
    return marked(_one_line(text) if form is DataForm.JSON else text, opened.packing)


def _one_line(text: str) -> str:
    """JSON without its line breaks; other text as it is."""
    try:
        return msgspec.json.format(text, indent=0) if "\n" in text else text
    except msgspec.DecodeError:
        return text


class TailLines:
    """The records as a recording; an aggregate stays one record.

    Args:
        selection: which ones.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection

    def show(self, records: Iterable[Record], most: int) -> int:
        """Write at most so many; how many these were."""
        lines = [record.line for record in wanted(self._selection, records)[:most]]
        if lines:
            sys.stdout.buffer.write(b"\n".join(lines) + b"\n")
        return len(lines)

    def finish(self) -> None:
        """Nothing is left to write."""


class TailEvent:
    """The records as one event, complete when all is over.

    Args:
        selection: which ones.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._between = b'{"Records":['

    def show(self, records: Iterable[Record], most: int) -> int:
        """Write at most so many; how many these were."""
        chosen = wanted(self._selection, records)[:most]
        if chosen:
            sys.stdout.buffer.write(self._between + b",".join([each.raw for each in chosen]))
            self._between = b","
        return len(chosen)

    def finish(self) -> None:
        """End the document."""
        start = b"" if self._between == b"," else self._between
        sys.stdout.buffer.write(start + b"]}\n")


def wanted(selection: Selection, records: Iterable[Record]) -> list[Record]:
    """Those records that are wanted."""
    return [record for record in records if selection.matches(record)]
