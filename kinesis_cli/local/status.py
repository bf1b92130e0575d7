"""What a local endpoint has to say of itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinesis_cli.local.state import Server


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """A stream on this machine: of Kinesis, or of a table."""

    name: str  # of a table's stream: the table's
    arn: str
    shards: int  # open ones
    records: int  # that are kept


@dataclass(frozen=True, slots=True)
class MappingStatus:
    """An event source mapping of a stream on this machine."""

    function: str
    stream: str  # or the table
    state: str  # AWS's "Enabled" or "Disabled", or "Problem: ..."
    backlog: int  # records that have not been handled or discarded
    iterator_age: float | None = None  # seconds: of the last batches; None: none was called


@dataclass(frozen=True, slots=True)
class Problem:
    """A function that cannot run, a mapping that feeds nothing, or a resource that is not here."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class LocalStatus:
    """A local endpoint, whether it runs or not."""

    state: Path
    server: Server | None  # None: it does not run
    streams: tuple[StreamStatus, ...]
    mappings: tuple[MappingStatus, ...] = ()
    problems: tuple[Problem, ...] = ()
    not_made: tuple[Problem, ...] = ()  # resources of the template: logical id, type
    notes: tuple[str, ...] = ()  # which Python runs what, and what is not as on Lambda
    tables: tuple[StreamStatus, ...] = ()  # the streams of tables that are on
    page_link: str = ""  # to the live page; "": it was not asked for


def stream_status(summary: Iterable[Mapping[str, Any]]) -> tuple[StreamStatus, ...]:
    """The streams of a summary: the data plane's, or the tables'."""
    return tuple(
        StreamStatus(each["name"], each["arn"], each["shards"], each["records"]) for each in summary
    )
