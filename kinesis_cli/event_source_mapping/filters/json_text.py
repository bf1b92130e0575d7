"""JSON as the matcher reads it: numbers that a double does not hold keep their text."""

import json

import msgspec

from kinesis_cli.event_source_mapping.filters.numbers import (
    read_float,
    read_integer,
)

ABSENT = object()  # the text is not JSON

# UNSURE(repeated-key): of a name that stands twice in an object we see the last member; AWS's
# matcher as it is published sees both.
_fast = msgspec.json.Decoder().decode
_exact = msgspec.json.Decoder(float_hook=read_float).decode


class Members(dict[str, object]):
    """An object of a pattern with all its members: a repeated name does not hide the first."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def read(document: bytes, *, exact_numbers: bool = True) -> object:
    """Read a record's JSON; ABSENT where it is none.

    Args:
        document: the text.
        exact_numbers: whether anybody compares its numbers.
    """
    try:
        return (_exact if exact_numbers else _fast)(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read(document, None)  # the standard parser also takes lone surrogates


def read_pattern(text: str) -> object:
    """Read a pattern's JSON; ABSENT where it is none."""
    return _read(text.encode(errors="replace"), Members)


def _read(document: bytes, objects: type[Members] | None) -> object:
    try:
        return json.loads(
            document.decode(),
            parse_constant=_refuse,
            parse_int=read_integer,
            parse_float=read_float,
            object_pairs_hook=objects,
        )
    except (ValueError, RecursionError):
        return ABSENT


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
