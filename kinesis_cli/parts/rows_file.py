"""Rows of a part on disk: some at a time, so that neither writing nor reading holds many.

Only files that kcli itself has just written are read: pickle keeps whatever a function said.
"""

import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from kinesis_cli.simulation.trace import FailedRecord, Row

TimedRow = tuple[float, Row]

_NUMBERS_TOGETHER = 10_000  # sequence numbers of the rows that are written at once
_ROWS_TOGETHER = 200


def write_rows(path: Path, rows: Iterable[TimedRow]) -> None:
    """Write rows as they come."""
    with path.open("wb") as file:
        some: list[TimedRow] = []
        numbers = 0
        for timed in rows:
            some.append(timed)
            row = timed[1]
            numbers += 1 if isinstance(row, FailedRecord) else len(row.sequence_numbers)
            if len(some) >= _ROWS_TOGETHER or numbers >= _NUMBERS_TOGETHER:
                _write(file, some)
                some, numbers = [], 0
        if some:
            _write(file, some)


def read_rows(path: Path) -> Iterator[TimedRow]:
    """The rows, in the order in which they were written."""
    with path.open("rb") as file:
        while length := file.read(8):
            yield from pickle.loads(file.read(int.from_bytes(length, "little")))


def _write(file: BinaryIO, rows: list[TimedRow]) -> None:
    packed = pickle.dumps(rows, protocol=pickle.HIGHEST_PROTOCOL)
    file.write(len(packed).to_bytes(8, "little") + packed)
