"""Payloads from a pipe, each as soon as it is there."""

from collections.abc import Callable, Iterator

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.survey import BOM
from kinesis_cli.stream.source import BLOCK, MAX_LINE, is_packed

Read = Callable[[int], bytes]  # at most so many bytes, those that are there; none at the end


def read_head(read: Read) -> bytes:
    """As much of the beginning as says what it is: a line, or two."""
    head = b""
    while not _is_clear(head) and (piece := read(BLOCK)):
        head += piece
    return head


def lines_as_they_come(head: bytes, read: Read, name: str) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers from 1.

    Args:
        head: what was read already.
        read: gives the rest.
        name: for messages.

    Raises:
        InputError: a line is longer than `MAX_LINE`.
    """
    number, rest = 0, head.removeprefix(BOM)
    while True:
        *whole, rest = rest.split(b"\n")
        for number, line in enumerate(whole, number + 1):  # noqa: B020 - goes on
            if text := line.strip():
                yield number, text
        if len(rest) > MAX_LINE:
            raise InputError(f"a line of more than {MAX_LINE >> 20} MiB", place=name)
        if not (piece := read(BLOCK)):
            break
        rest += piece
    if text := rest.strip():
        yield number + 1, text


def _is_clear(head: bytes) -> bool:
    if is_packed(head) or len(head) > MAX_LINE:
        return True
    text = head.removeprefix(BOM).lstrip()
    if text.startswith(b"{"):  # a document may break its first line there
        text = text[1:].lstrip()
    return len(head) >= len(BOM) and b"\n" in text
