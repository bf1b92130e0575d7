"""Where filters depend on what AWS does not document: the ids of docs/fidelity.md."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from kinesis_cli.event_source_mapping.filters.compiler import LAMBDA_OPERATORS
from kinesis_cli.event_source_mapping.filters.criteria import Filters
from kinesis_cli.stream.record import Record

_OR = "$or"
# Numbers that are written otherwise than the same number mostly is: with a fraction of zeros, or an
# exponent.
_OTHER_SPELLING = re.compile(rb"\d\.0+(?!\d)|\d[eE][+-]?\d|-0(?![\d.])")


class FilterDoubts:
    """The points that a mapping's filters depend on.

    Args:
        patterns: of the mapping.
        filters: compiled from them.
    """

    def __init__(self, patterns: Sequence[str], filters: Filters) -> None:
        parsed = [json.loads(pattern) for pattern in patterns]
        self.always = tuple(_of_patterns(filters, parsed))  # whatever the record
        self._kind = filters.kind
        self._equality = any(_has_number(each) for each in parsed) and any(
            self._kind.may_be_number(field.keys) for one in filters.filters for field in one.fields
        )
        self._names = frozenset(chain.from_iterable(_names_in_text(filters)))
        # As they stand in most data: a name of which there is one in all the text is not repeated.
        self._quoted = [json.dumps(name, ensure_ascii=False).encode() for name in self._names]

    def of(self, record: Record) -> tuple[str, ...]:
        """The points that a verdict on this record depends on."""
        try:
            data = self._kind.filtered_text(record.raw)
        except msgspec.DecodeError:
            return self.always
        points = self.always
        if self._equality and _OTHER_SPELLING.search(data) is not None:
            points += ("number-equality",)
        if self._repeats_a_name(data):
            points += ("repeated-key",)
        return points

    def _repeats_a_name(self, data: bytes) -> bool:
        """Whether an object has a member twice at which a pattern may look."""
        for quoted in self._quoted:
            if data.count(quoted) > 1:
                break
        else:
            if b"\\u" not in data:  # a name may be written as \u0061
                return False
        found = False

        def members(pairs: list[tuple[str, object]]) -> None:
            nonlocal found
            names = [name for name, _ in pairs if name in self._names]
            found = found or len(names) > len(set(names))

        try:
            json.loads(data, object_pairs_hook=members)
        except (ValueError, RecursionError):
            return False
        return found


def _names_in_text(filters: Filters) -> Iterator[tuple[str, ...]]:
    """The names that patterns look for in `SourceKind.filtered_text`."""
    decoded = filters.kind.filter_members.decoded
    for one in filters.filters:
        for field in one.fields:
            if not decoded:
                yield field.keys
            elif field.keys[0] in decoded:
                yield field.keys[1:]


def _of_patterns(filters: Filters, parsed: list[object]) -> Iterator[str]:
    if filters.top_level & filters.kind.filter_members.others:
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
