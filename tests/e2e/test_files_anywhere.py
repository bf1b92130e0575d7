"""Files at URLs: commands beside moto's S3, over HTTP."""

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.session import Session

from kinesis_cli.local.state import read_server, state_directory
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.stream.user_records import data_of
from tests.e2e.programs import KCLI, Completed, Kcli, without_aws
from tests.e2e.reading.commands import succeeded
from tests.environments import python_environment
from tests.patience import PATIENCE
from tests.servers import Started, ours, peer

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.slow

S3FS = "s3fs==2026.9.0"
_names = count()


@pytest.fixture(scope="module")
def moto() -> Iterator[Started]:
    with peer("moto") as started:
        yield started


@pytest.fixture(scope="module")
def s3(moto: Started) -> "S3Client":
    session = Session()
    session.set_credentials("any", "key")
    client = session.create_client("s3", region_name="us-east-1", endpoint_url=moto.endpoint)
    return cast("S3Client", client)


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    name = f"bucket-{next(_names)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def environment(moto: Started) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "key", "AWS_REGION": "us-east-1"}
    return {**without_aws(), **keys, "AWS_ENDPOINT_URL_S3": moto.endpoint}


def keys_of(s3: "S3Client", bucket: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def body_of(s3: "S3Client", bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def unfinished(s3: "S3Client", bucket: str) -> list[Any]:
    return list(s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def hours_of(kcli: Kcli, place: str) -> list[Path]:
    """Three recordings of an hour each, whose names are not in the order of time."""
    files = []
    for name, start in (("c", 0), ("a.more", 3600), ("b", 7200)):
        file = f"{place}{name}.ndjson.zst"
        made = ("--seed", "1", "--count", "20", "--shards", "2", "--start", f"+{start}")
        succeeded(kcli("event", *made, "-o", file))
        files.append(kcli.folder / file)
    return files


def test_a_pattern_and_a_prefix_are_one_recording_in_the_order_of_time(
    kcli: Kcli, s3: "S3Client", bucket: str
) -> None:
    (kcli.folder / "day").mkdir()
    for file in hours_of(kcli, "day/"):
        s3.put_object(Bucket=bucket, Key=f"day/{file.name}", Body=file.read_bytes())
    shown = ("--output", "json", "--seed", "1")
    named = kcli(
        "simulate", "day/c.ndjson.zst", "day/a.more.ndjson.zst", "day/b.ndjson.zst", *shown
    )
    calls = json.loads(succeeded(named))["invocations"]
    assert sum(len(each["sequenceNumbers"]) for each in calls) >= 60
    for place in ("day", "day/*.zst", f"s3://{bucket}/day/", f"s3://{bucket}/day/*.ndjson.zst"):
        assert json.loads(succeeded(kcli("simulate", place, *shown)))["invocations"] == calls


def test_a_prefix_of_firehose_is_read_in_the_order_in_which_it_was_delivered(
    kcli: Kcli, s3: "S3Client", bucket: str
) -> None:
    number = count()
    for hour in ("09", "10", "11"):
        for minute in ("00", "30"):
            texts = b"".join(b'{"n":%d}' % next(number) for _ in range(5))
            key = f"in/2026/01/31/{hour}/s-1-2026-01-31-{hour}-{minute}-00-{minute}ab"
            s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(texts))
    run = kcli("event", "--from", f"s3://{bucket}/in/2026/", "-o", "all.ndjson")
    succeeded(run)
    assert "and 5 more files: 30 JSON documents of a Firehose backup" in run.stderr
    with Recording.open([str(kcli.folder / "all.ndjson")]) as recording:
        payloads = [json.loads(data_of(record)) for record in recording.records()]
    assert [each["n"] for each in payloads] == list(range(30))


def test_outputs_appear_at_urls(kcli: Kcli, s3: "S3Client", bucket: str) -> None:
    succeeded(kcli("event", "--seed", "1", "-o", f"s3://{bucket}/one.json"))
    pictures = (f"s3://{bucket}/run.html", f"s3://{bucket}/trace.json.gz")
    run = kcli(
        "simulate", f"s3://{bucket}/one.json", "--report", pictures[0], "--trace", pictures[1]
    )
    succeeded(run)
    assert pictures[0] in run.stderr
    assert keys_of(s3, bucket) == ["one.json", "run.html", "trace.json.gz"]
    assert s3.head_object(Bucket=bucket, Key="run.html")["ContentType"] == "text/html"
    assert b"</html>" in body_of(s3, bucket, "run.html")
    assert json.loads(gzip.decompress(body_of(s3, bucket, "trace.json.gz")))["traceEvents"]
    assert not list(kcli.folder.glob("*"))  # nothing of it here, least of all in a folder `s3:`


def test_an_object_that_is_there_is_not_written_over_unasked(
    kcli: Kcli, s3: "S3Client", bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="a.ndjson", Body=b"mine")
    url = f"s3://{bucket}/a.ndjson"
    for command in (
        ("event", "-o", url),
        ("put", "--failed", url),
        ("record", "-o", url, "--no-follow"),
        ("replay", "none.ndjson", "--failed", url),
    ):
        run = kcli(*command)
        assert (run.returncode, run.stdout) == (2, "")
        assert f"{url}: it exists" in run.stderr
    assert body_of(s3, bucket, "a.ndjson") == b"mine"
    succeeded(kcli("event", "-o", url, "--overwrite"))
    assert body_of(s3, bucket, "a.ndjson") != b"mine"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("simulate", "s3://no-such-bucket/a"), 2, "there is no bucket no-such-bucket"),
        (("simulate", "s3://{bucket}/a"), 2, "there is no such object"),
        (("simulate", "s3://{bucket}/a/"), 2, "nothing is there"),
        (("simulate", "s3://{bucket}/a*"), 2, "no object has such a name"),
        (("simulate", "ftp://host/a"), 2, "ftp:// is not a place that kcli reaches"),
        (("event", "-o", "https://host/a.json"), 2, "can only be read"),
        (("event", "-o", "s3://{bucket}/a/"), 2, "names no object"),
        (("record", "-o", "s3://{bucket}/a.ndjson", "--resume"), 2, "cannot be continued"),
        (("simulate", "http://127.0.0.1:9/a"), 3, "could not be reached: Connection refused"),
        (("simulate", "az://container/a"), 2, "no storage account is named"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    kcli: Kcli, bucket: str, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    run = kcli(*(each.format(bucket=bucket) for each in arguments))
    assert (run.returncode, run.stdout) == (code, "")
    assert sentence in " ".join(run.stderr.split())
    assert "Traceback" not in run.stderr


def test_without_credentials_it_is_said_how_to_log_in(kcli: Kcli, bucket: str) -> None:
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true"}
    run = kcli("simulate", f"s3://{bucket}/a", **nobody, AWS_CONFIG_FILE="none")
    assert run.returncode == 3
    assert "aws sso login" in run.stderr


# --- streams


@pytest.fixture(scope="module")
def server() -> Iterator[Started]:
    with ours("--in-memory") as started:
        yield started


@pytest.fixture
def on_stream(server: Started, moto: Started) -> tuple[str, ...]:
    session = Session()
    session.set_credentials("any", "key")
    made = session.create_client("kinesis", region_name="us-east-1", endpoint_url=server.endpoint)
    client = cast("KinesisClient", made)
    name = f"stream-{next(_names)}"
    client.create_stream(StreamName=name, ShardCount=2)
    # the stream is there, and files are where --s3 says
    return ("--endpoint-url", server.endpoint, "--stream", name, "--s3", moto.endpoint)


def recorded(run: Completed) -> int:
    return int(json.loads(succeeded(run))["acknowledged"])


def made_on_stream(kcli: Kcli, url: str, on_stream: tuple[str, ...]) -> None:
    """Put 200 records, record them at a URL, and simulate what is there."""
    succeeded(kcli("put", "--count", "200", *on_stream))
    succeeded(kcli("record", "-o", url, "--since", "trim-horizon", "--no-follow", *on_stream))
    summary = json.loads(succeeded(kcli("simulate", url, "--output", "json")))["summary"]
    assert summary["records"] == 200


@pytest.mark.parametrize("name", ["day.ndjson", "day.ndjson.gz"])
def test_a_recording_is_packed_at_a_url_as_its_name_says(
    kcli: Kcli, s3: "S3Client", bucket: str, on_stream: tuple[str, ...], name: str
) -> None:
    made_on_stream(kcli, f"s3://{bucket}/{name}", on_stream)
    assert keys_of(s3, bucket) == [name]
    body = body_of(s3, bucket, name)
    text = gzip.decompress(body) if name.endswith(".gz") else body
    assert text.count(b"\n") == 200


def test_a_recording_at_a_url_is_put_replayed_and_simulated(
    kcli: Kcli, s3: "S3Client", bucket: str, on_stream: tuple[str, ...]
) -> None:
    name = "day.ndjson.zst"
    url = f"s3://{bucket}/{name}"
    made_on_stream(kcli, url, on_stream)
    assert keys_of(s3, bucket) == [name]
    assert recorded(kcli("put", "--from", url, "--output", "json", *on_stream)) == 200
    fast = ("--speed", "max", "--output", "json")
    assert recorded(kcli("replay", url, *fast, *on_stream)) == 200
    for shared in (("put", "--from", url, "--output", "json"), ("replay", url, *fast)):
        assert recorded(kcli(*shared, "--jobs", "2", *on_stream)) == 200
    journal = f"s3-{bucket}-{name}.replay"
    assert [each.name for each in kcli.folder.iterdir()] == [journal]
    again = kcli("replay", url, *fast, "--resume", *on_stream)
    assert json.loads(succeeded(again))["records"] == 0


def test_a_recording_ends_whole_by_ctrl_c(
    kcli: Kcli, s3: "S3Client", bucket: str, on_stream: tuple[str, ...]
) -> None:
    succeeded(kcli("put", "--count", "50", *on_stream))
    process = subprocess.Popen(
        [*KCLI, "record", "-o", f"s3://{bucket}/a.ndjson.zst", "--since", "trim-horizon",
         "--filter", '{"data": {"temperature": [{"numeric": [">", -1000]}]}}', *on_stream],
        cwd=kcli.folder,
        env=kcli.environment,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while "recording" not in process.stderr.readline():
        assert process.poll() is None
    assert keys_of(s3, bucket) == []  # nothing is visible yet
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    # what was read by then, maybe nothing
    run = kcli("simulate", f"s3://{bucket}/a.ndjson.zst")
    assert (keys_of(s3, bucket) == ["a.ndjson.zst"]) == (run.returncode == 0)
    assert unfinished(s3, bucket) == []


def test_what_is_recorded_to_an_object_has_its_index_at_once(
    kcli: Kcli, s3: "S3Client", bucket: str, on_stream: tuple[str, ...]
) -> None:
    url = f"s3://{bucket}/a.ndjson.zst"
    record = ("record", "-o", url, "--since", "trim-horizon", "--no-follow", "--index", *on_stream)
    nothing = kcli(*record)
    succeeded(nothing)
    assert f"nothing was recorded, so there is no {url}" in nothing.stderr
    assert keys_of(s3, bucket) == []
    succeeded(kcli("put", "--count", "50", *on_stream))
    made = kcli(*record)
    succeeded(made)
    assert f"its index is {url}.kidx" in made.stderr
    read = kcli("simulate", url, "--jobs", "2", "--output", "json")
    assert json.loads(succeeded(read))["summary"]["records"] == 50
    assert "without an index" not in read.stderr


# --- where s3:// is


def test_while_the_local_stream_runs_aws_is_not_guessed(
    working_directory: Path, environment: dict[str, str]
) -> None:
    bare = {name: value for name, value in environment.items() if "ENDPOINT" not in name}
    kcli = Kcli(working_directory, {**bare, "AWS_EC2_METADATA_DISABLED": "true"})
    try:
        succeeded(kcli("put", "--data", "{}"))  # starts it
        (kcli.folder / "in.ndjson").write_text('{"n": 1}\n')
        for arguments in (
            ("simulate", "s3://bucket/a"),
            ("event", "-o", "s3://bucket/a.json"),
            ("replay", "s3://bucket/a"),
            ("put", "--from", "in.ndjson", "--failed", "s3://bucket/a.ndjson"),
        ):
            run = kcli(*arguments)
            assert (run.returncode, run.stdout) == (2, "")
            assert "Say which: --s3 local, or --s3 aws." in run.stderr
        run = kcli("event", "-o", "s3://bucket/a.json", "--s3", "local")
        assert run.returncode == 2
        assert "there is no bucket bucket" in run.stderr
        running = read_server(state_directory(directory=kcli.folder))
        assert running is not None
        endpoint = running.endpoint
        session = Session()
        session.set_credentials("local", "local")
        made = session.create_client("s3", region_name="us-east-1", endpoint_url=endpoint)
        cast("S3Client", made).create_bucket(Bucket="bucket")
        succeeded(kcli("event", "--seed", "1", "-o", "s3://bucket/a.json", "--s3", "local"))
        here = {"AWS_ENDPOINT_URL": endpoint}  # as `eval "$(kcli local env)"` leaves it
        succeeded(kcli("simulate", "s3://bucket/a.json", **here))
    finally:
        kcli.stop_local_streams()


# --- beside others


def test_s3fs_reads_what_kcli_wrote_and_kcli_what_s3fs_wrote(
    kcli: Kcli, bucket: str, moto: Started
) -> None:
    succeeded(kcli("event", "--seed", "1", "--count", "5", "-o", f"s3://{bucket}/ours.ndjson"))
    python = python_environment("s3fs", S3FS) / "python"
    program = (
        "import s3fs, sys\n"
        f"fs = s3fs.S3FileSystem(key='any', secret='key', endpoint_url={moto.endpoint!r})\n"
        f"text = fs.cat('{bucket}/ours.ndjson')\n"
        f"fs.pipe('{bucket}/theirs/1.ndjson', text)\n"
        "sys.stdout.buffer.write(text)\n"
    )
    run = subprocess.run([str(python), "-c", program], capture_output=True, check=True)
    assert run.stdout.count(b"\n") == 5
    summary = json.loads(
        succeeded(kcli("simulate", f"s3://{bucket}/theirs/*", "--output", "json"))
    )["summary"]
    assert summary["records"] == 5


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("s3://bucket/a", "fsspec", "s3"),
        ("gs://bucket/a", "gcsfs", "gcs"),
        ("az://container/a", "adlfs", "azure"),
        ("https://host/a", "aiohttp", "https"),
    ],
)
def test_a_missing_extra_is_named_with_the_line_that_installs_it(
    kcli: Kcli, url: str, package: str, extra: str
) -> None:
    without = f"import sys; sys.modules[{package!r}] = None\n"
    program = f"{without}from kinesis_cli.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    run = Kcli(kcli.folder, kcli.environment, (sys.executable, "-c", program))("simulate", url)
    assert run.returncode == 2
    sentence = " ".join(run.stderr.split())
    assert f"{url.partition('//')[0]}// needs the package {package}" in sentence
    assert f"[{extra}]" in sentence


def test_files_of_this_machine_load_nothing_of_it(kcli: Kcli, root: Path) -> None:
    program = (
        "import sys\n"
        "from kinesis_cli.cli.main import main\n"
        "main(sys.argv[1:])\n"
        "sys.exit(' '.join({'fsspec', 'aiohttp', 'gcsfs', 'adlfs'} & sys.modules.keys()) or 0)"
    )
    run = Kcli(kcli.folder, {**os.environ}, (sys.executable, "-c", program))(
        "simulate", str(root / "fixtures" / "batch.json")
    )
    succeeded(run)
