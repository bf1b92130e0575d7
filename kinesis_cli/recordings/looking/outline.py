"""The first JSON value of a text that may be cut off: enough of it to say what it is."""

import json
import re
from typing import NamedTuple

_SPACE = re.compile(r"[ \t\r\n]*")
_MAX_TORN = 9  # characters at a cut that alone are not JSON: "-Infinity", "\\ud83d"

_scan = json.JSONDecoder().raw_decode


class Outline(NamedTuple):
    """The first value of a text."""

    value: object  # of one that is cut off, its whole members or elements so far
    end: int | None  # where it ends; None: not in this text


def outline(text: str, at: int = 0) -> Outline:
    """Read the first value of a text.

    Args:
        text: begins with the value at `at`.
        at: where.

    Raises:
        json.JSONDecodeError: it is not JSON, wherever it may go on.
        RecursionError: it is nested too deeply.
    """
    try:
        return Outline(*_scan(text, at))
    except json.JSONDecodeError as error:
        if not is_cut(error):
            raise
    return Outline(_so_far(text, at), None)


def is_cut(error: json.JSONDecodeError) -> bool:
    """Whether a text is JSON up to its end, where it breaks off."""
    return error.msg.startswith("Unterminated") or error.pos >= len(error.doc) - _MAX_TORN


def space(text: str, at: int) -> int:
    """Where the white space ends that begins at `at`."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _so_far(text: str, at: int) -> object:
    if text[at] == "[":
        return _elements(text, at)
    members: dict[str, object] = {}
    at = space(text, at + 1)
    try:
        while text[at] != "}":
            name, at = _scan(text, at)
            at = space(text, space(text, at) + 1)  # past the colon
            if text[at] == "[":
                members[str(name)] = _elements(text, at)
            members[str(name)], at = _scan(text, at)
            at = space(text, space(text, at) + 1)  # past the comma
    except (json.JSONDecodeError, IndexError):
        pass
    return members


def _elements(text: str, at: int) -> list[object]:
    """The whole elements of an array, of a long one only the first."""
    at = space(text, at + 1)
    try:
        return [] if text[at] == "]" else [_scan(text, at)[0]]
    except (json.JSONDecodeError, IndexError):
        return []
