"""A test that hangs is named below the stacks of all threads."""

import os
import threading

from tests.hanging import Watch


def test_what_takes_too_long_is_named_last() -> None:
    ours, theirs = os.pipe()
    watch = Watch(theirs, tick=0.001)
    watch.start()
    with os.fdopen(ours) as told, watch.over("test_it.py::test_hangs", 0.01):
        lines = iter(told.readline, "test_it.py::test_hangs hangs\n")
        assert "test_what_takes_too_long_is_named_last" in "".join(lines)
    watch.end()
    os.close(theirs)


def test_what_ends_in_time_or_has_any_is_not() -> None:
    ours, theirs = os.pipe()
    watch = Watch(theirs, tick=0.001)
    watch.start()
    for _ in range(20):
        with watch.over("test_it.py::test_ends", 3600):
            threading.Event().wait(0.002)
    with watch.over("test_it.py::test_may_take_any_time", 0):
        threading.Event().wait(0.01)
    watch.end()
    os.close(theirs)
    with os.fdopen(ours) as told:
        assert told.read() == ""
