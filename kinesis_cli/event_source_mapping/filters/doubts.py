"""Where filters depend on what AWS does not document: the ids of docs/fidelity.md."""

import json
import re
from collections.abc import Iterator, Sequence

import msgspec

from kinesis_cli.event_source_mapping.filters.compiler import LAMBDA_OPERATORS
from kinesis_cli.event_source_mapping.filters.criteria import METADATA, Filters
from kinesis_cli.stream.record import Record

_OR = "$or"
# Numbers that are written otherwise than the same number mostly is: with a fraction of zeros, or an
# exponent.
_OTHER_SPELLING = re.compile(rb"\d\.0+(?!\d)|\d[eE][+-]?\d|-0(?![\d.])")


class _Data(msgspec.Struct):
    data: bytes = b""  # msgspec decodes the base64


class _Payload(msgspec.Struct):
    kinesis: _Data


_payload = msgspec.json.Decoder(_Payload).decode


class FilterDoubts:
    """The points that a mapping's filters depend on.

    Args:
        patterns: of the mapping.
        filters: compiled from them.
    """

    def __init__(self, patterns: Sequence[str], filters: Filters) -> None:
        parsed = [json.loads(pattern) for pattern in patterns]
        self.always = tuple(_of_patterns(filters, parsed))  # whatever the record
        self._equality = any(_has_number(each) for each in parsed)

    def of(self, record: Record) -> tuple[str, ...]:
        """The points that a verdict on this record depends on."""
        if not self._equality:
            return self.always
        try:
            data = _payload(record.raw).kinesis.data
        except msgspec.DecodeError:
            return self.always
        is_other = _OTHER_SPELLING.search(data) is not None
        return (*self.always, "number-equality") if is_other else self.always


def _of_patterns(filters: Filters, parsed: list[object]) -> Iterator[str]:
    if any(one.top_level & METADATA for one in filters.filters):
        yield "metadata-filter"
    if any(one.pattern.operators - LAMBDA_OPERATORS for one in filters.filters):
        yield "filter-operators"
    if any(rule.was_refused for one in filters.filters for rule in one.pattern.rules):
        yield "numeric-range"
    if any(_repeats_a_path(each) for each in parsed):
        yield "repeated-path"


def _has_number(pattern: object) -> bool:
    """Whether a list of rules has a bare number, which is compared for equality."""
    if isinstance(pattern, dict):
        return any(_has_number(each) for each in pattern.values())
    if isinstance(pattern, list):
        return any(
            _has_number(each)
            if isinstance(each, dict)
            else isinstance(each, int | float) and not isinstance(each, bool)
            for each in pattern
        )
    return False


def _repeats_a_path(pattern: object) -> bool:
    """Whether a path is named in $or and beside it."""
    inside, beside = set[str](), set[str]()

    def walk(value: object, path: str, *, in_or: bool) -> None:
        if not isinstance(value, dict):
            (inside if in_or else beside).add(path)
            return
        for key, member in value.items():
            if key == _OR and isinstance(member, list):
                for each in member:
                    walk(each, path, in_or=True)
            else:
                walk(member, f"{path}.{key}", in_or=in_or)

    walk(pattern, "", in_or=False)
    return bool(inside & beside)
