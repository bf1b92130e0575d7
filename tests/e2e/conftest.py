import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.local_endpoint import GOOD, PARTLY, QUEUE, Clients, clients_of, document, empty
from tests.e2e.programs import KCLI, Completed, Kcli, Terminal
from tests.patience import PATIENCE


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).parent.parent.parent


@pytest.fixture
def kcli(tmp_path: Path) -> Kcli:
    """Runs the command in an empty folder, as a script would."""

    def run(*arguments: str, cwd: Path = tmp_path, **environment: str) -> Completed:
        return subprocess.run(
            [*KCLI, *arguments],
            cwd=cwd,
            env={**os.environ, "COLUMNS": "80", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    return run


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts programs on a pseudo-terminal, and ends them after the test."""
    started: list[Terminal] = []

    def start(*command: str, cwd: Path = tmp_path, columns: int = 80, rows: int = 24) -> Terminal:
        started.append(Terminal(command, cwd, columns, rows))
        return started[-1]

    yield start
    for each in started:
        each.close()


# --- the local endpoint, outside a project


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alive")


@pytest.fixture(scope="module")
def run(home: Path) -> Iterator[Kcli]:
    """Runs kcli outside a project, with a local endpoint of the tests' own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**kept, "XDG_STATE_HOME": str(home), "COLUMNS": "80"}

    def run(*arguments: str, **more: str) -> Completed:
        return subprocess.run(
            [*KCLI, *arguments],
            cwd=home,
            env={**environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    # so deep that commands without --handler take kcli's own function all the same
    code = home / "code" / "of" / "tests"
    code.mkdir(parents=True)
    (code / "good.py").write_text(GOOD)
    (code / "partly.py").write_text(PARTLY)
    yield run
    run("local", "stop")


@pytest.fixture(scope="module")
def endpoint(run: Kcli) -> str:
    started = run("local", "start", "--detach")
    assert started.returncode == 0, started.stderr
    return str(document(run("local", "status", "--output", "json"))["endpoint"])


@pytest.fixture
def client(endpoint: str) -> Clients:
    return clients_of(endpoint)


@pytest.fixture
def queue(client: Clients) -> Iterator[str]:
    """The failure queue, empty before and after."""
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    empty(sqs, url)
    yield url
    empty(sqs, url)
