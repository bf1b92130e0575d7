"""FilterCriteria: which records of a stream an event source mapping delivers at all.

A record that matches no filter is never delivered, retried or sent to a destination; the mapping
moves past it.

Sources:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.filters.compiler import (
    AWS_MESSAGE,
    LAMBDA_OPERATORS,
    compile_pattern,
)
from kinesis_cli.event_source_mapping.filters.json_text import ABSENT, read, read_pattern
from kinesis_cli.event_source_mapping.filters.pattern import Pattern
from kinesis_cli.stream.record import Record, data_in

DEFAULT_QUOTA = 5  # filters of one mapping; AWS raises it to MAX_FILTERS on request
MAX_FILTERS = 10
MAX_PATTERN_LENGTH = 4096  # characters

DATA = "data"
METADATA = frozenset(
    {
        "approximateArrivalTimestamp",
        "encryptionType",
        "kinesisSchemaVersion",
        "partitionKey",
        "sequenceNumber",
        "awsRegion",
        "eventID",
        "eventName",
        "eventSource",
        "eventSourceARN",
        "eventVersion",
        "invokeIdentityArn",
    }
)


@dataclass(frozen=True, slots=True)
class Filter:
    """One compiled filter."""

    number: int  # 1-based, in the order of FilterCriteria
    pattern: Pattern
    top_level: frozenset[str]  # first keys of its paths: "data", "partitionKey"

    def matches(self, document: dict[str, object]) -> bool:
        """Whether a filter document (see `Filters`) matches."""
        if DATA in self.top_level and DATA not in document:
            return False  # data that is not JSON fails every filter that looks at data
        return self.pattern.matches(document)

    def explain(self, document: dict[str, object]) -> str:
        """Why a document does not match."""
        if DATA in self.top_level and DATA not in document:
            return f"filter {self.number}: data is not JSON"
        return f"filter {self.number}: {self.pattern.mismatch(document)}"


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a mapping, one of which must match. Without filters every record matches.

    A filter sees a record as one object: `data` is the decoded payload as JSON, beside it are the
    record's metadata (`partitionKey`, `eventSourceARN`, ...).
    """

    filters: tuple[Filter, ...]
    warnings: tuple[str, ...]  # one sentence for each thing that AWS may treat otherwise
    reads_data: bool = False
    reads_metadata: bool = False
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
        document = self._metadata(record) if self.reads_metadata else {}
        if self.reads_data:
            data = self._data(record)
            if data is not ABSENT:
                document[DATA] = data
        return document

    def _metadata(self, record: Record) -> dict[str, object]:
        members = self._parse(record.raw)
        if not isinstance(members, dict):
            return {}
        kinesis = members.pop("kinesis", None)
        if isinstance(kinesis, dict):
            members |= kinesis
        members.pop(DATA, None)
        return members

    def _data(self, record: Record) -> object:
        try:
            payload = data_in(record.raw)
        except msgspec.DecodeError:  # not base64
            return ABSENT
        return self._parse(payload)

    def _parse(self, document: bytes) -> object:
        return read(document, exact_numbers=self.compares_numbers)


def compile_filters(patterns: Sequence[str]) -> Filters:
    """Compile the patterns of FilterCriteria.

    Args:
        patterns: each filter's Pattern, JSON as text.

    Raises:
        InputError: AWS would refuse to create the mapping.
    """
    if len(patterns) > MAX_FILTERS:
        raise InputError(
            f"{len(patterns)} filters, AWS allows at most {MAX_FILTERS}",
            place="FilterCriteria",
            advice="Join several with $or, or list several values in one pattern.",
        )
    filters = tuple(_compile_filter(pattern, number) for number, pattern in enumerate(patterns, 1))
    top_level = frozenset[str]().union(*(one.top_level for one in filters))
    return Filters(
        filters,
        tuple(_warnings(filters)),
        reads_data=DATA in top_level,
        reads_metadata=bool(top_level - {DATA}),
        compares_numbers=any(
            rule.compares_numbers for one in filters for rule in one.pattern.rules
        ),
    )


def _compile_filter(text: str, number: int) -> Filter:
    place = f"filter {number}"
    if len(text) > MAX_PATTERN_LENGTH:
        why = f"the pattern has {len(text)} characters, at most {MAX_PATTERN_LENGTH} are allowed"
        raise InputError(why, place=place)
    parsed = read_pattern(text)
    if parsed is ABSENT:
        raise InputError(
            f"{AWS_MESSAGE} It is not JSON",
            place=place,
            advice='A pattern looks like {"data": {"temperature": [{"numeric": [">", 30]}]}}.',
        )
    pattern = compile_pattern(parsed, place=place)
    fields = [one for alternative in pattern.alternatives for one in alternative]
    # UNSURE(data-leaf): a list of rules on `data` itself is refused as a non-JSON pattern for data,
    # as the guide's table says; it may also be accepted for data that is a bare JSON value.
    if any(one.keys == (DATA,) for one in fields):
        raise InputError(
            f"{AWS_MESSAGE} The pattern for data must be a JSON object",
            place=f"{place}, data",
            advice="Kinesis data is matched as parsed JSON, never as plain text.",
        )
    return Filter(number, pattern, frozenset(one.keys[0] for one in fields))


def _warnings(filters: Sequence[Filter]) -> Iterator[str]:
    if len(filters) > DEFAULT_QUOTA:
        yield f"{len(filters)} filters: more than {DEFAULT_QUOTA} need a raised quota in AWS"
    for one in filters:
        # UNSURE(metadata-filter): the guide says that Kinesis filters on `data` only; its older
        # edition and a recorded sample filter on partitionKey. We support metadata.
        if metadata := sorted(one.top_level & METADATA):
            names = ", ".join(metadata)
            yield f"filter {one.number} looks at {names}: AWS documents only data for Kinesis"
        if unknown := sorted(one.top_level - METADATA - {DATA}):
            names = ", ".join(unknown)
            yield f"filter {one.number} looks at {names}, which no Kinesis record has beside data"
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
