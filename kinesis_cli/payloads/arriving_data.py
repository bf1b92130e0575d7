"""Payloads from a pipe, each as soon as it is there."""

from collections.abc import Callable, Iterator

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.form import Form, Layout, Look
from kinesis_cli.recordings.looking.recognition import recognised
from kinesis_cli.recordings.opening import BLOCK, BOM, MAX_LINE, is_packed

Read = Callable[[int], bytes]  # at most so many bytes, those that are there; none at the end

ENOUGH = 4  # bytes that say whether it is packed


def read_head(read: Read, name: str) -> tuple[bytes, Look | None]:
    """As much of the beginning as says what it is, mostly a line; and that. None: it is packed.

    Raises:
        InputError: it is something else, which is named, or nobody can tell.
    """
    head, ended = b"", False
    while True:
        if is_packed(head):
            return head, None
        enough = len(head) >= ENOUGH or ended
        if enough and (look := recognised(head, name, ended=ended)):
            return head, look
        piece = read(BLOCK)
        head, ended = head + piece, not piece


def comes_in_lines(look: Look | None) -> bool:
    """Whether what is found to be so can be given line by line, as it comes."""
    if look is None:
        return False
    if look.form is Form.PAYLOADS:
        return look.layout in (Layout.LINES, Layout.JSON_LINES)
    return look.form is Form.RECORDING


def lines_as_they_come(head: bytes, read: Read, name: str) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty, with their numbers from 1, without LF or CRLF at their end.

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
            if text := line.removesuffix(b"\r"):
                yield number, text
        if len(rest) > MAX_LINE:
            raise InputError(f"a line of more than {MAX_LINE >> 20} MiB", place=name)
        if not (piece := read(BLOCK)):
            break
        rest += piece
    if rest:
        yield number + 1, rest
