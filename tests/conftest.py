import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.environments import aws_cli as aws_cli
from tests.environments import environment_with as environment_with
from tests.examples import examples
from tests.left_processes import pytest_configure as pytest_configure
from tests.left_processes import pytest_unconfigure as pytest_unconfigure

# No test depends on how fast the machine is; in CI the same commit tries the same cases.
settings.register_profile(
    "kcli",
    deadline=None,
    max_examples=examples(),
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("kcli")

MAX_SECONDS_OF_BUILDING = 1800


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that build something the time for it."""
    for item in items:
        if item.get_closest_marker("builds"):
            item.add_marker(pytest.mark.timeout(MAX_SECONDS_OF_BUILDING))


# A shell starts background jobs with Ctrl-C ignored, and programs hand that on to those they start:
# the programs under test get it as on a terminal, however the tests were started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
