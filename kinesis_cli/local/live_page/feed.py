"""What is sent to the pages that are open: the newest state, to each as often as it keeps up.

The state is made of sections. Each is made once for all pages, and sent where it has changed since
a page got it last; so a page that is slow, or comes back, gets what is true then, and nothing is
kept for it. While no page is open, nothing is made.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping

import msgspec

from kinesis_cli.local.failures import Failures
from kinesis_cli.local.kinesis.waking import Pulse

PERIOD = 0.5  # seconds between two states, at least
_SHARE = 10  # a state is made in a tenth of the time, at most
KEEP_ALIVE = 15.0  # seconds after which something is sent in any case
MAX_PAGES = 32
END = b"event: end\ndata: {}\n\n"  # when the server ends
NOW = "now"  # the section that always changes, and is sent with others
RETRY_MS = 1000  # after which a browser that lost its connection comes back

Sections = Mapping[str, object]
_encode = msgspec.json.Encoder().encode


class Feed:
    """The state, and the pages that watch it.

    Args:
        make: makes all sections, and for each of some windows its own, `NAME:WINDOW`.
        failures: told of our own mistakes: the pages then keep what they have.
    """

    def __init__(
        self, make: Callable[[Collection[int]], Awaitable[Sections]], failures: Failures
    ) -> None:
        self._make, self._failures = make, failures
        self._sections: dict[str, tuple[int, bytes]] = {}  # the state's number when it changed
        self._number = 0
        self._windows: Counter[int] = Counter()  # of the pages that are open
        self._pulse = Pulse()
        self._task: asyncio.Task[None] | None = None
        self._making = asyncio.Lock()
        self._is_broken = False  # which is told once

    @property
    def is_full(self) -> bool:
        """Whether no more pages can be served."""
        return self._windows.total() >= MAX_PAGES

    async def state(self, window: int) -> bytes:
        """The whole state now, as JSON."""
        await self._renew(window)
        return self._changed(-1, window)

    async def events(self, window: int) -> AsyncIterator[bytes]:
        """The events for one page, without an end."""
        self._enter(window)
        try:
            await self._renew()
            yield b"retry: %d\n\n" % RETRY_MS
            seen = -1
            while True:
                if seen != self._number:
                    seen, data = self._number, self._changed(seen, window)
                    yield b"event: state\nid: %d\ndata: %s\n\n" % (seen, data)
                    continue  # it may have changed while that was sent
                await self._pulse.wait(KEEP_ALIVE)
                if seen == self._number:
                    yield b": nothing new\n\n"
        finally:
            self._leave(window)

    def _changed(self, since: int, window: int) -> bytes:
        """The sections for a window that have changed since a state, as one object."""
        members = []
        for name, (number, text) in self._sections.items():
            section, _, of_window = name.partition(":")
            if number > since and of_window in ("", str(window)):
                members.append(b'"%s":%s' % (section.encode(), text))
        return b"{%s}" % b",".join(members)

    # While anybody watches

    def _enter(self, window: int) -> None:
        self._windows[window] += 1
        if self._task is None:
            self._task = asyncio.create_task(self._go_on())

    def _leave(self, window: int) -> None:
        self._windows[window] -= 1
        if not self._windows.total() and self._task:
            self._task.cancel()
            self._task = None

    async def _go_on(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            await self._renew()
            await asyncio.sleep(max(PERIOD, _SHARE * (clock() - began)))

    async def _renew(self, *more_windows: int) -> None:
        """Make the state anew, and wake the pages where it is another one."""
        windows = {each for each, pages in self._windows.items() if pages}.union(more_windows)
        async with self._making:
            try:
                sections = await self._make(windows)
            except Exception as error:  # noqa: BLE001 - the next time it may be well again
                if not self._is_broken:
                    self._failures.report("the live page", error)
                self._is_broken = True
                return
            self._is_broken = False
            made = {name: _encode(each) for name, each in sections.items()}
            before = self._sections
            changed = {
                name
                for name, text in made.items()
                if name != NOW and before.get(name, (0, b""))[1] != text
            }
            self._number += bool(changed)
            self._sections = {
                name: (self._number, text) if name in changed or name == NOW else before[name]
                for name, text in made.items()
            }
        if changed:
            self._pulse.beat()
