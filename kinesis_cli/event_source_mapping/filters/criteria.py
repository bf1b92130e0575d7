"""FilterCriteria: which records of a stream an event source mapping delivers at all.

A record that matches no filter is never delivered, retried or sent to a destination; the mapping
moves past it.

What a filter sees of a record depends on the kind of source (`stream.kinds`).

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.filters.compiler import (
    AWS_MESSAGE,
    LAMBDA_OPERATORS,
    compile_pattern,
)
from kinesis_cli.event_source_mapping.filters.json_text import ABSENT, read, read_pattern
from kinesis_cli.event_source_mapping.filters.pattern import Field, Pattern
from kinesis_cli.stream.kinds.kind import SourceKind, WantedField
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.record import Record

DEFAULT_QUOTA = 5  # filters of one mapping; AWS raises it to MAX_FILTERS on request
MAX_FILTERS = 10
MAX_PATTERN_LENGTH = 4096  # characters
JOIN_SEVERAL = "Join several with $or, or list several values in one pattern."


@dataclass(frozen=True, slots=True)
class Filter:
    """One compiled filter."""

    number: int  # 1-based, in the order of FilterCriteria
    pattern: Pattern
    top_level: frozenset[str]  # first keys of its paths: "data", "partitionKey"
    decoded: frozenset[str] = frozenset()  # those of them that are there only as JSON

    def matches(self, document: dict[str, object]) -> bool:
        """Whether a filter document (see `Filters`) matches."""
        if self.decoded and not self.decoded <= document.keys():
            return False  # data that is not JSON fails every filter that looks at data
        return self.pattern.matches(document)

    def explain(self, document: dict[str, object]) -> str:
        """Why a document does not match."""
        if missing := sorted(self.decoded - document.keys()):
            return f"filter {self.number}: {missing[0]} is not JSON"
        return f"filter {self.number}: {self.pattern.mismatch(document)}"

    @property
    def fields(self) -> list[Field]:
        """All fields of its pattern, those of all branches of `$or`."""
        return [one for alternative in self.pattern.alternatives for one in alternative]


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a mapping, one of which must match. Without filters every record matches.

    A filter sees a record as one object (`SourceKind.filter_document`).
    """

    filters: tuple[Filter, ...]
    warnings: tuple[str, ...]  # one sentence for each thing that AWS may treat otherwise
    kind: SourceKind = KINESIS
    top_level: frozenset[str] = frozenset()  # of all filters
    compares_numbers: bool = False

    def matches(self, record: Record) -> bool:
        """Whether the record is delivered."""
        if not self.filters:
            return True
        document = self._document(record)
        return any(one.matches(document) for one in self.filters)

    def explain(self, record: Record) -> str:
        """Why the record is not delivered: for each filter the path, the value and the rule."""
        document = self._document(record)
        matching = [one.number for one in self.filters if one.matches(document)]
        if matching or not self.filters:
            return f"matches filter {matching[0]}" if matching else "there is no filter"
        return "; ".join(one.explain(document) for one in self.filters)

    def _document(self, record: Record) -> dict[str, object]:
        return self.kind.filter_document(record.raw, self._parse, self.top_level)

    def _parse(self, document: bytes) -> object:
        value = read(document, exact_numbers=self.compares_numbers)
        if value is ABSENT:
            raise ValueError("not JSON")
        return value


def compile_filters(patterns: Sequence[str], kind: SourceKind = KINESIS) -> Filters:
    """Compile the patterns of FilterCriteria.

    Args:
        patterns: each filter's Pattern, JSON as text.
        kind: of source that the mapping reads.

    Raises:
        InputError: AWS would refuse to create the mapping.
    """
    if len(patterns) > MAX_FILTERS:
        raise InputError(
            f"{len(patterns)} filters, AWS allows at most {MAX_FILTERS}",
            place="FilterCriteria",
            advice=JOIN_SEVERAL,
        )
    filters = tuple(
        _compile_filter(pattern, number, kind) for number, pattern in enumerate(patterns, 1)
    )
    return Filters(
        filters,
        tuple(_warnings(filters, kind)),
        kind,
        top_level=frozenset[str]().union(*(one.top_level for one in filters)),
        compares_numbers=any(
            rule.compares_numbers for one in filters for rule in one.pattern.rules
        ),
    )


def _compile_filter(text: str, number: int, kind: SourceKind) -> Filter:
    place = f"filter {number}"
    if len(text) > MAX_PATTERN_LENGTH:
        why = f"the pattern has {len(text)} characters, at most {MAX_PATTERN_LENGTH} are allowed"
        raise InputError(why, place=place)
    parsed = read_pattern(text)
    if parsed is ABSENT:
        raise InputError(
            f"{AWS_MESSAGE} It is not JSON",
            place=place,
            advice=f"A pattern looks like {kind.filter_members.example}.",
        )
    pattern = compile_pattern(parsed, place=place)
    decoded = kind.filter_members.decoded
    fields = [one for alternative in pattern.alternatives for one in alternative]
    # UNSURE(data-leaf): a list of rules on `data` itself is refused as a non-JSON pattern for data,
    # as the guide's table says; it may also be accepted for data that is a bare JSON value.
    leaves = (one.keys[0] for one in fields if len(one.keys) == 1)
    if bare := next((name for name in leaves if name in decoded), None):
        raise InputError(
            f"{AWS_MESSAGE} The pattern for {bare} must be a JSON object",
            place=f"{place}, {bare}",
            advice=f"{kind.title} {bare} is matched as parsed JSON, never as plain text.",
        )
    top_level = frozenset(one.keys[0] for one in fields)
    return Filter(number, pattern, top_level, top_level & decoded)


def _warnings(filters: Sequence[Filter], kind: SourceKind) -> Iterator[str]:
    members = kind.filter_members
    if len(filters) > DEFAULT_QUOTA:
        yield f"{len(filters)} filters: more than {DEFAULT_QUOTA} need a raised quota in AWS"
    for one in filters:
        # UNSURE(metadata-filter): the guide says that Kinesis filters on `data` only, and a table's
        # stream on `dynamodb` only; its older edition and recorded samples filter on others. We
        # support all.
        if others := sorted(one.top_level & members.others):
            names = ", ".join(others)
            only = " and ".join(sorted(members.documented))
            documented = f"AWS documents only {only} for {kind.title}"
            yield f"filter {one.number} looks at {names}: {documented}"
        if unknown := sorted(one.top_level - members.others - members.documented):
            names = ", ".join(unknown)
            yield f"filter {one.number} looks at {names}, which {members.beside}"
        for sentence in kind.filter_remarks(list(map(wanted_field, one.fields))):
            yield f"filter {one.number} {sentence}"
        # UNSURE(numeric-range): AWS's matcher compares all doubles since 2024; the documentation
        # still says -5e9 to 5e9 and six decimals, and an older matcher refuses the pattern.
        if any(rule.was_refused for rule in one.pattern.rules):
            yield (
                f"filter {one.number} compares numbers beyond 5.0e9 or six decimals: AWS's matcher "
                "does since 2024, an older one refuses the filter"
            )
        # UNSURE(filter-operators): EventBridge's operators that Lambda's table does not list are
        # supported.
        if others := sorted(one.pattern.operators - LAMBDA_OPERATORS):
            names = ", ".join(others)
            yield f"filter {one.number} uses {names}: not among the operators of Lambda's guide"


def wanted_field(field: Field) -> WantedField:
    """Return what a field asks for, as kinds of source look at it."""
    return WantedField(
        field.keys,
        absence=field.wants_absence,
        numbers=all(rule.compares_numbers for rule in field.rules),
        holds=field.holds,
    )
