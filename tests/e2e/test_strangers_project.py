"""A project that was found upwards, and that somebody else may have put there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.project.find import find_function
from kinesis_cli.project.settings import read_settings
from tests.e2e.programs import KCLI

STRANGER, SOMEBODY = 54_321, 54_322

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ., Handler: app.handler, Runtime: python3.12}
"""


@pytest.fixture
def below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder below that of a template, which is root's."""
    monkeypatch.delenv("SUDO_UID", raising=False)
    project = tmp_path / "shared"
    (project / "mine").mkdir(parents=True)
    (project / "template.yaml").write_text(TEMPLATE)
    (project / "app.py").write_text("def handler(event, context): return 'ran'\n")
    monkeypatch.chdir(project / "mine")
    return project / "mine"


def test_root_is_refused_a_strangers_template_where_anybody_may_write(below: Path) -> None:
    below.parent.chmod(0o1777)
    assert find_function().handler == "app.handler"
    os.chown(below.parent / "template.yaml", STRANGER, -1)
    with pytest.raises(InputError, match="belongs to the user 54321") as raised:
        find_function()
    assert raised.value.place == str(below.parent / "template.yaml")
    assert raised.value.advice == f"If you trust it, name it: --template {raised.value.place}."
    assert find_function(template=below.parent / "template.yaml").handler == "app.handler"


def test_root_in_a_container_runs_what_is_mounted_there(below: Path) -> None:
    for each in (below.parent, below.parent / "template.yaml"):
        os.chown(each, STRANGER, -1)
    assert find_function().handler == "app.handler"


def test_sudo_runs_the_callers_own_project(below: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below.parent.chmod(0o777)
    os.chown(below.parent / "template.yaml", STRANGER, -1)
    monkeypatch.setenv("SUDO_UID", str(STRANGER))
    assert find_function().handler == "app.handler"


def test_a_strangers_settings_are_refused_too(below: Path) -> None:
    below.parent.chmod(0o777)
    settings = below.parent / "kcli.toml"
    settings.write_text('template = "template.yaml"\n')
    os.chown(settings, STRANGER, -1)
    with pytest.raises(InputError, match="belongs to the user 54321"):
        read_settings(environment={})


@pytest.mark.parametrize(("owner", "is_refused"), [(STRANGER, True), (SOMEBODY, False), (0, False)])
def test_a_user_is_refused_what_is_neither_theirs_nor_roots(
    owner: int, is_refused: bool, below: Path
) -> None:
    home = Path("/tmp") / f"kcli-test-{os.getpid()}"  # a user may look into no folder of pytest's
    shutil.copytree(below.parent, home)
    try:
        for each in (home, *home.rglob("*")):
            os.chown(each, owner, -1)
        found = subprocess.run(
            [*KCLI, "config"],
            cwd=home / "mine",
            user=SOMEBODY,
            env={"PATH": os.environ["PATH"], "HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
    except PermissionError:
        pytest.skip("this machine lets no other user run this Python")
    finally:
        shutil.rmtree(home)
    if "Permission" in found.stderr or "No module" in found.stderr:
        pytest.skip("another user may not read this checkout")
    assert (found.returncode, "belongs to the user" in found.stderr) == (
        (2, True) if is_refused else (0, False)
    )
