"""The simulation's clock, as a handler sees it.

During a call the wall clocks (`time.time`, `datetime.now`, ...) stand at the simulation's time.
`time.sleep` moves them on and returns at once; `time.monotonic` and `perf_counter` are the real
ones plus the virtual time that has gone by, so an event loop never waits for a clock that stands
still. Outside of calls, everything sees the real time.

Only the thread that the handler was called in lives in virtual time when it sleeps. Another thread
waits for real: one that looks in every second would otherwise spin, and drag the clock along.
"""

from __future__ import annotations

import math
import time
from threading import get_ident
from typing import Any, Protocol

_NANOSECONDS = 1_000_000_000

_real_sleep = time.sleep
_real_monotonic, _real_monotonic_ns = time.monotonic, time.monotonic_ns
_real_perf_counter, _real_perf_counter_ns = time.perf_counter, time.perf_counter_ns

_current: VirtualTime | None = None  # whose call is running
_gone_by = 0.0  # virtual seconds that the running call's clocks are ahead of the real ones
_installations = 0


class TimedOut(BaseException):
    """Ends a call that has used up its time. No Exception: `except Exception` must not keep it."""


class WallClocks(Protocol):
    """What makes the wall clocks of this process show a time."""

    def start(self, at_ns: int) -> None:
        """Stand still at `at_ns`, nanoseconds since the epoch."""

    def shift(self, seconds: float) -> None:
        """Move them on."""

    def stop(self) -> None:
        """Let them show what they showed before `start`."""


class VirtualTime:
    """One function's clock. `start` and `stop` enclose each call."""

    def __init__(self, wall_clocks: WallClocks) -> None:
        self._wall_clocks = wall_clocks
        self._thread = 0
        self._first_at: float | None = None
        self._latest = 0.0  # virtual seconds since the first call: monotonic never goes back
        self._left = math.inf
        self._previous: VirtualTime | None = None
        self.slept = 0.0
        self.timed_out = False

    def start(self, at: float, seconds: float) -> None:
        """Begin a call at `at` (epoch seconds) that may last `seconds`."""
        global _current, _gone_by
        if self._first_at is None:
            self._first_at = at
        self._latest = max(self._latest, at - self._first_at)
        self._thread, self._left = get_ident(), seconds
        self.slept, self.timed_out = 0.0, False
        # AWS gives arrivals in milliseconds; the float's noise below must not show in time_ns()
        self._wall_clocks.start(round(at * 1_000_000) * 1_000)
        self._previous, _current, _gone_by = _current, self, self._latest

    def stop(self) -> None:
        """End the call: the clocks are real again."""
        global _current, _gone_by
        self._wall_clocks.stop()
        self._latest = _gone_by
        _current = self._previous
        _gone_by = 0.0 if _current is None else _current._latest

    def sleep(self, seconds: float) -> None:
        """Let `seconds` go by.

        Raises:
            TimedOut: the call would have ended in the middle of it.
        """
        global _gone_by
        if seconds > self._left - self.slept:
            seconds = max(0.0, self._left - self.slept)
            self.timed_out = True
        self.slept += seconds
        _gone_by += seconds
        self._wall_clocks.shift(float(seconds))
        if self.timed_out:
            raise TimedOut

    def owns(self, thread: int) -> bool:
        """Whether this thread is the one that the handler was called in."""
        return self._thread == thread


def install() -> None:
    """Put the functions of this module into `time`. The handler is imported after that.

    What somebody else has put there, a test's stand-in for `sleep`, stays.
    """
    global _installations
    _installations += 1
    if _installations == 1:
        for name, (real, virtual) in CLOCKS.items():
            if getattr(time, name) is real:
                setattr(time, name, virtual)


def uninstall() -> None:
    """Undo one `install`."""
    global _installations
    _installations -= 1
    if _installations == 0:
        for name, (real, virtual) in CLOCKS.items():
            if getattr(time, name) is virtual:
                setattr(time, name, real)


def _sleep(seconds: float, /) -> None:
    """Suspend execution for `seconds`; in a simulation, let virtual time go by instead."""
    running = _current
    if running is None or not running.owns(get_ident()):
        return _real_sleep(seconds)
    if not isinstance(seconds, (int, float)) or not seconds >= 0:
        return _real_sleep(seconds)  # which knows what to say
    return running.sleep(seconds)


def _monotonic() -> float:
    return _real_monotonic() + _gone_by


def _monotonic_ns() -> int:
    return _real_monotonic_ns() + int(_gone_by * _NANOSECONDS)


def _perf_counter() -> float:
    return _real_perf_counter() + _gone_by


def _perf_counter_ns() -> int:
    return _real_perf_counter_ns() + int(_gone_by * _NANOSECONDS)


# name in `time` → (the real function, the one that follows virtual time)
CLOCKS: dict[str, tuple[Any, Any]] = {
    "sleep": (_real_sleep, _sleep),
    "monotonic": (_real_monotonic, _monotonic),
    "monotonic_ns": (_real_monotonic_ns, _monotonic_ns),
    "perf_counter": (_real_perf_counter, _perf_counter),
    "perf_counter_ns": (_real_perf_counter_ns, _perf_counter_ns),
}


def is_running() -> bool:
    """Whether a call is running in virtual time."""
    return _current is not None
