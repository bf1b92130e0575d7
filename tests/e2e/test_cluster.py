"""`kcli simulate --scheduler` on a real cluster: Dask's own scheduler, and two of its workers."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from botocore.session import Session

from kinesis_cli._version import __version__
from kinesis_cli.errors import InputError
from kinesis_cli.parts import project_upload
from kinesis_cli.parts.cluster import Cluster
from kinesis_cli.parts.project_upload import packed, unpacked
from kinesis_cli.project.find import find_function
from kinesis_cli.recordings.making_indexes import make_index
from kinesis_cli.recordings.writing import write_recording
from tests.e2e.dask_cluster import two_workers
from tests.e2e.programs import Kcli, without_aws
from tests.e2e.test_jobs import HANDLER, SETTINGS, records
from tests.servers import peer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytest.importorskip("distributed", reason="Dask is not installed: the extra dask")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster of Dask")]

KEYS = {"access_key": "any", "secret_key": "key"}
AS_ANYBODY = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "key", "AWS_REGION": "us-east-1"}
MORE = """

from lib.answer import fine

def on_a_worker(event, context):
    assert fine
    if "shardId-000000000003" in event["Records"][0]["eventID"] and "WORKERS" in os.environ:
        killed = Path(os.environ["WORKERS"], "killed")
        if not killed.exists():
            killed.touch()
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
    return handler(event, context)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "lib").mkdir()
    (folder / "lib" / "answer.py").write_text("fine = True\n")
    (folder / "app.py").write_text(HANDLER + MORE)
    write_recording(records(), folder / "day.ndjson.zst")
    make_index(str(folder / "day.ndjson.zst"))
    return folder


@pytest.fixture
def working_directory(folder: Path) -> Path:
    return folder


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workers keep their files."""
    return tmp_path_factory.mktemp("workers")


@pytest.fixture(scope="module")
def cluster(workers: Path) -> Iterator[str]:
    """The address of a scheduler with two workers."""
    environment = {
        **without_aws(),
        **AS_ANYBODY,
        "WORKERS": str(workers),
        "DIED": str(workers / "died"),
    }
    with two_workers(workers, environment) as started:
        yield started.address


@pytest.fixture
def environment(workers: Path) -> Mapping[str, str]:
    return {**without_aws(), "COLUMNS": "80", "DIED": str(workers / "died")}


ARGUMENTS = ("simulate", "day.ndjson.zst", *SETTINGS, "--output", "ndjson")


@pytest.mark.parametrize("settings", [(), ("--parallelization-factor", "2")], ids=" ".join)
@pytest.mark.parametrize("has_project", [False, True], ids=["sent", "there"])
def test_a_cluster_prints_the_same_bytes_as_one_process(
    kcli: Kcli, cluster: str, folder: Path, settings: tuple[str, ...], has_project: bool
) -> None:
    handler = ("--handler", "app.py:handler")
    project = ("--worker-project", str(folder)) if has_project else ()
    run = kcli(*ARGUMENTS, *handler, *settings, *project, "--scheduler", cluster)
    assert run.returncode == 0, run.stderr
    assert "threads of workers at tcp://" in " ".join(run.stderr.split())
    assert "app.py" in run.stdout  # tracebacks name the code where it is here
    assert run.stdout == kcli(*ARGUMENTS, *handler, *settings).stdout


def test_recordings_at_a_url_need_no_file_system_that_is_shared(
    kcli: Kcli, cluster: str, folder: Path
) -> None:
    with peer("moto") as moto:
        session = Session()
        session.set_credentials(**KEYS)
        made = session.create_client("s3", region_name="us-east-1", endpoint_url=moto.endpoint)
        client = cast("S3Client", made)
        client.create_bucket(Bucket="recordings")
        for number, some in enumerate((records()[:700], records()[700:])):
            file = folder / f"{number}.ndjson"
            write_recording(some, file)
            client.put_object(
                Bucket="recordings", Key=f"day/{number}.ndjson", Body=file.read_bytes()
            )
        where = ("s3://recordings/day/", "--s3", moto.endpoint)
        handler = ("--handler", "app.py:handler", *SETTINGS, "--output", "ndjson")
        without = kcli("simulate", *where, *handler, "--scheduler", cluster, **AS_ANYBODY)
        assert without.returncode == 2
        assert "`kcli index FILE` makes it; each file needs one" in " ".join(without.stderr.split())
        assert kcli("index", *where, **AS_ANYBODY).returncode == 0
        run = kcli("simulate", *where, *handler, "--scheduler", cluster, **AS_ANYBODY)
        assert run.returncode == 0, run.stderr
        here = kcli("simulate", "0.ndjson", "1.ndjson", *handler)
        assert run.stdout.splitlines()[1:] == here.stdout.splitlines()[1:]


def test_a_worker_that_is_killed_changes_nothing_and_is_told(
    kcli: Kcli, cluster: str, workers: Path
) -> None:
    handler = ("--handler", "app.py:on_a_worker")
    run = kcli(*ARGUMENTS, *handler, "--scheduler", cluster)
    assert run.returncode == 0, run.stderr
    assert (workers / "killed").exists()
    assert "that part r" in " ".join(run.stderr.split())  # runs again, or ran again
    assert run.stdout == kcli(*ARGUMENTS, *handler).stdout


def test_workers_with_another_kcli_are_refused(
    cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = __version__
    monkeypatch.setattr("kinesis_cli.parts.cluster.__version__", "9.9.9")
    with pytest.raises(InputError, match=f"has kcli {own} on Python .*, and this is kcli 9.9.9"):
        Cluster(cluster)


def test_a_cluster_that_is_not_there_is_named(kcli: Kcli) -> None:
    arguments = ("simulate", "day.ndjson.zst", "--handler", "app.py:handler")
    run = kcli(*arguments, "--scheduler", "tcp://127.0.0.1:1")
    assert run.returncode == 3
    assert "tcp://127.0.0.1:1: no scheduler of Dask's answers" in " ".join(run.stderr.split())
    assert "Traceback" not in run.stderr
    for more in (("--jobs", "2"), ("--worker-project", "/x")):
        wrong = kcli(*arguments, *more, *(("--scheduler", "tcp://x:1") if "2" in more else ()))
        assert wrong.returncode == 2


def test_code_and_layers_arrive_as_they_were_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "code"
    (code / "sub" / "__pycache__").mkdir(parents=True)
    (code / "sub" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (code / "app.py").write_text("def handler(event, context): pass\n")
    (code / "sub" / "run.sh").write_text("#!/bin/sh\n")
    (code / "sub" / "run.sh").chmod(0o755)
    function = find_function(handler=f"{code}/app.py:handler")
    first = packed(function)
    (code / "app.py").touch()
    assert packed(function) == first
    there = tmp_path / "there"
    there.mkdir()
    for _ in range(2):
        found = unpacked(function, first, there)
        files = [path for path in found.code_uri.rglob("*") if path.is_file()]
        assert {str(path.relative_to(found.code_uri)) for path in files} == {"app.py", "sub/run.sh"}
        assert os.access(found.code_uri / "sub" / "run.sh", os.X_OK)
    assert len(list(there.iterdir())) == 1
    monkeypatch.setattr(project_upload, "MAX_BYTES", 10)
    with pytest.raises(Exception, match="which Lambda would not take"):
        packed(function)
