"""What runs without coverage, in a run that measures."""

import sys

import pytest


@pytest.mark.unmeasured
def test_what_is_unmeasured_runs_without_a_trace_function() -> None:
    assert sys.gettrace() is None
