"""What a local endpoint has to say of itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinesis_cli.local.process import ask
from kinesis_cli.local.state import Server, running_server


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """A stream on this machine."""

    name: str
    arn: str
    shards: int  # open ones
    records: int  # that are kept


@dataclass(frozen=True, slots=True)
class MappingStatus:
    """An event source mapping of a stream on this machine."""

    function: str
    stream: str
    state: str  # AWS's "Enabled" or "Disabled", or "Problem: ..."
    backlog: int  # records that have not been handled or discarded


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


def local_status(state: Path) -> LocalStatus:
    """The status of the endpoint of a state directory.

    Raises:
        EndpointError: it runs and does not answer.
    """
    server = running_server(state)
    if server is None:
        return LocalStatus(state, None, ())
    answer: Any = ask(server, "status")
    mappings = tuple(MappingStatus(**each) for each in answer["mappings"])
    return LocalStatus(
        state,
        server,
        stream_status(answer["streams"]),
        mappings,
        problems=tuple(Problem(**each) for each in answer["problems"]),
        not_made=tuple(Problem(**each) for each in answer["not_made"]),
        notes=tuple(answer.get("notes", ())),  # which a server of an older kcli does not tell
    )


def stream_status(summary: Iterable[Mapping[str, Any]]) -> tuple[StreamStatus, ...]:
    """The streams of the data plane's summary."""
    return tuple(
        StreamStatus(each["name"], each["arn"], each["shards"], each["records"]) for each in summary
    )
