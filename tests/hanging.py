"""Names the test that hangs, last, below the stacks of all threads.

pytest-timeout ends the worker of such a test; what it prints there is lost, and the summary that
names the test comes only if the run is given the time to reach its end.
"""

import faulthandler
import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

BEFORE_THE_END = 0.95  # of the time that pytest-timeout gives a test
TICK = 1.0  # seconds between two looks

_watch = pytest.StashKey["Watch"]()


class Watch(threading.Thread):
    """Tells on a descriptor which test hangs. It counts for itself: tests move the clocks.

    One thread for all tests: a coverage's tracer may fail where two threads start at once.

    Args:
        stderr: the descriptor.
        tick: seconds between two looks.
    """

    def __init__(self, stderr: int, tick: float = TICK) -> None:
        super().__init__(daemon=True)
        self._stderr, self._tick = stderr, tick
        self._end = threading.Event()
        self._running: tuple[str, float] | None = None  # a test, and its seconds; 0: any

    @contextmanager
    def over(self, test: str, seconds: float) -> Iterator[None]:
        """Watch a test."""
        self._running = (test, seconds)
        try:
            yield
        finally:
            self._running = None

    def run(self) -> None:
        """Look at what runs, until the end."""
        seen, count = None, 0
        while not self._end.wait(self._tick):
            running = self._running
            count = count + 1 if running is seen else 0
            seen = running
            if running and running[1] and count * self._tick >= running[1]:
                faulthandler.dump_traceback(self._stderr)
                os.write(self._stderr, f"{running[0]} hangs\n".encode())
                self._running = None

    def end(self) -> None:
        """Tell nothing more."""
        self._end.set()
        self.join()


def pytest_configure(config: pytest.Config) -> None:
    """Watch with the real standard error, which is captured during tests."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        stderr = os.dup(2)
    config.stash[_watch] = watch = Watch(stderr)
    watch.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the watch."""
    config.stash[_watch].end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch one test."""
    own = item.get_closest_marker("timeout")
    limit = own.args[0] if own else item.config.getoption("timeout")
    if limit is None:
        limit = item.config.getini("timeout")
    with item.config.stash[_watch].over(item.nodeid, BEFORE_THE_END * float(limit)):
        return (yield)
