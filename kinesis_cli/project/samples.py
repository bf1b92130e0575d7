"""Events of streams that a project keeps as samples: `events/*.json`, `fixtures/…`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

_PATTERNS = ("events/*.json", "events/*.ndjson", "fixtures/*.json", "fixtures/*.ndjson")
MAX_FILES = 100  # that are looked into
MAX_SIZE = 8_000_000  # bytes: an event of 6 MB, indented


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of records of one kind of source."""

    path: Path
    records: int


class _Kinesis(msgspec.Struct, rename="camel"):
    sequence_number: str
    data: str


class _Record(msgspec.Struct):
    kinesis: _Kinesis


class _Change(msgspec.Struct, rename="pascal"):
    sequence_number: str
    keys: dict[str, dict[str, object]]


class _ChangeRecord(msgspec.Struct):
    dynamodb: _Change


class _ChangeEvent(msgspec.Struct, rename="pascal"):
    records: list[_ChangeRecord]


class _Event(msgspec.Struct, rename="pascal"):
    records: list[_Record]


def sample_events(*folders: Path) -> list[Sample]:
    """The samples of these folders, by name; an API Gateway event and its kind is none."""
    files = dict.fromkeys(
        file
        for folder in folders
        for pattern in _PATTERNS
        for file in sorted(folder.resolve().glob(pattern))
    )
    return list(_of(list(files)[:MAX_FILES]))


def _of(files: list[Path]) -> Iterator[Sample]:
    for file in files:
        try:
            if file.stat().st_size > MAX_SIZE:
                continue
            if number := _number_of_records(file.read_bytes(), is_lines=file.suffix == ".ndjson"):
                yield Sample(file, number)
        except (OSError, msgspec.MsgspecError, UnicodeError, RecursionError):
            continue  # something else


def _number_of_records(text: bytes, *, is_lines: bool) -> int:
    try:
        if is_lines:
            return len(msgspec.json.Decoder(_Record).decode_lines(text))
        return len(msgspec.json.decode(text, type=_Event).records)
    except msgspec.ValidationError:
        if is_lines:
            return len(msgspec.json.Decoder(_ChangeRecord).decode_lines(text))
        return len(msgspec.json.decode(text, type=_ChangeEvent).records)
