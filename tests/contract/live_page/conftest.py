"""A local endpoint whose live page is looked at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kinesis_cli.local.client.process import stop_server
from kinesis_cli.local.state import Server, read_server
from tests.contract.live_page.browsers import Browser
from tests.contract.local_function.conftest import Local, make_project, start
from tests.servers import ours_in


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[Server]:
    """One that all tests of a file share, with two streams and no function."""
    with ours_in(state, "--in-memory", "--stream", "orders=2", "--stream", "other=1"):
        server = read_server(state)
        assert server is not None
        yield server


@pytest.fixture
def browser(server: Server) -> Browser:
    """One that has followed a link."""
    return Browser(server).enter()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """A project with functions, that all tests of a file share."""
    project = make_project(tmp_path_factory.mktemp("shared") / "project")
    yield start(project)
    stop_server(project / ".kcli")
