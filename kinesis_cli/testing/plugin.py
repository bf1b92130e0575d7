"""The pytest plugin. Each project that has kcli installed loads it, so it imports next to nothing.

What a test uses is imported when it asks for a fixture.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

# Takes the real clocks, before a test puts others in their place.
import kinesis_cli.handlers.runner.virtual_time  # noqa: F401
from kinesis_cli.testing import current

if TYPE_CHECKING:
    from kinesis_cli.handlers.runner.context import LambdaContext
    from kinesis_cli.testing.kinesis import Kinesis
    from kinesis_cli.testing.local import KinesisLocal

_MARKER = (
    "kinesis(template=FILE, function=NAME, mapping=FILE, seed=N, wall_clock=True, BatchSize=10): "
    "what the fixture `kinesis` delivers to, with any setting of the mapping under AWS's name."
)

_PAGES = "kinesis_cli.pytest_report"  # above this room: only pytest may load it


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the fixtures."""
    group = parser.getgroup("kinesis", "Kinesis event source mappings")
    group.addoption(
        "--kinesis-seed",
        type=int,
        metavar="N",
        help="Seed of poll phases, request ids and faults in deliveries (default: 0).",
    )
    group.addoption(
        "--kinesis-report",
        metavar="DIR",
        help="Write a page for a browser of each delivery of a test that fails.",
    )
    parser.addini("kinesis_template", "SAM or CloudFormation template of the function under test.")
    parser.addini("kinesis_function", "Logical id of the function, where a template has several.")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and what writes pages if these are asked for."""
    config.addinivalue_line("markers", _MARKER)
    folder = config.getoption("kinesis_report", None)
    if folder:
        config.pluginmanager.import_plugin(_PAGES)
        pages = sys.modules[_PAGES].Pages(config.invocation_params.dir / folder)
        config.pluginmanager.register(pages, "kinesis_pages")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note which test runs: deliveries belong to it."""
    outer = current.running  # of a plugin's own tests
    current.running = current.Test(
        item.nodeid, item.path, item.config.rootpath, lambda: _settings(item)
    )
    try:
        return (yield)
    finally:
        current.running = outer


@pytest.fixture
def kinesis(request: pytest.FixtureRequest) -> Kinesis:
    """A stream of this test, and the event source mapping that delivers it to a function."""
    from kinesis_cli.testing.kinesis import Kinesis

    return Kinesis(**_settings(request.node))


@pytest.fixture(scope="session")
def kinesis_local(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KinesisLocal]:
    """A real endpoint of this session, started at its first use, on a port of its own."""
    from kinesis_cli.errors import KcliError
    from kinesis_cli.testing.local import kinesis_local

    config = request.config
    named = config.getini("kinesis_template")
    template = config.rootpath / named if named else None
    state = tmp_path_factory.mktemp("kinesis")
    with ExitStack() as ending:
        try:
            local = ending.enter_context(kinesis_local(state, config.rootpath, template))
        except KcliError as error:
            pytest.fail("\n".join(filter(None, [str(error), error.advice])), pytrace=False)
        yield local


@pytest.fixture
def lambda_context(kinesis: Kinesis) -> LambdaContext:
    """The `context` of a call: a time-out of 3 seconds, as Lambda's default."""
    context: LambdaContext = kinesis.context()
    return context


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, None, None]:
    """Take away what the test made on the endpoint, after its own fixtures have ended."""
    try:
        return (yield)
    finally:
        for leave in current.running.leaving if current.running is not None else ():
            leave()


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed comparison of what came of a delivery."""
    if "kinesis_cli.testing.run" not in sys.modules:
        return None
    from kinesis_cli.testing.sentences import comparison

    return comparison(op, left, right)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of the deliveries of a test that has failed, and keep them."""
    report = yield
    test = current.running
    if test is not None and call.when == "call":
        if report.failed and test.runs:
            from kinesis_cli.testing.kept import keep

            report.sections += keep(test)
        elif report.passed and test.runs:
            from kinesis_cli.testing.repeat import forget

            forget(test.kept)
    return report


def _settings(item: pytest.Item) -> dict[str, Any]:
    """What the marker says, over the options; of several markers the closest to the test wins."""
    config = item.config
    settings: dict[str, Any] = {}
    if template := config.getini("kinesis_template"):
        settings["template"] = config.rootpath / template
    if function := config.getini("kinesis_function"):
        settings["function"] = function
    for marker in reversed(list(item.iter_markers("kinesis"))):
        if marker.args:
            names_only = "@pytest.mark.kinesis takes names only: kinesis(BatchSize=10)"
            pytest.fail(f"{item.nodeid}: {names_only}", pytrace=False)
        settings.update(marker.kwargs)
    seed = config.getoption("kinesis_seed", None)
    if seed is not None:
        settings["seed"] = seed
    return settings
