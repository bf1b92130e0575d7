from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.libraries import Library
from tests.clients.running import Endpoint, Run


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Endpoint]]:
    """`serve(*options)`: `kcli local`, for this test alone."""
    started: list[Endpoint] = []

    def serve(*options: str) -> Endpoint:
        started.append(Endpoint(tmp_path, *options))
        return started[-1]

    yield serve
    for each in started:
        each.stop()


@pytest.fixture
def run(environment_with: Callable[..., Path]) -> Iterator[Callable[[Library, Endpoint], Run]]:
    """`run(library, endpoint)`: its processes, which end with the test."""
    running: list[Run] = []

    def run(library: Library, endpoint: Endpoint) -> Run:
        running.append(Run(library, library.command(environment_with), endpoint))
        return running[-1]

    yield run
    for each in running:
        each.close()
