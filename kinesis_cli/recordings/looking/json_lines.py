"""Lines that are JSON, one payload each: what is not is found as they are read."""

import json
from collections.abc import Iterator

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.looking.foreign import AS_LINES


def json_lines(lines: Iterator[tuple[int, bytes]], name: str) -> Iterator[bytes]:
    """The lines of a file that began with JSON, as long as they may be that.

    Raises:
        InputError: one is not: what does not begin and end like JSON is not a line of it.
    """
    for number, line in lines:
        if not (line.startswith(b"{") and line.endswith(b"}")) and not _may_be_json(line):
            raise InputError(
                "not JSON, and the first line is",
                place=f"{name}, line {number}",
                advice=AS_LINES,
            )
        if b"}{" in line and _are_several(line):
            raise InputError(
                "several JSON documents on a line, and the first line is one",
                place=f"{name}, line {number}",
                advice=f"To take each document as a payload, say --format firehose. {AS_LINES}",
            )
        yield line


def are_objects(block: bytes, count: int) -> bool:
    """Whether each of so many lines begins and ends as an object does; false where one is blank.

    Also false where one may hold several.
    """
    between = block.startswith(b"{") and block.count(b"}\n{") == count - 1
    return between and b"}{" not in block and block.endswith((b"}\n", b"}"))


def _are_several(line: bytes) -> bool:
    """Whether a line that begins with JSON goes on with more, as Firehose writes it."""
    text = line.decode(errors="replace").strip()
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return text[end : end + 1] == "{"


def _may_be_json(line: bytes) -> bool:
    text = line.strip()
    if text[:1] in (b"{", b"["):
        return text[:1] + text[-1:] in (b"{}", b"[]") and len(text) > 1
    try:
        json.loads(text)  # a number, a text: seldom, and short
    except (ValueError, RecursionError):
        return False
    return True
