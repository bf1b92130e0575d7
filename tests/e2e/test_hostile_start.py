"""kcli started where, or with what, nothing can work: a sentence and exit code 2."""

import os
import shlex
import subprocess

# ruff: noqa: E501 - data
from pathlib import Path

import pytest

from tests.e2e.programs import KCLI, Kcli

pytestmark = pytest.mark.slow

LONG = "a" * 5000
FILE_OPTIONS = [
    ("simulate", "{}"),
    ("simulate", "{event}", "--mapping", "{}"),
    ("simulate", "{event}", "--duration-from", "{}"),
    ("simulate", "{event}", "--env-vars", "{}"),
    ("simulate", "{event}", "--handler", "{}:handler"),
    ("invoke", "{}"),
    ("invoke", "--env-vars", "{}"),
    ("invoke", "--template", "{}"),
    ("event", "--from", "{}"),
    ("event", "--data", "@{}"),
    ("event", "--template", "{}"),
    ("event", "-o", "{}"),
    ("put", "--from", "{}", "--endpoint-url", "http://127.0.0.1:1", "--stream", "s"),
    ("put", "--failed", "{}", "--endpoint-url", "http://127.0.0.1:1", "--stream", "s"),
    ("record", "-o", "{}", "--endpoint-url", "http://127.0.0.1:1", "--stream", "s"),
    ("record", "-o", "{}", "--resume", "--endpoint-url", "http://127.0.0.1:1", "--stream", "s"),
    ("replay", "{}", "--endpoint-url", "http://127.0.0.1:1", "--stream", "s"),
    ("replay", "{event}", "--failed", "{}", "--endpoint-url", "http://127.0.0.1:1", "--stream", "s"),
    ("replay", "{event}", "--progress-file", "{}", "--endpoint-url", "http://127.0.0.1:1", "--stream", "s"),
    ("redrive", "{}", "--stream", "s", "--endpoint-url", "http://127.0.0.1:1"),
    ("config", "--template", "{}"),
    ("local", "status", "--state", "{}"),
]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["config"],
        ["event"],
        ["invoke"],
        ["local", "env"],
        ["local", "start"],
        ["local", "status"],
        ["put", "--count", "1"],
        ["record", "-o", "x.ndjson"],
        ["redrive"],
        ["replay", "x.ndjson"],
        ["simulate", "x.ndjson"],
        ["status"],
        ["tail"],
        ["tail-logs"],
    ],
    ids=" ".join,
)
def test_a_working_directory_that_is_gone_is_a_sentence(
    arguments: list[str], tmp_path: Path
) -> None:
    script = 'cd "$0" && rmdir "$0" && exec "$@"'
    gone = tmp_path / "gone"
    gone.mkdir()
    found = subprocess.run(
        ["sh", "-c", script, gone, *KCLI, *arguments], capture_output=True, text=True, check=False
    )
    assert "bug" not in found.stderr
    assert "Traceback" not in found.stderr
    assert (found.returncode, found.stderr.splitlines()[:1]) in (
        (2, ["kcli: the working directory: is gone."]),
        (2, ["kcli: x.ndjson: no such file or directory."]),
        (0, []),  # it needs no directory
    )


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An event that nothing is wrong with."""
    folder = tmp_path_factory.mktemp("event")
    made = Kcli(folder, os.environ)("event", "-o", "event.json")
    assert made.returncode == 0, made.stderr
    return folder / "event.json"


@pytest.mark.parametrize("arguments", FILE_OPTIONS, ids=" ".join)
@pytest.mark.parametrize("kind", ["a directory", "a name that is too long"])
def test_what_cannot_be_a_file_is_a_sentence(
    arguments: tuple[str, ...], kind: str, kcli: Kcli, event: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    name = "folder" if kind == "a directory" else LONG
    found = kcli(*(each.replace("{event}", str(event)).replace("{}", name) for each in arguments))
    assert "bug" not in found.stderr
    assert found.returncode in (0, 2, 3), found.stderr  # 0: a state may be a folder


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://[::1]:x", "http://x:99999999", "http://", "x"]
)
@pytest.mark.parametrize("command", ["put", "tail", "status", "redrive", "config", "tail-logs"])
def test_an_endpoint_that_is_no_url_is_refused(command: str, url: str, kcli: Kcli) -> None:
    found = kcli(command, "--endpoint-url", url)
    assert found.returncode == 2
    assert "is not an endpoint url" in found.stderr


@pytest.mark.parametrize("command", ["simulate", "invoke"])
def test_a_file_whose_bytes_cannot_be_read_is_named(command: str, kcli: Kcli) -> None:
    """As on a broken disk: it is opened, and the first read fails."""
    if not Path("/proc/self/mem").exists():
        pytest.skip("this system has no /proc/self/mem")
    found = kcli(command, "/proc/self/mem")
    assert found.returncode == 2
    assert found.stderr == "kcli: /proc/self/mem: input/output error.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", "day.ndjson", "--report", "no/run.html"],
        ["simulate", "day.ndjson", "--trace", "no/run.json"],
        ["event", "-o", "no/day.ndjson"],
        ["record", "-o", "no/day.ndjson", "--no-follow"],
    ],
    ids=" ".join,
)
def test_a_file_without_a_folder_is_refused_before_anything_is_done(
    arguments: list[str], kcli: Kcli, tmp_path: Path
) -> None:
    (tmp_path / "day.ndjson").write_text(kcli("event", "--output", "ndjson").stdout)
    found = kcli(*arguments, cwd=tmp_path)
    assert found.returncode == 2
    assert found.stdout == ""
    place = next(each for each in arguments if "/" in each)
    said = f"kcli: {place}: cannot be written: there is no folder no.\n      Make it first.\n"
    assert found.stderr == said


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_file(closed: str, kcli: Kcli, tmp_path: Path) -> None:
    """What is opened first would else get its number, and be written into."""
    recording = kcli("event", "--count", "3", "--output", "ndjson").stdout
    (tmp_path / "day.ndjson").write_text(recording)
    command = f"{shlex.join(KCLI)} simulate day.ndjson {closed}"
    found = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert ("Summary" in found.stdout) == (">&-" not in closed.replace("2>&-", ""))
    assert (tmp_path / "day.ndjson").read_text() == recording


@pytest.mark.parametrize(
    "arguments",
    ["simulate -", "invoke -", "invoke --data -", "event --dynamodb --keys a --items -"],
)
def test_standard_input_that_is_closed_is_a_sentence(arguments: str, tmp_path: Path) -> None:
    found = subprocess.run(
        ["sh", "-c", f"{shlex.join(KCLI)} {arguments} <&-"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2, found.stderr
    assert "closed" in found.stderr
