import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.local_endpoint import GOOD, PARTLY, QUEUE, Clients, clients_of, document, empty
from tests.e2e.programs import Kcli, Terminal, without_aws
from tests.e2e.shared_stream import SharedStream, shared_stream


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).parent.parent.parent


@pytest.fixture
def working_directory(tmp_path: Path) -> Path:
    """Where the command runs: an empty folder. A file whose tests have a project says so itself."""
    return tmp_path


@pytest.fixture
def environment() -> Mapping[str, str]:
    """The command's: the tests' own, unless a file says something else."""
    return {**os.environ, "COLUMNS": "80"}


@pytest.fixture
def kcli(
    request: pytest.FixtureRequest, working_directory: Path, environment: Mapping[str, str]
) -> Iterator[Kcli]:
    """The command; the local streams that it starts end with the test, but the `shared` one."""
    kcli = Kcli(working_directory, environment)
    yield kcli
    if "shared" not in request.fixturenames:
        kcli.stop_local_streams()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedStream]:
    """A project with a local stream that tests of a file use one after the other."""
    with shared_stream(tmp_path_factory.mktemp("shared")) as shared:
        yield shared


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
    run = Kcli(home, {**without_aws(), "XDG_STATE_HOME": str(home)})
    # so deep that commands without --handler take kcli's own function all the same
    code = home / "code" / "of" / "tests"
    code.mkdir(parents=True)
    (code / "good.py").write_text(GOOD)
    (code / "partly.py").write_text(PARTLY)
    yield run
    run.stop_local_streams()


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
