"""Files at gs:// and az://: the packages that reach them, against emulators of both services."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.programs import Kcli, without_aws
from tests.e2e.reading.commands import succeeded
from tests.environments import node, npm_package, python_environment
from tests.servers import Command, held_port, serving

pytestmark = [pytest.mark.slow, pytest.mark.builds, pytest.mark.xdist_group("other clouds")]

AZURITE = "azurite@3.35.0"
GCS_EMULATOR = "gcp-storage-emulator==2026.7.19"

# Azurite's own, which everybody knows: https://github.com/Azure/Azurite#default-storage-account
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

MAKE_CONTAINER = """
import os, adlfs
account = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
adlfs.AzureBlobFileSystem(connection_string=account).mkdir("files")
"""

LEAVES_HALF = """
import os, sys
from kinesis_cli.places.reading import exists
from kinesis_cli.places.url import Url
from kinesis_cli.places.writing import appearing_object

url = Url(sys.argv[1])
try:
    with appearing_object(url) as file:
        file.write(os.urandom(9 << 20))  # one part, and some of the next
        raise ValueError
except ValueError:
    sys.exit(exists(url))
"""

ROUND_TRIP = """
import os, sys
from kinesis_cli.places.reading import RemoteReader
from kinesis_cli.places.url import Url
from kinesis_cli.places.writing import appearing_object

url, body = Url(sys.argv[1]), os.urandom((16 << 20) + 7)  # two parts, and some of a third
with appearing_object(url) as file:
    for start in range(0, len(body), 1_000_003):
        file.write(body[start : start + 1_000_003])
with RemoteReader(url) as reader:
    assert b"".join(iter(lambda: reader.read(1 << 18), b"")) == body
"""


@pytest.fixture(scope="module")
def azure() -> Iterator[dict[str, str]]:
    program = npm_package(AZURITE) / "dist" / "src" / "blob" / "main.js"
    with held_port() as port:
        options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence"]
        options += ["--skipApiVersionCheck", "--silent", "--disableTelemetry"]
        with serving(Command([node(), str(program), *options]), port):
            endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
            found = {
                "AZURE_STORAGE_CONNECTION_STRING": f"DefaultEndpointsProtocol=http;"
                f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"
            }
            run_python(MAKE_CONTAINER, environment=found)
            yield found


@pytest.fixture(scope="module")
def google() -> Iterator[dict[str, str]]:
    program = python_environment("gcp-storage-emulator", GCS_EMULATOR) / "gcp-storage-emulator"
    with held_port() as port:
        options = ["--host", "127.0.0.1", "--port", str(port), "--in-memory"]
        command = Command([str(program), "start", *options, "--default-bucket", "files"])
        with serving(command, port):
            yield {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}


@pytest.fixture(params=["az", "gs"])
def service(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    return request.param, request.getfixturevalue("azure" if request.param == "az" else "google")


def run_python(program: str, *arguments: str, environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )


def test_files_are_written_listed_and_read(
    service: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    scheme, found = service
    kcli = Kcli(tmp_path, {**without_aws(), **found})
    url = f"{scheme}://files/day"
    for name, start in (("b", 0), ("a", 3600)):
        made = ("event", "--seed", "1", "--count", "5", "--start", f"+{start}")
        succeeded(kcli(*made, "-o", f"{url}/{name}.ndjson.zst"))
        succeeded(kcli(*made, "-o", f"{name}.ndjson.zst"))
    again = kcli("event", "-o", f"{url}/a.ndjson.zst")
    assert (again.returncode, again.stdout) == (2, "")
    assert "it exists" in again.stderr
    here = succeeded(kcli("simulate", "b.ndjson.zst", "a.ndjson.zst", "--output", "json"))
    for place in (f"{url}/", f"{url}/*.zst"):
        assert succeeded(kcli("simulate", place, "--output", "json")) == here
    nothing = kcli("simulate", f"{url}/c.ndjson.zst")
    assert nothing.returncode == 2
    assert "there is no such object" in nothing.stderr


def test_many_parts_are_one_object_and_half_of_one_is_none(
    service: tuple[str, dict[str, str]],
) -> None:
    scheme, found = service
    run_python(ROUND_TRIP, f"{scheme}://files/large", environment=found)
    run_python(LEAVES_HALF, f"{scheme}://files/half", environment=found)
