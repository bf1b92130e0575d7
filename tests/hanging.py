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

_stderr = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the real standard error, which is captured during tests."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        config.stash[_stderr] = os.dup(2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch one test."""
    own = item.get_closest_marker("timeout")
    limit = own.args[0] if own else item.config.getoption("timeout")
    if limit is None:
        limit = item.config.getini("timeout")
    with watched(item.nodeid, BEFORE_THE_END * float(limit), item.config.stash[_stderr]):
        return (yield)


@contextmanager
def watched(test: str, seconds: float, stderr: int) -> Iterator[None]:
    """Tell on a descriptor what runs after so many seconds; 0: never."""
    watch = threading.Timer(seconds or threading.TIMEOUT_MAX, _tell, [test, stderr])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _tell(test: str, stderr: int) -> None:
    faulthandler.dump_traceback(stderr)
    os.write(stderr, f"{test} hangs\n".encode())
