"""Objects that are written over HTTP, to moto's S3 in this process's neighbour."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.session import Session

from kinesis_cli.aws.bucket_files import BucketFileSystem
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.places import services, writing
from kinesis_cli.places.reading import RemoteReader, exists, read_range
from kinesis_cli.places.url import Url
from kinesis_cli.places.writing import RemoteWriter, appearing_object, is_taken
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.unsent import FailedRecords
from kinesis_cli.recordings.piped import SentRecording
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.resumable import Progress
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from tests.servers import Started, peer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("s3 of moto")]

URL = Url("s3://bucket/day/a.ndjson.zst")
LARGE = 20 << 20  # bytes: three parts


@pytest.fixture(scope="module")
def moto() -> Iterator[Started]:
    with peer("moto") as started:
        yield started


@pytest.fixture
def s3(moto: Started, monkeypatch: pytest.MonkeyPatch) -> "S3Client":
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto.endpoint)
    monkeypatch.setattr(services, "_made", {})
    monkeypatch.setattr(services, "_makers", {"s3": BucketFileSystem})
    made = Session().create_client("s3", region_name="us-east-1", endpoint_url=moto.endpoint)
    client = cast("S3Client", made)
    client.create_bucket(Bucket="bucket")
    client.delete_object(Bucket="bucket", Key="day/a.ndjson.zst")
    return client


def unfinished(s3: "S3Client") -> list[Any]:
    return list(s3.list_multipart_uploads(Bucket="bucket").get("Uploads", []))


@pytest.mark.parametrize("size", [0, 1, LARGE])
def test_an_object_appears_whole_when_it_is_finished(s3: "S3Client", size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    with appearing_object(URL) as file:
        for start in range(0, len(body), 1_000_003):
            file.write(body[start : start + 1_000_003])
            assert not exists(URL)
    assert is_taken(URL)
    with RemoteReader(URL) as reader:
        assert b"".join(iter(lambda: reader.read(1 << 20), b"")) == body
    assert unfinished(s3) == []


@pytest.mark.parametrize("error", [InputError("no more"), KeyboardInterrupt()])
def test_what_is_not_finished_leaves_what_was_there_and_no_parts(
    s3: "S3Client", error: BaseException
) -> None:
    s3.put_object(Bucket="bucket", Key="day/a.ndjson.zst", Body=b"old")

    def write() -> None:
        with appearing_object(URL) as file:
            file.write(b"x" * LARGE)
            assert len(unfinished(s3)) == 1
            raise error

    with pytest.raises(type(error)):
        write()
    assert read_range(URL, 0, 10) == b"old"
    assert unfinished(s3) == []


@pytest.mark.parametrize("body", [b"", b"some"])
def test_a_writer_that_is_forgotten_leaves_no_object(s3: "S3Client", body: bytes) -> None:
    writer = RemoteWriter(URL)
    writer.write(body)
    del writer
    gc.collect()
    assert not exists(URL)
    assert unfinished(s3) == []


def test_a_part_that_cannot_be_sent_is_told_and_takes_back_the_others(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = RemoteWriter(URL)
    writer.write(b"x" * LARGE)
    call = BucketFileSystem.call

    def refused(self: BucketFileSystem, bucket: str, key: str, operation: str, **more: Any) -> Any:  # noqa: ANN401
        if operation == "upload_part":
            raise EndpointError("refused", place="here")
        return call(self, bucket, key, operation, **more)

    monkeypatch.setattr(BucketFileSystem, "call", refused)
    with pytest.raises(EndpointError, match="refused"):
        writer.write(b"x" * LARGE)
    assert writer.is_broken
    writer.abandon()
    assert not exists(URL)
    assert unfinished(s3) == []


def test_parts_grow_so_that_an_object_may_become_as_large_as_s3_takes(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    from kinesis_cli.aws import bucket_files

    monkeypatch.setattr(bucket_files, "_GROWS_AFTER", 2)
    monkeypatch.setattr(writing, "_PART", 5 << 20)
    with appearing_object(URL) as file:
        for _ in range(50):
            file.write(b"x" * (1 << 20))
    parts = s3.head_object(Bucket="bucket", Key="day/a.ndjson.zst", PartNumber=1)["PartsCount"]
    assert parts < 10
    assert s3.head_object(Bucket="bucket", Key="day/a.ndjson.zst")["ContentLength"] == 50 << 20


def records(number: int) -> list[Record]:
    return [
        lambda_record(
            shard_id="shardId-000000000000",
            sequence_number=f"4{n:020}",
            partition_key="k",
            arrival=1 + n,
            data=b"{}",
        )
        for n in range(number)
    ]


@pytest.mark.parametrize(
    ("error", "appears"),
    [(None, True), (EndpointError("the stream is gone"), True), (KeyboardInterrupt(), False)],
    ids=["its end", "a stream that is gone", "an interrupt"],
)
def test_a_sent_recording_is_whole_whatever_ends_it(
    s3: "S3Client", error: BaseException | None, appears: bool
) -> None:
    def record() -> None:
        with SentRecording(URL, Progress("arn", "trim-horizon")) as file:
            file.append(records(100), "shardId-000000000000", "1")
            file.commit()
            assert not exists(URL)
            if error is not None:
                raise error

    if error is None:
        record()
    else:
        with pytest.raises(type(error)):
            record()
    assert exists(URL) is appears
    if appears:
        with Recording.open([str(URL)]) as recording:
            assert recording.count == 100


def test_what_was_given_up_is_kept_here_where_it_cannot_be_sent(
    s3: "S3Client", tmp_path: Path
) -> None:
    here = tmp_path / "failed.ndjson"
    with FailedRecords(1.0, "arn:aws:kinesis:eu-west-1:123456789012:stream/s") as left:
        left.add([Entry(0, "k", None, b"{}")])
        assert left.write(URL, here) == URL
        assert not here.exists()
        assert left.write(Url("s3://no-such-bucket/a.ndjson"), here) == here
    assert left.not_sent is not None
    assert "no-such-bucket" in str(left.not_sent)
    with Recording.open([str(here)]) as recording:
        assert recording.count == 1
