"""The state that the page shows: the sections, and what they are made of."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from heapq import nlargest
from typing import Any, Protocol

import msgspec

from kinesis_cli._version import __version__
from kinesis_cli.local.function.activity import ShardCounts
from kinesis_cli.local.kinesis import DataPlane, FaultSettings
from kinesis_cli.local.kinesis_protocol.api import KinesisApi
from kinesis_cli.local.lambda_api.service import FunctionService
from kinesis_cli.local.live_page.streams import MAX_STREAMS, StreamWatch, table_rows
from kinesis_cli.local.neighbours.moto_server import Neighbours
from kinesis_cli.local.state import Server
from kinesis_cli.stream.escaping import escape

MAX_ROWS = 64  # of the mappings, and of their shards, the busiest
MAX_SAID = 50
WINDOWS = (60, 600, 3600)  # seconds that the timeline can show

# Every fault as it is when nobody touched it.
_OFF = {**msgspec.structs.asdict(FaultSettings()), "clock": 0.0}


class Functions(Protocol):
    """What feeds the functions."""

    @property
    def service(self) -> FunctionService | None:
        """None: there are no functions."""

    def tables(self) -> list[dict[str, Any]]:
        """The streams of tables."""

    def activity(self) -> dict[str, Any]:
        """What was said last."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the page shows, and acts on."""

    data_plane: DataPlane
    kinesis: KinesisApi
    neighbours: Neighbours
    functions: Functions
    server: Server


class State:
    """Makes the sections.

    Args:
        around: what they show.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._streams = StreamWatch(around.data_plane)
        self._streams.look(_seconds())
        self._watching_since = around.data_plane.clock.now()

    async def sections(self) -> Mapping[str, object]:
        """All sections as they are now; those of one window have it behind a colon."""
        around, streams = self._around, self._streams
        streams.look(_seconds())
        rows = [*streams.rows(), *table_rows(around.functions.tables())]
        return {
            "now": round(around.data_plane.clock.now(), 3),
            "server": self._server(),
            "streams": {"streams": rows[:MAX_STREAMS], "more": max(len(rows) - MAX_STREAMS, 0)},
            "records": {"total": streams.total, "shown": streams.newest()},
            "mappings": await self._mappings(),
            "said": _said(around.functions.activity()["said"]),
            "faults": faults_on(around.data_plane.switch_faults({})),
            "problems": self._problems(),
        }

    def other_windows(self, named: str) -> Callable[[str], bool]:
        """Whether a section is of another window than the one that is named."""
        window = named if named in map(str, WINDOWS) else str(WINDOWS[0])
        return lambda name: ":" in name and not name.endswith(f":{window}")

    def _server(self) -> dict[str, object]:
        server = self._around.server
        return {
            "kcli": __version__,
            "endpoint": server.endpoint,
            "region": server.region,
            "state": escape(server.state),
            "since": server.started,
            "watching_since": self._watching_since,
        }

    async def _mappings(self) -> dict[str, object]:
        service = self._around.functions.service
        found = await service.status() if service else []
        shards = service.shards() if service else []
        busiest = nlargest(MAX_ROWS, shards, key=lambda each: (each.held, each.records))
        shown = {id(each) for each in busiest}
        return {
            "mappings": [harmless(asdict(each)) for each in found[:MAX_ROWS]],
            "shards": [_counts(each) for each in shards if id(each) in shown],
            "more": max(len(found) - MAX_ROWS, 0) + len(shards) - len(shown),
        }

    def _problems(self) -> list[dict[str, Any]]:
        service = self._around.functions.service
        return [harmless(asdict(each)) for each in service.problems()] if service else []


def faults_on(switches: Mapping[str, object]) -> dict[str, object]:
    """Those faults that are on."""
    return {name: value for name, value in switches.items() if value != _OFF[name]}


def harmless(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same, each text of it made harmless."""
    return {n: escape(each) if isinstance(each, str) else each for n, each in document.items()}


def _counts(counts: ShardCounts) -> dict[str, Any]:
    document = harmless(asdict(counts))
    return {**document, "iterator_age": round(counts.iterator_age, 3)}


def _said(said: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [harmless(each) for each in said[-MAX_SAID:]]


def _seconds() -> float:
    return asyncio.get_running_loop().time()
