"""The state that the page shows: the sections, and what they are made of."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import asdict
from heapq import nlargest
from typing import Any

from kinesis_cli._version import __version__
from kinesis_cli.local.function.activity import ShardCounts
from kinesis_cli.local.kinesis import faults_on
from kinesis_cli.local.live_page.around import Surroundings
from kinesis_cli.local.live_page.calls import MAX_WORDS, CallWatch
from kinesis_cli.local.live_page.failures import waiting_documents
from kinesis_cli.local.live_page.feed import NOW
from kinesis_cli.local.live_page.invoked import invoked
from kinesis_cli.local.live_page.streams import MAX_STREAMS, StreamWatch, table_rows
from kinesis_cli.local.live_page.stuck import stuck
from kinesis_cli.stream.escaping import escape

MAX_ROWS = 64  # of the mappings, and of their shards, the busiest
MAX_SAID = 50


class State:
    """Makes the sections.

    Args:
        around: what they show.

    Attributes:
        calls: of the functions.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._streams = StreamWatch(around.data_plane)
        self._streams.look(_seconds())
        self.calls = CallWatch()
        self._watching_since = around.data_plane.clock.now()

    async def sections(self, windows: Collection[int]) -> Mapping[str, object]:
        """All sections as they are now; the timeline for each of some windows, `timeline:60`."""
        around, streams, service = self._around, self._streams, self._around.functions.service
        now = around.data_plane.clock.now()
        streams.look(_seconds())
        if service:
            await self.calls.look(service.history, now)
        rows = [*streams.rows(), *table_rows(around.functions.tables())]
        return {
            NOW: round(now, 3),
            "server": self._server(),
            "streams": {"streams": rows[:MAX_STREAMS], "more": max(len(rows) - MAX_STREAMS, 0)},
            "records": {"total": streams.total, "shown": streams.newest()},
            "mappings": await self._mappings(),
            "calls": self.calls.calls(service.shards() if service else ()),
            "running": self.calls.running(),
            **{f"timeline:{each}": self.calls.timeline(each, now) for each in windows},
            "invoked": invoked(service),
            "said": [harmless(each) for each in around.functions.said(MAX_SAID)],
            "faults": faults_on(around.data_plane.switch_faults({})),
            "failures": waiting_documents(around),
            "problems": self._problems(),
            "stuck": stuck(service, now),
        }

    def _server(self) -> dict[str, object]:
        server = self._around.server
        return {
            "kcli": __version__,
            "endpoint": server.endpoint,
            "region": server.region,
            "state": "" if server.in_memory else escape(server.state),
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


def harmless(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same, each text of it made harmless, and not too long."""
    return {
        name: escape(each)[:MAX_WORDS] if isinstance(each, str) else each
        for name, each in document.items()
    }


def _counts(counts: ShardCounts) -> dict[str, Any]:
    document = harmless(asdict(counts))
    return {**document, "iterator_age": round(counts.iterator_age, 3)}


def _seconds() -> float:
    return asyncio.get_running_loop().time()
