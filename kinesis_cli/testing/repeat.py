"""A delivery kept on disk, and the command that shows it again."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.record import Record

if TYPE_CHECKING:
    from kinesis_cli.event_source_mapping.settings import EventSourceMapping

RECORDING, MAPPING = "recording.ndjson", "mapping.json"
LEAST_DIGITS = 6  # of a sequence number, in a command


@dataclass(frozen=True, slots=True)
class Repeat:
    """What `kcli simulate` needs to show a delivery again.

    Args:
        folder: where recording and mapping are kept, if the test fails.
        root: pytest's root folder, where the command is to be called.
        code: "--handler app.py:handler" or the template's function; None: only the test has it.
        options: what else the delivery was told.
    """

    folder: Path
    root: Path
    code: tuple[str, ...] | None
    options: tuple[str, ...]

    def command(self, record: Record | None = None, among: Sequence[Record] = ()) -> str:
        """Return the line that shows the delivery, or the life of one record in it.

        Args:
            record: whose life.
            among: all records, from which it must be told.
        """
        folder = _relative(self.folder, self.root)
        words = ["kcli", "simulate", str(folder / RECORDING)]
        words += self.code if self.code is not None else ("--handler", "FILE.py:FUNCTION")
        words += ["--mapping", str(folder / MAPPING), *self.options]
        if record is not None:
            words += ["--explain", _digits(record, among)]
        return shlex.join(words)

    def keep(self, records: Sequence[Record], mapping: EventSourceMapping) -> None:
        """Write recording and mapping.

        Raises:
            OSError, InputError: they cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        _ignored_by_git(self.root / ".kcli")
        write_recording(records, self.folder / RECORDING)
        text = json.dumps(mapping.to_aws(), indent=2) + "\n"
        (self.folder / MAPPING).write_text(text, encoding="utf-8")


def forget(folder: Path) -> None:
    """Delete what an earlier failure of a test has left."""
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)


def code_of(function: Callable[..., object], root: Path) -> tuple[str, ...] | None:
    """Return how `kcli simulate` finds a function; None: only the test has it."""
    name, module = getattr(function, "__qualname__", None), getattr(function, "__module__", None)
    code: Any = getattr(function, "__code__", None)
    wrapped: Any = function
    while (inner := getattr(wrapped, "__wrapped__", None)) is not None and inner is not wrapped:
        wrapped = inner
        code = getattr(wrapped, "__code__", code)
    if not isinstance(name, str) or not isinstance(module, str) or code is None:
        return None
    if not name.isidentifier():  # "test_orders.<locals>.handler", "Orders.handle"
        return None
    file = Path(code.co_filename)
    if not file.is_file():
        return None
    relative = _relative(file, root)
    if relative.suffix == ".py" and ".".join(relative.with_suffix("").parts) == module:
        return ("--handler", f"{module}.{name}")
    return ("--handler", f"{relative}:{name}")


def _digits(record: Record, among: Sequence[Record]) -> str:
    """The last digits of a sequence number, as many as tell it from all others."""
    number = record.sequence_number
    others = [each.sequence_number for each in among if each.sequence_number != number]
    for length in range(LEAST_DIGITS, len(number)):
        ending = number[-length:]
        if not any(each.endswith(ending) for each in others):
            return ending
    return number


def _relative(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _ignored_by_git(folder: Path) -> None:
    """Keep what failures leave out of commits."""
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
