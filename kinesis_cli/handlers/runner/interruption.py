"""Two signals that end a call: the alarm when its time is up, and the user's Ctrl-C."""

from __future__ import annotations

import signal
import threading
from importlib import import_module
from types import FrameType
from typing import Any

from .virtual_time import TimedOut

# What `signal.getsignal` calls, without its search for a member of an enumeration that a function
# is not: a hundredth of the time.
_handler_of = getattr(import_module("_signal"), "getsignal", signal.getsignal)

_Previous = Any  # what `signal.signal` returns: a function, a number or None

# A handler may swallow the interruption (a bare `except:`); it is then interrupted again, so long
# after it saw the last one: however late that came, there is the same time to tidy up.
_AGAIN_SECONDS = 0.1


def in_main_thread() -> bool:
    """Only there can Python act on signals."""
    return threading.get_ident() == threading.main_thread().ident


class Alarm:
    """Raises `TimedOut` in a call that has really run for too long.

    Only in the main thread; elsewhere such a call is noticed when it ends.

    Args:
        lasts: whether nobody else wants the signal between calls: it is given back by `close`.
    """

    def __init__(self, *, lasts: bool = False) -> None:
        self.rang = False
        self._lasts = lasts
        self._armed = False
        self._previous: _Previous = None
        self._others_left = (0.0, 0.0)

    def start(self, seconds: float) -> None:
        """Ring after `seconds` of real time."""
        self.rang = False
        if in_main_thread():
            # a call may have set it anew; asking takes a quarter of the time of setting it
            if _handler_of(signal.SIGALRM) != self._ring:
                previous = signal.signal(signal.SIGALRM, self._ring)
                self._previous = previous if self._previous is None else self._previous
            self._armed = True
            self._others_left = signal.setitimer(signal.ITIMER_REAL, seconds)

    def silence(self) -> None:
        """From here on it does not interrupt."""
        self._armed = False

    def stop(self, elapsed: float) -> None:
        """Give the timer back to whoever had it before, `elapsed` seconds later."""
        self._armed = False
        if self._previous is None:
            return
        left, interval = self._others_left
        signal.setitimer(signal.ITIMER_REAL, max(left - elapsed, 1e-6) if left else 0, interval)
        if not self._lasts:
            self.close()

    def close(self) -> None:
        """Give the signal back."""
        if self._previous is not None:
            signal.signal(signal.SIGALRM, self._previous)
            self._previous = None

    def _ring(self, _signal: int, _frame: FrameType | None) -> None:
        if self._armed:
            self.rang = True
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
            raise TimedOut


class CtrlC:
    """Tells a real Ctrl-C from a KeyboardInterrupt that the handler raises itself.

    While it is held, Ctrl-C is only noted: between kcli and the function the process is neither's,
    and an interruption there would leave kcli without its output.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._held = self._closed = False
        self._previous: _Previous = None
        if in_main_thread() and callable(previous := signal.getsignal(signal.SIGINT)):
            self._previous = previous
            signal.signal(signal.SIGINT, self._press)

    def is_known(self) -> bool:
        """Whether Ctrl-C is seen here: not in other threads, nor after someone took it over."""
        return signal.getsignal(signal.SIGINT) == self._press

    def hold(self) -> None:
        """From here on it does not interrupt."""
        self._held = True

    def release(self) -> None:
        """From here on it interrupts again, at once where it was pressed meanwhile."""
        self._held = False
        if self.pressed:
            raise KeyboardInterrupt

    def close(self) -> None:
        """Give the signal back, in whatever order those that took it are closed."""
        self._closed = True
        while in_main_thread():
            owner = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
            if not isinstance(owner, CtrlC) or not owner._closed:
                return
            signal.signal(signal.SIGINT, owner._previous)

    def _press(self, number: int, frame: FrameType | None) -> None:
        self.pressed = True
        if callable(self._previous) and not self._held:
            self._previous(number, frame)
