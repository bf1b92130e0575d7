"""What the rules see of a mapping: only what is known for sure. Pure.

A value that only AWS knows (an import, a parameter without default) is `UNKNOWN`, and a rule says
nothing that depends on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.lint.rule import Path
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

_DEFAULTS: Mapping[str, object] = EventSourceMapping().to_aws()


class Reports(Enum):
    """Whether a handler reports batch item failures."""

    YES = "it returns them"
    MENTIONED = "its code speaks of them"  # text search: it may return them
    NEVER = "no return of it can be a report"
    UNKNOWN = "its code is not here, or cannot be judged"


@dataclass(frozen=True, slots=True)
class HandlerCode:
    """What the code of a function does, as far as reading it tells."""

    reports: Reports = Reports.UNKNOWN
    place: str = ""  # of the report, or of the handler: "src/app.py:12"
    word: str = ""  # that was found there: "batchItemFailures"
    opens_aggregates: bool | None = None  # None: not known


@dataclass(frozen=True, slots=True)
class Consumer:
    """A function that reads the failure queue."""

    name: str
    timeout: float | None  # seconds
    place: Path


@dataclass(frozen=True, slots=True)
class DestinationFacts:
    """The on-failure destination, where the template makes it."""

    kind: str  # "SQS", "SNS", "S3"
    name: str  # its logical id
    place: Path  # of its Properties
    properties: Mapping[str, object]  # resolved; members that are not known are UNKNOWN
    is_watched: bool | None = None  # by an alarm, a subscriber or a reader; None: not known
    consumers: tuple[Consumer, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """The stream, where the template makes it."""

    name: str  # its logical id
    place: Path  # of its Properties
    shards: int | None  # None: on demand, or not known
    is_on_demand: bool
    retention_hours: int | None  # None: not known
    distribution: str = ""  # RecordDistributionStrategy
    producers: tuple[str, ...] = ()  # code that puts KPL aggregates on it: "producer/app.py:8"


@dataclass(frozen=True, slots=True)
class TableFacts:
    """The table whose stream is read, where the template makes it."""

    name: str  # its logical id
    place: Path  # of its Properties
    view: object  # StreamViewType; None: its stream is off; UNKNOWN: only AWS knows


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """The function that the mapping calls, where the template has it."""

    name: str  # its logical id
    place: Path  # of its Properties
    timeout: float | None = None  # seconds; None: not known
    reserved: int | None = None  # reserved concurrency; None: none, or not known
    lanes: int | None = None  # calls that all its mappings from streams may want at once
    sam_makes_role: bool = False  # it names no role of its own
    other_feeders: tuple[str, ...] = ()  # what else calls it: "SQS (Jobs)"
    read_code: Callable[[], HandlerCode] = HandlerCode  # looks into its files
    may_send: Callable[[str, str], bool | None] = lambda _action, _arn: None  # its role


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFacts:
    """A mapping, and what is known of what is around it."""

    name: str
    values: Mapping[str, object]  # under AWS's names; what is absent has AWS's default
    place: Path = ()  # of the map that holds them
    function: FunctionFacts | None = None
    kind: SourceKind = KINESIS  # of source that it reads
    stream: StreamFacts | None = None
    table: TableFacts | None = None
    destination: DestinationFacts | None = None
    age_is_watched: bool | None = None  # by an alarm on IteratorAge; None: not known
    is_consumer: bool | None = None  # whether it reads through enhanced fan-out
    is_sam: bool = False  # an event of a SAM function: SAM makes its policies
    new_name: Callable[[str], str] = field(default=lambda name: name)  # that no resource has

    def known(self, name: str) -> object:
        """A setting's value, AWS's default where it is absent; UNKNOWN: only AWS knows it."""
        value = self.values.get(name)
        return _DEFAULTS.get(name) if value is None else value

    def number(self, name: str) -> int | None:
        """A setting that is a whole number; None: it is none, or not known."""
        value = self.known(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, name: str) -> bool | None:
        """A setting that is true or false; None: it is none, or not known."""
        value = self.known(name)
        return value if isinstance(value, bool) else None

    @property
    def reports(self) -> bool | None:
        """Whether ReportBatchItemFailures is on; None: not known."""
        types = self.known("FunctionResponseTypes")
        if not isinstance(types, list):
            return None
        if "ReportBatchItemFailures" in types:
            return True
        return None if UNKNOWN in types else False

    @property
    def on_failure(self) -> object:
        """The destination's ARN; None: there is none; UNKNOWN: only AWS knows."""
        config = self.known("DestinationConfig")
        if config is UNKNOWN:
            return UNKNOWN
        on_failure = config.get("OnFailure") if isinstance(config, Mapping) else None
        if on_failure is UNKNOWN:
            return UNKNOWN
        return on_failure.get("Destination") or None if isinstance(on_failure, Mapping) else None

    @property
    def patterns(self) -> list[str] | None:
        """The filters' patterns; None: one of them is not known."""
        criteria = self.values.get("FilterCriteria")
        if criteria is None:
            return []
        filters = criteria.get("Filters") if isinstance(criteria, Mapping) else None
        if not isinstance(filters, list):
            return None
        patterns = [each.get("Pattern") if isinstance(each, Mapping) else None for each in filters]
        texts = [each for each in patterns if isinstance(each, str)]
        return texts if len(texts) == len(patterns) else None

    def at(self, member: str) -> Path:
        """Where a setting is written, or would be."""
        return (*self.place, member)

    @property
    def retention_hours(self) -> int | None:
        """How long the stream keeps records; None: not known."""
        if (fixed := self.kind.rules.fixed_retention_hours) is not None:
            return int(fixed)
        return None if self.stream is None else self.stream.retention_hours
