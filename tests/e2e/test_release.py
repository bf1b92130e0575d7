"""What a release consists of, made and tried here."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.session import Session

from kinesis_cli import __version__
from kinesis_cli.local.client.process import stop_server
from kinesis_cli.local.container import in_a_container
from release import make_release
from tests.e2e.programs import KCLI, Kcli, without_aws
from tests.patience import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.builds]

UV = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
DESCRIPTION = re.compile(r"^(CMD|ENTRYPOINT) (\[.*\])$", re.MULTILINE)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution and the wheel."""
    return make_release.build(tmp_path_factory.mktemp("dist"))


def test_who_builds_it_again_elsewhere_gets_the_same_bytes(
    root: Path, built: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "a checkout"
    ignored = shutil.ignore_patterns(".venv*", ".git", ".*_cache", "__pycache__", ".hypothesis")
    shutil.copytree(root, elsewhere, ignore=ignored, copy_function=shutil.copyfile, symlinks=True)
    for each in (elsewhere / "kinesis_cli").rglob("*.py"):
        os.utime(each, (10**9, 10**9))
    before = os.umask(0o077)
    try:
        monkeypatch.setattr(make_release, "ROOT", elsewhere)
        monkeypatch.setenv("TZ", "Pacific/Chatham")
        again = make_release.build(tmp_path / "dist")
    finally:
        os.umask(before)
    for first, second in zip(built, again, strict=True):
        assert first.name == second.name
        assert first.read_bytes() == second.read_bytes()


def test_the_formula_installs_the_source_that_was_built(built: tuple[Path, Path]) -> None:
    formula = make_release.formula("1.2.3", built[0], {"GITHUB_REPOSITORY": "us/kcli"})
    assert "@" not in formula.replace("python@3", "")
    digest = subprocess.run(["sha256sum", built[0]], capture_output=True, text=True).stdout[:64]
    assert f'sha256 "{digest}"' in formula
    assert "us/kcli/releases/download/v1.2.3/kinesis_cli-1.2.3.tar.gz" in formula


def test_a_tag_that_is_not_the_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAG", f"v{__version__}")
    assert make_release.version() == __version__
    monkeypatch.setenv("TAG", "v0.0.1")
    with pytest.raises(SystemExit, match=r"the tag is v0\.0\.1"):
        make_release.version()


def test_the_notes_are_what_the_changelog_says_of_the_version() -> None:
    changelog = (
        "# Changelog\n\n## [1.1.0] - 2026-01-02\n\n### Added\n\n- New.\n\n"
        "## [1.0.0] - 2025-01-02\n\n- Old.\n"
    )
    assert make_release.notes(changelog, "1.1.0") == "### Added\n\n- New.\n"
    assert make_release.notes(changelog, "1.0.0") == "- Old.\n"
    with pytest.raises(SystemExit, match=r"no heading `## \[1\.2\.0\]"):
        make_release.notes(changelog, "1.2.0")


def in_empty_folder(kcli: Kcli, folder: Path) -> None:
    """The function of the wheel is simulated where nothing is."""
    event = kcli("event", "--count", "3", "--temperature", "20").stdout
    run = kcli("simulate", "-", "--output", "json", given=event)
    assert json.loads(run.stdout)["summary"]["succeeded"] == 3, run.stderr
    assert not list(folder.glob(".kcli"))


def breaks_a_handler(kcli: Kcli, folder: Path) -> None:
    (folder / "app.py").write_text(
        "def handler(event, context):\n"
        "    event['Records'].clear()\n"
        "    return {'batchItemFailures': []}\n"
    )
    (folder / "one.ndjson").write_text('{"v": 1}\n')
    run = kcli("check", "--handler", "app.handler", "one.ndjson", "--only", "event-unchanged")
    assert run.returncode == 1, run.stderr
    assert "event-unchanged" in run.stdout


def calls_aws_s_runtime_client(kcli: Kcli, folder: Path) -> None:
    assert folder.is_dir()
    run = kcli("invoke", "--isolated", "--temperature", "120", "--output", "json")
    assert len(json.loads(run.stdout)["batchItemFailures"]) == 1, run.stderr
    assert "awslambdaric" in run.stderr + run.stdout


def serves_a_stream(kcli: Kcli, folder: Path) -> None:
    try:
        assert kcli("local", "start", "--detach").returncode == 0
        assert kcli("put", "--temperature", "89.9").returncode == 0
        waited = kcli("local", "wait", "--idle", "--timeout", str(PATIENCE))
        assert waited.returncode == 0, waited.stderr
    finally:
        kcli("local", "stop")
    assert folder.is_dir()


def makes_data_of_templates_and_models(kcli: Kcli, folder: Path) -> None:
    (folder / "mine.j2").write_text('{"name": "{{ fake.name() }}"}')
    (folder / "shop.py").write_text(
        "import pydantic\nclass Order(pydantic.BaseModel):\n    n: int\n"
    )
    assert '"Records"' in kcli("event", "--template", "mine.j2").stdout
    assert '"Records"' in kcli("event", "--model", "shop:Order").stdout


def lints_with_cfn_lint(kcli: Kcli, folder: Path) -> None:
    template = folder / "template.yaml"
    text = (make_release.ROOT / "template.yaml").read_text()
    assert "TRIM_HORIZON" in text
    template.write_text(text.replace("TRIM_HORIZON", "LATEST"))
    program = Path(kcli.program[0]).with_name("cfn-lint")
    command: list[str | Path] = [program, "--append-rules", "kinesis_cli.cfn_lint", "--", template]
    run = subprocess.run(command, capture_output=True, text=True, env=kcli.environment)
    assert "LATEST" in run.stdout, run.stderr


def asks_for_a_cluster(kcli: Kcli, folder: Path) -> None:
    (folder / "app.py").write_text("def handler(event, context): pass\n")
    kcli("event", "--count", "9", "-o", "day.ndjson")
    assert kcli("index", "day.ndjson").returncode == 0
    arguments = ("simulate", "day.ndjson", "--handler", "app.py:handler")
    run = kcli(*arguments, "--scheduler", "tcp://127.0.0.1:1")
    assert (run.returncode, "no scheduler of Dask's answers" in run.stderr) == (3, True), run.stderr


def asks_the_web(kcli: Kcli, folder: Path) -> None:
    run = kcli("simulate", "https://127.0.0.1:1/day.ndjson", cwd=folder)
    assert (run.returncode, "could not be reached" in run.stderr) == (3, True), run.stderr


def asks_s3(kcli: Kcli, folder: Path) -> None:
    at = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_DEFAULT_REGION": "eu-west-1"}
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1"}
    run = kcli("simulate", "s3://bucket/day.ndjson", "--s3", "aws", cwd=folder, **at, **keys)
    assert (run.returncode, "could not be reached" in run.stderr) == (3, True), run.stderr


def has_a_file_system_of(scheme: str) -> Callable[[Kcli, Path], None]:
    """What would take these clients half a minute to say without a network is left out."""

    def has_a_file_system(kcli: Kcli, folder: Path) -> None:
        program = f"import fsspec; print(fsspec.get_filesystem_class({scheme!r}).protocol)"
        python = Path(kcli.program[0]).with_name("python")
        run = subprocess.run([python, "-c", program], capture_output=True, text=True, cwd=folder)
        assert scheme in run.stdout, run.stderr

    return has_a_file_system


PROMISES: dict[str, list[Callable[[Kcli, Path], None]]] = {
    "": [in_empty_folder],
    "azure": [has_a_file_system_of("az")],
    "check": [breaks_a_handler],
    "cfn-lint": [lints_with_cfn_lint],
    "dask": [asks_for_a_cluster],
    "gcs": [has_a_file_system_of("gs")],
    "https": [asks_the_web],
    "isolated": [calls_aws_s_runtime_client],
    "local": [serves_a_stream],
    "payloads": [makes_data_of_templates_and_models],
    "s3": [asks_s3],
    "all": [breaks_a_handler, calls_aws_s_runtime_client, serves_a_stream],
}


def test_each_extra_promises_something() -> None:
    project = make_release.project()
    assert set(project["optional-dependencies"]) | {""} == set(PROMISES)


@pytest.mark.parametrize("extra", PROMISES)
def test_an_extra_alone_does_what_it_promises(
    extra: str, built: tuple[Path, Path], tmp_path: Path
) -> None:
    if extra == "isolated" and sys.platform != "linux":
        pytest.skip("AWS's runtime client is for Linux")
    assert UV, "uv is in the dev group"
    environment = tmp_path / "environment"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    constraints = tmp_path / "constraints.txt"
    constraints.write_text(make_release.locked_versions())
    wheel = f"{built[1]}[{extra}]" if extra else str(built[1])
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", environment]
    subprocess.run(
        [*install, "--constraints", constraints, wheel],
        env={**os.environ, "UV_SYSTEM_CERTS": "1"},
        check=True,
    )
    home = tmp_path / "home"
    variables = {**without_aws(), "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    variables.pop("VIRTUAL_ENV", None)
    for promise in PROMISES[extra]:
        folder = tmp_path / promise.__name__
        folder.mkdir()
        promise(Kcli(folder, variables, [environment / "bin" / "kcli"]), folder)


def test_it_runs_by_its_own_name_too(built: tuple[Path, Path], tmp_path: Path) -> None:
    """`uvx kinesis-cli`, `pipx run kinesis-cli`: a program of the distribution's name."""
    assert UV, "uv is in the dev group"
    run = subprocess.run(
        [UV, "tool", "run", "--quiet", "--from", built[1], "kinesis-cli", "--version"],
        env={**os.environ, "UV_SYSTEM_CERTS": "1", "UV_TOOL_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.stdout == f"kcli {__version__}\n", run.stderr


def test_the_image_s_command_answers_its_neighbours_and_no_web_page(
    root: Path, tmp_path: Path
) -> None:
    """What the Dockerfile runs, here, with the variable that it sets."""
    words = {name: json.loads(text) for name, text in commands(root).items()}
    assert words["ENTRYPOINT"] == ["kcli"]
    state = tmp_path / "state"
    with socket.create_server(("", 0)) as probe:
        port = probe.getsockname()[1]
    given = {"4566": str(port), "/state": str(state)}
    command = [*KCLI, *(given.get(word, word) for word in words["CMD"]), "--stream", "orders"]
    # In the background, as an engine runs it.
    environment = {**without_aws(), "container": "docker", "HOME": str(tmp_path)}
    started = subprocess.run(
        [*command, "--detach"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    try:
        assert started.returncode == 0, started.stderr
        assert "warning: answers every machine" in started.stderr
        client = kinesis(f"http://{own_address()}:{port}")
        assert "orders" in client.list_streams()["StreamNames"]
        for host, status in [("kinesis:4566", 403), ("attacker.example", 403)]:
            answer = request(own_address(), port, host)
            assert answer.startswith(f"HTTP/1.1 {status}")
            assert ("no web pages" in answer) == (host == "attacker.example")
    finally:
        stop_server(state)


@pytest.mark.skipif(in_a_container(), reason="this machine is a container")
def test_a_machine_that_is_not_a_container_answers_itself_only(tmp_path: Path) -> None:
    run = Kcli(tmp_path, {**without_aws(), "HOME": str(tmp_path)})(
        *("local", "start", "--in-container", "--stream", "orders")
    )
    assert run.returncode == 2
    assert "this machine is not a container" in run.stderr


def test_the_workflows_and_forms_are_yaml_and_make_knows_their_targets(root: Path) -> None:
    files = [*root.glob(".github/**/*.yml")]
    assert len(files) >= 6
    for each in files:
        yaml.safe_load(each.read_text())
    release = yaml.safe_load((root / ".github/workflows/release.yml").read_text())
    runs = [
        step["run"]
        for job in release["jobs"].values()
        for step in job.get("steps", [])
        if "run" in step
    ]
    assert "make release" in runs
    assert "\nrelease:" in (root / "Makefile").read_text()
    json.loads((root / ".devcontainer/devcontainer.json").read_text())


def commands(root: Path) -> dict[str, str]:
    """What the image runs, by instruction."""
    return {each[1]: each[2] for each in DESCRIPTION.finditer((root / "Dockerfile").read_text())}


def own_address() -> str:
    """One of this machine that is not loopback, where it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; the address is for documents
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def kinesis(endpoint: str) -> Any:  # noqa: ANN401 - botocore makes classes as it runs
    session = Session()
    session.set_credentials("any", "key")
    return session.create_client("kinesis", region_name="us-east-1", endpoint_url=endpoint)


def request(address: str, port: int, host: str) -> str:
    with socket.create_connection((address, port), timeout=PATIENCE) as connection:
        head = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
