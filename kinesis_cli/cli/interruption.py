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
