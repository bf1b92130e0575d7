"""The mappings that are delivered now, why others are not, and whether anything is left to do."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from kinesis_cli.local.kinesis.waking import Pulse
from kinesis_cli.local.mapping.run import MappingRun

_LOOK_AGAIN_SECONDS = 1.0


@dataclass(slots=True)
class _Running:
    run: MappingRun
    task: asyncio.Task[None]


class Deliveries:
    """What is delivered, by the mapping's UUID."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._refused: dict[str, str] = {}  # why a mapping does not run
        self._ending: set[asyncio.Task[None]] = set()
        self._pulse = Pulse()
        self._changes = 0
        self._round = 0

    @property
    def runs(self) -> list[MappingRun]:
        """Those that are delivered now."""
        return [each.run for each in self._running.values()]

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """What is to be cancelled at the end."""
        return [*(each.task for each in self._running.values()), *self._ending]

    def run_of(self, uuid_: str) -> MappingRun | None:
        """The delivery of a mapping; None: it is not delivered."""
        running = self._running.get(uuid_)
        return running.run if running else None

    def refusal(self, uuid_: str) -> str:
        """Why a mapping cannot be delivered; "": nothing was in the way."""
        return self._refused.get(uuid_, "")

    def begin(self, uuid_: str, run: MappingRun) -> None:
        """Deliver a mapping from now on."""
        self._refused.pop(uuid_, None)
        self._running[uuid_] = _Running(run, asyncio.create_task(run.run()))

    def refuse(self, uuid_: str, why: str) -> None:
        """Remember why a mapping cannot be delivered."""
        self._refused[uuid_] = why

    async def pause(self, uuid_: str) -> None:
        """Stop delivering a mapping; calls that are running end, and count."""
        running = self._running.pop(uuid_, None)
        if running is not None:
            self._ending.add(running.task)
            running.run.stop()
            await asyncio.wait([running.task])
            self._ending.discard(running.task)

    # Waiting

    def change(self) -> None:
        """Note that something came or ended."""
        self._changes += 1
        self._pulse.beat()

    def look_was_answered(self) -> None:
        """Note that a shard has been looked at."""
        self._pulse.beat()

    async def wait_idle(
        self, events_are_idle: Callable[[], bool], refuse_to_wait: Callable[[], None]
    ) -> None:
        """Wait until every record and event has ended.

        Args:
            events_are_idle: whether no asynchronous call is left.
            refuse_to_wait: raises where what is waited for will not come.
        """
        while True:
            changes = self._changes
            if await self._found_nothing(events_are_idle) and self._changes == changes:
                return
            while self._changes == changes:
                refuse_to_wait()
                await self._pulse.wait(_LOOK_AGAIN_SECONDS)

    async def _found_nothing(self, events_are_idle: Callable[[], bool]) -> bool:
        """Look at all shards once. Whether nothing was in hand before, and nothing there to read.

        Both at the same time: what is in hand may put records, too, or send events.
        """
        no_events_before = events_are_idle()
        self._round += 1
        round_ = self._round
        runs = self.runs
        for run in runs:
            run.look(round_)
        while not all(run.looked(round_) for run in runs):
            await self._pulse.wait(_LOOK_AGAIN_SECONDS)
            for run in runs:
                if not run.looked(round_):  # its shards have just been found
                    run.look(round_)
        no_events = no_events_before and events_are_idle()
        return all(run.found_nothing for run in runs) and no_events and not self._ending
