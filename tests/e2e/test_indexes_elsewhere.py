"""Indexes of recordings at URLs: parts fetch their own bytes, counted before moto's S3."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from botocore.session import Session

from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id
from tests.e2e.counting_proxy import Counts, counting
from tests.e2e.programs import Kcli, without_aws
from tests.e2e.reading.commands import succeeded
from tests.object_server import Objects, object_server
from tests.servers import Started, peer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.slow

SHARDS, RECORDS = 8, 8_000
TRIES = ("--maximum-retry-attempts", "2")
# Each second batch fails: without an end of the tries a day of them is simulated.
SETTINGS = ("--handler", "app.py:handler", "--batch-size", "100", "--seed", "4", *TRIES)
HANDLER = """
def handler(event, context):
    if any(each["kinesis"]["partitionKey"].endswith("7") for each in event["Records"]):
        raise ValueError("seven")
"""
TAKES = """
import sys
from kinesis_cli.parts.job import IndexedInput
from kinesis_cli.parts.simulate_part import part_of

url, shard = sys.argv[1:]
with part_of([IndexedInput((url,), url + ".kidx")], (shard,)) as part:
    print(len(part.take(shard, 2e9, 10**9, 10**12)))
"""
_names = count()


@pytest.fixture(scope="module")
def moto() -> Iterator[Started]:
    with peer("moto") as started:
        yield started


@pytest.fixture(scope="module")
def counts() -> Counts:
    return Counts()


@pytest.fixture(scope="module")
def endpoint(moto: Started, counts: Counts) -> Iterator[str]:
    with counting(moto.endpoint, counts) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def s3(moto: Started) -> "S3Client":
    session = Session()
    session.set_credentials("any", "key")
    client = session.create_client("s3", region_name="us-east-1", endpoint_url=moto.endpoint)
    return cast("S3Client", client)


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    name = f"indexed-{next(_names)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def environment(endpoint: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "key", "AWS_REGION": "us-east-1"}
    return {**without_aws(), **keys, "AWS_ENDPOINT_URL_S3": endpoint, "COLUMNS": "200"}


def records() -> list[Record]:
    """Each shard's in runs of 500, as `kcli record` takes them from a stream."""
    numbers = [SequenceNumbers(shard, 1_700_000_000) for shard in range(SHARDS)]
    return [
        lambda_record(
            shard_id=shard_id(shard),
            sequence_number=numbers[shard].next(1_700_000_000 + index / 100),
            partition_key=f"key-{index % 80}",
            arrival=1_700_000_000 + index / 100,
            data=b"%d" % (index * 7_919) * 12,
        )
        for index in range(RECORDS)
        for shard in [index // 500 % SHARDS]
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "app.py").write_text(HANDLER)
    made = records()
    write_recording(made, folder / "day.ndjson")
    write_recording(made, folder / "day.ndjson.zst")
    return folder


@pytest.fixture
def working_directory(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def simulated(kcli: Kcli, *arguments: str) -> str:
    return succeeded(kcli("simulate", *SETTINGS, "--output", "json", *arguments))


_here: dict[str, str] = {}


def simulated_here(kcli: Kcli, name: str) -> str:
    """What a recording of `made` gives that is a file: simulated once for all tests."""
    folder = str(kcli.folder)  # tracebacks name it
    if name not in _here:
        _here[name] = simulated(kcli, name).replace(folder, "FOLDER")
    return _here[name].replace("FOLDER", folder)


def upload(s3: "S3Client", bucket: str, *files: Path) -> None:
    for file in files:
        s3.put_object(Bucket=bucket, Key=file.name, Body=file.read_bytes())


def test_a_part_of_an_object_fetches_its_own_bytes_and_no_others(
    kcli: Kcli, s3: "S3Client", bucket: str, counts: Counts
) -> None:
    file = kcli.folder / "day.ndjson"
    upload(s3, bucket, file)
    url, size = f"s3://{bucket}/day.ndjson", file.stat().st_size
    counts.clear()
    shown = succeeded(kcli("index", url))
    assert f"{url}.kidx: {RECORDS:,} records on {SHARDS} shards" in shown
    assert size <= counts.bytes[f"/{bucket}/day.ndjson"] <= size * 1.01
    expected = simulated_here(kcli, "day.ndjson")
    for jobs in ("1", "3"):
        counts.clear()
        assert simulated(kcli, url, "--jobs", jobs) == expected
        # all parts together ask for each byte once, and for little between
        assert size <= counts.bytes[f"/{bucket}/day.ndjson"] <= size * 1.02


def test_one_shard_of_eight_is_an_eighth_of_the_bytes(
    kcli: Kcli, s3: "S3Client", bucket: str, counts: Counts, environment: dict[str, str]
) -> None:
    upload(s3, bucket, kcli.folder / "day.ndjson")
    url = f"s3://{bucket}/day.ndjson"
    succeeded(kcli("index", url))
    size = (kcli.folder / "day.ndjson").stat().st_size
    counts.clear()
    run = subprocess.run(
        [sys.executable, "-c", TAKES, url, shard_id(3)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(run.stdout) == RECORDS // SHARDS
    assert size / SHARDS <= counts.bytes[f"/{bucket}/day.ndjson"] <= size / SHARDS * 1.01


@pytest.mark.parametrize("name", ["day.ndjson", "day.ndjson.zst"])
def test_an_index_that_was_copied_with_its_recording_is_believed_by_what_is_read(
    kcli: Kcli, s3: "S3Client", bucket: str, counts: Counts, name: str
) -> None:
    succeeded(kcli("index", name))
    upload(s3, bucket, kcli.folder / name, kcli.folder / f"{name}.kidx")
    url = f"s3://{bucket}/{name}"
    counts.clear()
    run = kcli("simulate", *SETTINGS, "--output", "json", url, "--jobs", "2")
    assert succeeded(run) == simulated_here(kcli, name)
    assert "without an index" not in run.stderr
    assert counts.requests[f"/{bucket}/{name}"] > 1
    body = (kcli.folder / name).read_bytes()
    middle = len(body) // 2
    s3.put_object(Bucket=bucket, Key=name, Body=body[:middle] + b"\0" + body[middle + 1 :])
    run = kcli("simulate", *SETTINGS, url, "--jobs", "2")
    assert (run.returncode, run.stdout) == (2, "")
    assert "changed" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_sweep_fetches_all_once_for_its_forked_processes(
    kcli: Kcli, s3: "S3Client", bucket: str, counts: Counts
) -> None:
    name = "day.ndjson.zst"
    upload(s3, bucket, kcli.folder / name)
    url = f"s3://{bucket}/{name}"
    succeeded(kcli("index", url))
    counts.clear()
    sweep = ("--sweep", "MaximumRetryAttempts=0,2", "--jobs", "2", "--invocation-duration", "0.1")
    assert simulated(kcli, url, *sweep).replace(url, name) == simulated(kcli, name, *sweep)
    assert counts.bytes[f"/{bucket}/{name}"] == (kcli.folder / name).stat().st_size


def test_an_index_of_another_version_is_named_and_everything_is_read(
    kcli: Kcli, s3: "S3Client", bucket: str, counts: Counts
) -> None:
    name = "day.ndjson"
    url = f"s3://{bucket}/{name}"
    upload(s3, bucket, kcli.folder / name)
    succeeded(kcli("index", url))
    changed = (kcli.folder / name).read_bytes().replace(b'"key-1"', b'"key-2"')
    s3.put_object(Bucket=bucket, Key=name, Body=changed)
    (kcli.folder / name).write_bytes(changed)
    counts.clear()
    run = kcli("simulate", *SETTINGS, "--output", "json", url, "--jobs", "2")
    assert succeeded(run) == simulated(kcli, name)
    said = " ".join(run.stderr.split())
    assert f"{url}.kidx: not of the recording as it is now; `kcli index` makes it anew." in said
    assert f"{url}: without an index beside each all of it was fetched and read first" in said
    assert counts.bytes[f"/{bucket}/{name}"] == len(changed)
    (kcli.folder / "other").write_bytes(b"no index\n" * 9)
    s3.put_object(Bucket=bucket, Key=f"{name}.kidx", Body=b"no index\n" * 9)
    run = kcli("simulate", *SETTINGS, url)
    assert f"{url}.kidx: of no use: its end is missing" in " ".join(run.stderr.split())


def test_indexes_of_a_prefix_make_it_one_recording_of_parts(
    kcli: Kcli, s3: "S3Client", bucket: str, counts: Counts
) -> None:
    made = records()
    write_recording(made[:5_000], kcli.folder / "1.ndjson")
    write_recording(made[5_000:], kcli.folder / "2.ndjson.gz")
    files = [kcli.folder / name for name in ("1.ndjson", "2.ndjson.gz")]
    upload(s3, bucket, *files)
    url = f"s3://{bucket}/"
    assert succeeded(kcli("index", url)).count(".kidx: ") == 2
    counts.clear()
    assert simulated(kcli, url, "--jobs", "3") == simulated(kcli, *(file.name for file in files))
    size = files[0].stat().st_size
    assert size <= counts.bytes[f"/{bucket}/1.ndjson"] <= size * 1.02


def test_where_only_objects_may_be_read_an_absent_index_is_no_error(kcli: Kcli) -> None:
    body = (kcli.folder / "day.ndjson").read_bytes()
    served = Objects({"/day.ndjson": body}, tags={"/day.ndjson": '"a"'})
    served.refused.add("/day.ndjson.kidx")
    with object_server(served) as endpoint:
        assert simulated(kcli, f"{endpoint}/day.ndjson") == simulated_here(kcli, "day.ndjson")


@pytest.mark.parametrize("has_ranges", [True, False])
def test_an_index_at_a_web_server_is_used_if_that_gives_parts(kcli: Kcli, has_ranges: bool) -> None:
    succeeded(kcli("index", "day.ndjson"))
    names = ("day.ndjson", "day.ndjson.kidx")
    bodies = {f"/{name}": (kcli.folder / name).read_bytes() for name in names}
    served = Objects(bodies, tags={name: f'"{name}"' for name in bodies}, has_ranges=has_ranges)
    with object_server(served) as endpoint:
        run = kcli("simulate", *SETTINGS, "--output", "json", f"{endpoint}/day.ndjson")
        assert succeeded(run) == simulated_here(kcli, "day.ndjson")
        wrong = kcli("index", f"{endpoint}/day.ndjson")
    assert ("of no use: the server gives no parts of it" in run.stderr) is not has_ranges
    assert ("" in served.asked) is not has_ranges  # a GET of all of it
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "can only be read" in wrong.stderr
