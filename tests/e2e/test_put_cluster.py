"""`kcli put --scheduler` and `kcli replay --scheduler`: slices on a real cluster of Dask's."""

import json
import os
import re
import shlex
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from kinesis_cli.aws.producing.put_slice import put_slice
from kinesis_cli.aws.producing.slice_job import HowToPut, SlicedWork, SliceJob
from kinesis_cli.aws.session import Connection
from kinesis_cli.cli.running.sliced import refuse_other_machines
from kinesis_cli.errors import InputError
from kinesis_cli.parts.loopback import answering, hears
from kinesis_cli.payloads.settings import PayloadSettings
from kinesis_cli.project.target import Target, TargetKind
from kinesis_cli.putting.replay_journal import Replay
from kinesis_cli.putting.shared_input import PutInput
from kinesis_cli.putting.slice import Slice
from tests.e2e.dask_cluster import (
    DASK,
    DaskCluster,
    address_in,
    running,
    two_workers,
    wait_for_two_workers,
)
from tests.e2e.gate_proxy import gate
from tests.e2e.programs import Kcli, without_aws
from tests.e2e.test_put_jobs import (
    CREDENTIALS,
    FROM,
    PASS,
    RECORDS,
    begun,
    ended,
    in_order,
    maybe_twice,
    numbers,
    on_stream,
    processes,
    succeeded,
    told,
    wait_for_end,
    write_project,
)

if TYPE_CHECKING:
    from kinesis_cli.parts.cluster import Cluster

pytest.importorskip("distributed", reason="Dask is not installed: the extra dask")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster of Dask")]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**without_aws(), "XDG_STATE_HOME": str(tmp_path / "state"), "COLUMNS": "80"}


@pytest.fixture
def working_directory(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def endpoint(kcli: Kcli) -> str:
    """The address of the local stream, which runs."""
    succeeded(kcli("local", "start", "--detach", "--in-memory"))
    return str(json.loads(kcli("local", "status", "--output", "json").stdout)["endpoint"])


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    """Workers in a folder of their own, with keys, which were never told of an endpoint."""
    folder = tmp_path / "workers"
    folder.mkdir()
    with two_workers(folder, {**without_aws(), **CREDENTIALS}) as started:
        yield started


def test_a_cluster_puts_and_replays_what_one_process_would(
    kcli: Kcli, endpoint: str, cluster: DaskCluster
) -> None:
    shared = ("--scheduler", cluster.address, "--output", "json")
    put = json.loads(succeeded(kcli("put", *FROM, "--ordered", *shared)))
    assert (put["records"], put["acknowledged"]) == (RECORDS, RECORDS)
    assert numbers(on_stream(endpoint)) == list(range(RECORDS))
    assert in_order(on_stream(endpoint))
    succeeded(kcli("replay", "day.ndjson", "--speed", "max", *shared))
    assert numbers(on_stream(endpoint)) == sorted([*range(RECORDS)] * 2)
    assert not list(kcli.folder.glob("*.slices"))  # nothing is left where the workers wrote
    # An endpoint that was found in a variable goes along to workers that have none.
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    variables = {**keys, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint}
    run = kcli("put", *FROM, "--stream", "orders", *shared, **variables)
    succeeded(run)
    assert len(on_stream(endpoint)) == 3 * RECORDS


def test_the_commands_of_the_page_on_scale_put_and_replay(
    kcli: Kcli, endpoint: str, tmp_path: Path, root: Path
) -> None:
    page = (root / "docs" / "scale.md").read_text()
    found = re.search(r"<!-- a test runs this -->\n```sh\n(.*?)```", page, re.S)
    assert found is not None
    lines = found[1].splitlines()
    scheduler, *workers = [shlex.split(line.removesuffix("&")) for line in lines if line[-1] == "&"]
    file = tmp_path / "scheduler.json"
    # any free port instead of the usual one, which somebody may have
    scheduler += ["--port", "0", "--scheduler-file", str(file)]
    beside = f"{DASK.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**without_aws(), "PATH": beside}
    with running([scheduler], kcli.folder, environment):
        address = address_in(file)

        def there(words: Sequence[str]) -> list[str]:
            return [word.replace("tcp://127.0.0.1:8786", address) for word in words]

        with running([there(each) for each in workers], kcli.folder, environment):
            wait_for_two_workers(address)
            for line in lines[1 + len(workers) :]:
                succeeded(kcli(*there(shlex.split(line))[1:]))
    assert numbers(on_stream(endpoint)) == sorted([*range(RECORDS)] * 2)


def test_a_worker_that_is_killed_is_named_and_another_one_goes_on_from_the_journal(
    kcli: Kcli, endpoint: str, cluster: DaskCluster
) -> None:
    arguments = ("put", *FROM, "--ordered", "--scheduler", cluster.address)
    with gate(endpoint, PASS) as held, begun(kcli, held, *arguments) as (process, first):
        (putting,) = processes(cluster.workers[0].pid, "kinesis_cli.parts.alone")
        cluster.workers[0].kill()
        cluster.workers[0].wait()
        wait_for_end(putting)
        held.open()
        lines, errors = ended(process, first)
    assert process.returncode == 0, errors
    assert re.search(
        r"The process that put slice \d of 2 ended: another one goes on from its journal",
        told(errors),
    )
    assert sorted(each["index"] for each in lines) == list(range(RECORDS))
    assert maybe_twice(errors) > 0
    found = on_stream(endpoint)
    assert numbers(found) == list(range(RECORDS))
    assert in_order(found)


def test_ctrl_c_stops_the_workers_too_and_a_replay_goes_on_here(
    kcli: Kcli, endpoint: str, cluster: DaskCluster
) -> None:
    arguments = ("replay", "day.ndjson", "--speed", "max")
    with gate(endpoint, PASS) as held:
        shared = (*arguments, "--scheduler", cluster.address)
        with begun(kcli, held, *shared) as (process, first):
            os.kill(process.pid, signal.SIGINT)
            held.open()
            lines, errors = ended(process, first)
        assert process.returncode == 130, errors
        assert numbers(on_stream(endpoint)) == sorted(each["index"] for each in lines)
        here = ("--endpoint-url", held.url, "--stream", "orders", "--resume")
        succeeded(kcli(*arguments, *here, **CREDENTIALS))
    assert numbers(on_stream(endpoint)) == list(range(RECORDS))


@pytest.mark.parametrize("sees_directory", [True, False])
def test_a_worker_that_does_not_see_the_folder_puts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, sees_directory: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    work = SlicedWork(
        input=PutInput(
            settings=PayloadSettings(), seed=1, count=1, rate=None, clock=time.time, change=None
        ),
        target=_connection(TargetKind.ENDPOINT, "http://127.0.0.1:1").pinned(),
        stream="orders",
        s3=None,
        replay=Replay(inputs=[], records=None, target="", selection=[]),
        directory=str(tmp_path if sees_directory else tmp_path / "elsewhere"),
        folder=str(tmp_path),
        how=HowToPut(ordered=False, give_up_after=60.0, speed=None),
        starts_at=time.time(),
    )
    with pytest.raises(InputError) as raised:
        put_slice(SliceJob(1, 2, Slice(0, 2), work))
    assert "in a folder that all workers share" in raised.value.advice


# --- nothing that is meant for this machine gets to AWS, or the other way round


def test_the_loopback_of_this_machine_answers_and_no_other() -> None:
    with answering() as (port, word):
        assert hears(port, word)
        assert not hears(port, bytes(len(word)))
    assert not hears(port, word)  # nobody listens there, as on another machine


class Elsewhere:
    """A cluster on another machine: nobody answers there on a port of this one's loopback."""

    def asked(self, function: Callable[[int, bytes], bool], _: int, word: bytes) -> dict[str, bool]:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            port = nobody.getsockname()[1]
        return {"tcp://10.0.0.2:8788": function(port, word)}


def test_a_target_on_this_machine_is_refused_for_workers_on_others() -> None:
    target = _connection(TargetKind.ENDPOINT, "http://127.0.0.1:4567")
    with pytest.raises(InputError, match=r"worker tcp://10.0.0.2:8788: is on another machine"):
        refuse_other_machines(cast("Cluster", Elsewhere()), target)


def _connection(kind: TargetKind, endpoint: str | None, *, by_variable: bool = False) -> Connection:
    target = Target(
        kind=kind,
        reason="a test",
        endpoint_url=endpoint,
        found_by_botocore=by_variable,
        profile=None,
        region="eu-west-1",
        stack=None,
        stream="orders",
        function=None,
    )
    return Connection(target)


def test_an_endpoint_of_a_variable_is_the_same_where_that_is_not_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4567")
    here = _connection(TargetKind.ENDPOINT, "http://127.0.0.1:4567", by_variable=True)
    pinned = here.pinned(keeps_profile=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert pinned.open().endpoint_url == "http://127.0.0.1:4567"


def test_what_is_meant_for_aws_does_not_go_to_the_endpoint_of_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pinned = _connection(TargetKind.AWS, None).pinned(keeps_profile=False)
    assert pinned.open().endpoint_url == "https://kinesis.eu-west-1.amazonaws.com"
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", "http://127.0.0.1:4567")
    with pytest.raises(InputError, match=r"would go to http://127.0.0.1:4567 from here"):
        pinned.open()
