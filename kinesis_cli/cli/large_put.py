"""Asking before much is put on a stream that is not on this machine."""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.errors import InputError
from kinesis_cli.payloads.payload import Payload
from kinesis_cli.show.console import escape

MANY_RECORDS = 10_000
MANY_BYTES = 100_000_000


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


def asked_if_large(target: str, payloads: Iterable[Payload]) -> Iterator[Payload]:
    """The same payloads, once it was asked whether to put so many as there are.

    Raises:
        InputError, Exit: see `ask_if_large`.
    """
    payloads = iter(payloads)
    first: list[Payload] = []
    size = 0
    for payload in payloads:
        first.append(payload)
        size += len(payload.data)
        if len(first) > MANY_RECORDS or size > MANY_BYTES:
            break
    ask_if_large(target, len(first), size)
    return chain(first, payloads)
