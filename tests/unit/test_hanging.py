"""A test that hangs is named below the stacks of all threads."""

import os

from tests.hanging import watched


def test_what_takes_too_long_is_named_last() -> None:
    ours, theirs = os.pipe()
    with os.fdopen(ours) as told, watched("test_it.py::test_hangs", 0.001, theirs):
        lines = iter(told.readline, "test_it.py::test_hangs hangs\n")
        assert "test_what_takes_too_long_is_named_last" in "".join(lines)
    os.close(theirs)


def test_what_ends_in_time_is_not() -> None:
    ours, theirs = os.pipe()
    with watched("test_it.py::test_ends", 0, theirs):
        pass
    os.close(theirs)
    with os.fdopen(ours) as told:
        assert told.read() == ""
