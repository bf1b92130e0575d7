"""Ctrl-C as a wish that a command fulfils in its own time."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_ctrl_c(act: Callable[[], None]) -> Iterator[None]:
    """Calls `act` for each Ctrl-C within the `with` block, in the main thread, between two steps.

    Where Ctrl-C was ignored, as for a background job of a script, it stays so.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: act())
    try:
        yield
    finally:
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
