"""Ctrl-C as a wish that a command fulfils in its own time; SIGTERM and SIGHUP mean the same."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_acts: list[Callable[[], None]] = []  # what Ctrl-C does now, the innermost last


def let_others_end_it() -> None:
    """Let the first SIGTERM or SIGHUP do what a Ctrl-C does.

    That is how a container, a service manager or a closed terminal ends a command. Only the first
    counts: a terminal that is closed may send several, and none of them is a second thought. Where
    SIGHUP is ignored (`nohup`), it stays so.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(_signal: int, frame: FrameType | None) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is _end:
            signal.signal(number, signal.SIG_IGN)
    interrupt = signal.getsignal(signal.SIGINT)
    if callable(interrupt):
        interrupt(signal.SIGINT, frame)
    elif _acts:
        _acts[-1]()
    else:
        raise KeyboardInterrupt


@contextmanager
def on_ctrl_c(act: Callable[[], None]) -> Iterator[None]:
    """Calls `act` for each Ctrl-C within the `with` block, in the main thread, between two steps.

    Where Ctrl-C was ignored, as for a background job of a script, it stays so.
    """
    before = signal.getsignal(signal.SIGINT)
    _acts.append(act)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: act())
    try:
        yield
    finally:
        _acts.pop()
        signal.signal(signal.SIGINT, before)


@contextmanager
def ctrl_c_waits() -> Iterator[None]:
    """Keeps a Ctrl-C until the end of the `with` block; a second one comes at once.

    For steps whose effect and its count belong together.

    Raises:
        KeyboardInterrupt: at the end, where Ctrl-C was pressed within.
    """
    stop = Stop()
    with on_ctrl_c(stop.ask):
        yield
    if stop.asked:
        raise KeyboardInterrupt


class Stop:
    """Ctrl-C: the first one is a wish, the second an order."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        """Ctrl-C was pressed.

        Raises:
            KeyboardInterrupt: not for the first time.
        """
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
