import os
import signal
import sys
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests import hanging, left_processes, user_state
from tests.environments import aws_cli as aws_cli
from tests.environments import environment_with as environment_with
from tests.examples import examples
from tests.hanging import pytest_runtest_protocol as pytest_runtest_protocol

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


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: many tests wait for a server, a process or another tool."""
    return min(2 * (os.cpu_count() or 1), 16)


def pytest_configure(config: pytest.Config) -> None:
    hanging.pytest_configure(config)
    user_state.pytest_configure(config)
    left_processes.pytest_configure(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    hanging.pytest_unconfigure(config)
    left_processes.pytest_unconfigure(config)
    user_state.pytest_unconfigure(config)  # which those that were left may have used


@pytest.hookimpl(tryfirst=True)  # before xdist, which reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give tests that build something the time for it, and each worker what it makes only once."""
    for item in items:
        if item.get_closest_marker("builds"):
            item.add_marker(pytest.mark.timeout(MAX_SECONDS_OF_BUILDING))
        if not item.get_closest_marker("xdist_group") and _shares_with_its_file(item):
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(config.rootpath))))
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(key=_turn)


def _shares_with_its_file(item: pytest.Item) -> bool:
    """Whether it uses what is made once for a file, as a server: each worker would make its own."""
    used = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return any(each[-1].scope == "module" for each in used.values())


def _turn(item: pytest.Item) -> tuple[bool, bool]:
    """What one worker does for long comes first, so that none is alone at the end."""
    is_slow = item.get_closest_marker("slow") is not None
    is_long = any(map(item.get_closest_marker, ("xdist_group", "builds")))
    return not is_slow, not is_long


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run what is `unmeasured` at full speed.

    `no_cover` of pytest-cov is not enough: in a worker of xdist a second measurement lies below the
    one that it pauses, and goes on then.
    """
    measuring = sys.gettrace()
    if measuring is None or not item.get_closest_marker("unmeasured"):
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(measuring)


# A shell starts background jobs with Ctrl-C ignored, and `nohup` all with SIGHUP, and programs hand
# that on to those they start: those under test get both as on a terminal, however the tests began.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
