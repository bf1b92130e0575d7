"""Asking before much is put on a stream that is not on this machine."""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from threading import Timer

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.errors import InputError
from kinesis_cli.payloads.payload import Payload
from kinesis_cli.show.console import escape, note
from kinesis_cli.show.progress import PATIENCE

MANY_RECORDS = 10_000
MANY_BYTES = 100_000_000
_WAITS = (
    f"reading the input to its end, or to {MANY_RECORDS:,} records, before anything is put; "
    "with --yes records are put as they come"
)


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
    target: str, payloads: Iterable[Payload], *, live: bool = False
) -> Iterator[Payload]:
    """The same payloads, once it was asked whether to put so many as there are.

    Nothing is put before: so many as need no question are read ahead.

    Args:
        target: see `ask_if_large`.
        payloads: of which so many are read ahead.
        live: they may take any time to come, so it is told after a while what is waited for.

    Raises:
        InputError, Exit: see `ask_if_large`.
    """
    payloads = iter(payloads)
    waits = Timer(PATIENCE, note, [_WAITS])
    waits.daemon = True
    if live:
        waits.start()
    ahead = _read_ahead(payloads)
    waits.cancel()
    ask_if_large(target, len(ahead), sum(len(payload.data) for payload in ahead))
    return chain(ahead, payloads)


def _read_ahead(payloads: Iterator[Payload]) -> list[Payload]:
    ahead: list[Payload] = []
    size = 0
    for payload in payloads:
        ahead.append(payload)
        size += len(payload.data)
        if len(ahead) > MANY_RECORDS or size > MANY_BYTES:
            break
    return ahead
