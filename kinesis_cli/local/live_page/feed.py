"""What is sent to the pages that are open: the newest state, to each as often as it keeps up.

The state is made of sections. Each is made once for all pages, and sent where it has changed since
a page got it last; so a page that is slow, or comes back, gets what is true then, and nothing is
kept for it. While no page is open, nothing is made.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec

from kinesis_cli.local.kinesis.waking import Pulse

PERIOD = 0.5  # seconds between two states, at least
_SHARE = 10  # a state is made in a tenth of the time, at most
KEEP_ALIVE = 15.0  # seconds after which something is sent in any case
MAX_PAGES = 32
NOW = "now"  # the section that always changes, and is sent with others
RETRY_MS = 1000  # after which a browser that lost its connection comes back

Sections = Mapping[str, object]
_encode = msgspec.json.Encoder().encode


class Feed:
    """The state, and the pages that watch it.

    Args:
        make: makes all sections.
    """

    def __init__(self, make: Callable[[], Awaitable[Sections]]) -> None:
        self._make = make
        self._sections: dict[str, tuple[int, bytes]] = {}  # the state's number when it changed
        self._number = 0
        self._pages = 0
        self._pulse = Pulse()
        self._task: asyncio.Task[None] | None = None
        self._making = asyncio.Lock()

    @property
    def is_full(self) -> bool:
        """Whether no more pages can be served."""
        return self._pages >= MAX_PAGES

    async def state(self, leave_out: Callable[[str], bool] = lambda _: False) -> bytes:
        """The whole state now, as JSON."""
        await self._renew()
        return self._changed(-1, leave_out)

    def events(self, leave_out: Callable[[str], bool]) -> AsyncIterator[bytes]:
        """The events for one page, without an end.

        Args:
            leave_out: whether a section is not for this page, by its name.
        """
        return self._events(leave_out)

    async def _events(self, leave_out: Callable[[str], bool]) -> AsyncIterator[bytes]:
        self._enter()
        try:
            await self._renew()
            yield b"retry: %d\n\n" % RETRY_MS
            seen = -1
            while True:
                if seen != self._number:
                    event = b"event: state\nid: %d\ndata: %s\n\n"
                    number = self._number
                    data = self._changed(seen, leave_out)
                    yield event % (number, data)
                    seen = number
                else:
                    yield b": nothing new\n\n"
                await self._pulse.wait(KEEP_ALIVE)
        finally:
            self._leave()

    def _changed(self, since: int, leave_out: Callable[[str], bool]) -> bytes:
        """The sections that have changed since a state, as one object."""
        members = [
            b'"%s":%s' % (name.partition(":")[0].encode(), text)
            for name, (number, text) in self._sections.items()
            if number > since and not leave_out(name)
        ]
        return b"{%s}" % b",".join(members)

    # While anybody watches

    def _enter(self) -> None:
        self._pages += 1
        if self._task is None:
            self._task = asyncio.create_task(self._go_on())

    def _leave(self) -> None:
        self._pages -= 1
        if not self._pages and self._task:
            self._task.cancel()
            self._task = None

    async def _go_on(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            await self._renew()
            took = clock() - began
            await asyncio.sleep(max(PERIOD, _SHARE * took))

    async def _renew(self) -> None:
        """Make the state anew, and wake the pages where it is another one."""
        async with self._making:
            sections = {name: _encode(each) for name, each in (await self._make()).items()}
        changed = {
            name: text
            for name, text in sections.items()
            if name != NOW and self._sections.get(name, (0, b""))[1] != text
        }
        if changed:
            self._number += 1
            self._sections |= {name: (self._number, text) for name, text in changed.items()}
            self._pulse.beat()
        self._sections[NOW] = (self._number, sections[NOW])
