"""Asking before much is put on a stream that is not on this machine."""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from threading import Timer
from typing import Protocol, TypeVar

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.errors import InputError
from kinesis_cli.show.console import escape, note
from kinesis_cli.show.progress import PATIENCE

MANY_RECORDS = 10_000
MANY_BYTES = 100_000_000
_WAITS = (
    f"reading the input to its end, or to {MANY_RECORDS:,} records, before anything is put; "
    "with --yes records are put as they come"
)


class _HasData(Protocol):
    @property
    def data(self) -> bytes: ...


Record = TypeVar("Record", bound=_HasData)


def ask_if_large(target: str, records: int, size: int) -> None:
    """Ask whether to put so much; goes on if it is not much, or the answer is yes.

    Args:
        target: the stream and where it is.
        records: how many, at least.
        size: bytes of data, at least.

    Raises:
        InputError: there is nobody to ask.
        Exit: the answer is no.
    """
    if records <= MANY_RECORDS and size <= MANY_BYTES:
        return
    much = f"more than {MANY_RECORDS:,} records"
    if records <= MANY_RECORDS:
        much = f"more than {MANY_BYTES // 1_000_000} MB"
    if not sys.stdin.isatty():
        raise InputError(
            f"would put {much} on {target}, and there is no terminal to ask on",
            advice="--yes answers the question.",
        )
    if not typer.confirm(f"Put {much} on {escape(target)}?", err=True):
        raise typer.Exit(ExitCode.FAILED)


def asked_if_large(
    target: str, records: Iterable[Record], *, live: bool = False
) -> Iterator[Record]:
    """The same records, once it was asked whether to put so many as there are.

    Nothing is put before: so many as need no question are read ahead.

    Args:
        target: see `ask_if_large`.
        records: of which so many are read ahead.
        live: they may take any time to come, so it is told after a while what is waited for.

    Raises:
        InputError, Exit: see `ask_if_large`.
    """
    records = iter(records)
    waits = Timer(PATIENCE, note, [_WAITS])
    waits.daemon = True
    if live:
        waits.start()
    ahead = _read_ahead(records)
    waits.cancel()
    ask_if_large(target, len(ahead), sum(len(record.data) for record in ahead))
    return chain(ahead, records)


def _read_ahead(records: Iterator[Record]) -> list[Record]:
    ahead: list[Record] = []
    size = 0
    for record in records:
        ahead.append(record)
        size += len(record.data)
        if len(ahead) > MANY_RECORDS or size > MANY_BYTES:
            break
    return ahead
