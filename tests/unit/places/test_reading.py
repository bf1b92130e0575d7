"""Objects that are read over real HTTP, whatever becomes of the connection."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.local.server.certificate import certificate
from kinesis_cli.places import reading, services
from kinesis_cli.places.reading import RemoteReader, read_range
from kinesis_cli.places.url import Url
from tests.object_server import Objects, object_server

pytestmark = pytest.mark.slow

BODY = bytes(range(256)) * 40_000  # 10 MB: several requests of S3's

HTTP, S3 = "http", "s3"
SERVICES = pytest.mark.parametrize("service", [HTTP, S3])


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PAUSES", (0,) * 10)
    monkeypatch.setattr(services, "_made", {})


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # the reader's own attempts are what is tested


def url_of(service: str, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Url:
    """The object /bucket/a of a server, as a service has it."""
    if service == HTTP:
        return Url(f"{endpoint}/bucket/a")
    from kinesis_cli.aws.bucket_files import BucketFileSystem

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setattr(services, "_makers", {"s3": BucketFileSystem})
    return Url("s3://bucket/a")


def all_of(url: Url) -> bytes:
    pieces = []
    with RemoteReader(url) as reader:
        while piece := reader.read(1 << 18):
            pieces.append(piece)
    return b"".join(pieces)


def objects(**more: object) -> Objects:
    return Objects({"/bucket/a": BODY}, tags={"/bucket/a": '"one"'}, **more)  # type: ignore[arg-type]


@SERVICES
def test_an_object_is_read_to_its_end(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with object_server(objects()) as endpoint:
        url = url_of(service, endpoint, monkeypatch)
        assert all_of(url) == BODY
        assert read_range(url, 1_000, 50) == BODY[1_000:1_050]
        assert read_range(url, len(BODY) - 5, 50) == BODY[-5:]


@SERVICES
def test_an_empty_object_has_no_bytes(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with object_server(Objects({"/bucket/a": b""})) as endpoint:
        assert all_of(url_of(service, endpoint, monkeypatch)) == b""


@SERVICES
def test_a_lost_connection_is_made_again_and_reading_goes_on_from_there(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = objects(cut_after=[300_000, 1_000_000, 70, 5, 5, 5, 0])
    with object_server(served) as endpoint:
        assert all_of(url_of(service, endpoint, monkeypatch)) == BODY
    assert not served.cut_after
    begins = [int(each.removeprefix("bytes=").partition("-")[0] or 0) for each in served.asked]
    if service == S3:
        assert begins[:6] == [0, 300_000, 1_300_000, 1_300_070, 1_300_075, 1_300_080]
        return
    # aiohttp withholds what it had received by the time of the loss, a piece or a few
    assert begins == sorted(begins)
    assert begins[-1] > 0


def test_a_server_without_ranges_is_asked_for_all_and_what_is_there_is_skipped() -> None:
    served = objects(cut_after=[300_000, 2_000_000], has_ranges=False)
    with object_server(served) as endpoint:
        assert all_of(Url(f"{endpoint}/bucket/a")) == BODY
        assert read_range(Url(f"{endpoint}/bucket/a"), 77, 9) == BODY[77:86]
    assert not served.cut_after


def test_a_server_that_tells_no_size_is_read_to_the_end_of_its_connection() -> None:
    with object_server(objects(tells_size=False)) as endpoint:
        assert all_of(Url(f"{endpoint}/bucket/a")) == BODY


@SERVICES
def test_an_object_that_changes_meanwhile_is_refused(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = objects(changed_by_get={"/bucket/a": BODY[::-1]})
    with object_server(served) as endpoint, pytest.raises(InputError, match="it changed while"):
        all_of(url_of(service, endpoint, monkeypatch))


def test_one_that_changes_where_the_connection_was_lost_is_refused_too() -> None:
    served = objects(cut_after=[300_000], changed_by_get={"/bucket/a": BODY[::-1]})
    with object_server(served) as endpoint, pytest.raises(InputError, match="it changed while"):
        all_of(Url(f"{endpoint}/bucket/a"))


@SERVICES
def test_a_connection_that_never_holds_is_given_up_with_a_sentence(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = objects(cut_after=[0] * 50)
    with object_server(served) as endpoint:
        url = url_of(service, endpoint, monkeypatch)
        with pytest.raises(EndpointError) as lost:
            all_of(url)
    assert lost.value.place == url.shown


@SERVICES
def test_a_certificate_that_nobody_vouches_for_is_named_with_what_to_do(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own, key = certificate(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(own.read_bytes() + key.read_bytes())
    variable = "AWS_CA_BUNDLE" if service == S3 else "SSL_CERT_FILE"
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with object_server(objects(), both) as endpoint:
        url = url_of(service, endpoint, monkeypatch)
        with pytest.raises(EndpointError) as refused:
            all_of(url)
        assert refused.value.problem == "its certificate is not trusted: self-signed certificate"
        assert f"{variable}=FILE" in refused.value.advice
        # the advice, to the letter
        program = (
            "import sys\n"
            "from kinesis_cli.aws.bucket_files import BucketFileSystem\n"
            "from kinesis_cli.places.reading import read_range\n"
            "from kinesis_cli.places.services import reach_by\n"
            "from kinesis_cli.places.url import Url\n"
            "reach_by('s3', BucketFileSystem)\n"
            "sys.stdout.buffer.write(read_range(Url(sys.argv[1]), 0, 9))\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", program, url.text],
            env={**os.environ, variable: str(own)},
            capture_output=True,
            check=False,
        )
        assert run.stdout == BODY[:9], run.stderr


def test_a_server_that_does_not_speak_tls_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        object_server(objects()) as endpoint,
        pytest.raises(EndpointError, match="no TLS connection: wrong version number"),
    ):
        all_of(Url(f"{endpoint.replace('http', 'https')}/bucket/a"))


@SERVICES
@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_service_that_refuses_is_an_error_of_the_service(
    service: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        object_server(objects(statuses=[status] * 50)) as endpoint,
        pytest.raises(EndpointError) as refused,
    ):
        all_of(url_of(service, endpoint, monkeypatch))
    assert str(status) in str(refused.value) or "refused" in str(refused.value)


@SERVICES
def test_an_object_that_is_not_there_is_an_error_of_the_input(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        object_server(Objects({"/bucket": b""})) as endpoint,
        pytest.raises(InputError, match="there is no such object"),
    ):
        all_of(url_of(service, endpoint, monkeypatch))


def test_an_error_that_was_there_before_is_not_taken_for_the_reason() -> None:
    with object_server(Objects()) as endpoint:
        url = Url(f"{endpoint}/bucket/a")
        try:
            raise ValueError("something else")
        except ValueError:
            assert not reading.exists(url)


@SERVICES
def test_a_server_that_is_not_there_is_told_with_the_reason(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with object_server(objects()) as endpoint:
        pass
    with pytest.raises(EndpointError, match="could not be reached"):
        all_of(url_of(service, endpoint, monkeypatch))


READS_ALL = """
import resource, sys
from kinesis_cli.places.reading import RemoteReader, details_of
from kinesis_cli.places.url import Url

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

url, count = Url(sys.argv[1]), 0
details_of(url)  # all that is needed is loaded
before = most()
with RemoteReader(url) as reader:
    while piece := reader.read(1 << 18):
        count += len(piece)
print(count, most() - before)
"""


@SERVICES
def test_memory_does_not_grow_with_the_object(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 96 << 20
    served = Objects({"/bucket/a": bytes(size)}, tags={"/bucket/a": '"one"'})
    with object_server(served) as endpoint:
        url = url_of(service, endpoint, monkeypatch)
        run = subprocess.run(
            [sys.executable, "-c", READS_ALL, str(url)], capture_output=True, text=True, check=True
        )
    count, grown = map(int, run.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1 << 10  # of ru_maxrss
    assert count == size
    assert grown * unit < size / 3
