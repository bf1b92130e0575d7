"""Waking those who wait for records."""

import asyncio


class Pulse:
    """Beats when records were committed or the clock was moved."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def beat(self) -> None:
        """Wake everyone who waits."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, timeout_seconds: float) -> None:
        """Until the next beat, or for so long."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait((future,), timeout=timeout_seconds)
        finally:
            self._waiting.discard(future)
