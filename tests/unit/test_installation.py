import json
import shlex
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from kinesis_cli import installation
from kinesis_cli.installation import Installation, install_line, this_installation


def written_dist_info(folder: Path, **files: str) -> Path:
    info = folder / "kinesis_cli-0.1.0.dist-info"
    info.mkdir()
    for name, text in files.items():
        (info / name.replace("_json", ".json")).write_text(text)
    return info


@pytest.mark.parametrize(
    ("how", "line"),
    [
        (Installation("uv tool", ""), "uv tool install 'kinesis-cli[local]'"),
        (Installation("pipx", ""), "pipx install --force 'kinesis-cli[local]'"),
        (Installation("uvx", ""), "uvx --from 'kinesis-cli[local]' kcli"),
        (Installation("uv tool", "/a clone"), "uv tool install '/a clone[local]'"),
        (
            Installation("uv tool", "/clone", editable=True),
            "uv tool install --editable '/clone[local]'",
        ),
        (
            Installation("pipx", "/clone", editable=True),
            "pipx install --force --editable '/clone[local]'",
        ),
        (
            Installation("uv tool", "git+https://example.com/kcli@main"),
            "uv tool install 'kinesis-cli[local] @ git+https://example.com/kcli@main'",
        ),
    ],
)
def test_the_line_is_of_what_installed_kcli(how: Installation, line: str) -> None:
    assert how.install_line("local") == line


def test_a_tool_keeps_the_extras_and_packages_that_it_has() -> None:
    how = Installation("uv tool", "", extras=("payloads",), beside=("their-models==2",))
    assert how.install_line("local") == (
        "uv tool install 'kinesis-cli[local,payloads]' --with their-models==2"
    )


def test_pip_is_that_of_the_interpreter_that_runs_kcli() -> None:
    line = Installation("pip", "/clone", editable=True).install_line("local")
    assert sys.executable in shlex.split(line)
    assert line.endswith("--editable '/clone[local]'")


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        ({}, ("", False)),
        (
            {
                "url": "https://example.com/kcli.git",
                "vcs_info": {"vcs": "git", "commit_id": "0", "requested_revision": "v1"},
            },
            ("git+https://example.com/kcli.git@v1", False),
        ),
        (
            {"url": "https://example.com/kinesis_cli-1-py3-none-any.whl", "archive_info": {}},
            ("https://example.com/kinesis_cli-1-py3-none-any.whl", False),
        ),
        ({"url": "file:///no/longer/there.whl", "archive_info": {}}, ("", False)),
    ],
)
def test_the_source_is_what_the_installer_wrote_down(
    direct_url: dict[str, object],
    expected: tuple[str, bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    info = written_dist_info(tmp_path, direct_url_json=json.dumps(direct_url), METADATA="")
    monkeypatch.setattr(installation, "distribution", lambda _: PathDistribution(info))
    found = this_installation.__wrapped__()
    assert (found.source, found.editable) == expected


def test_a_clone_with_a_space_in_its_name_is_quoted_and_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "my clone"
    clone.mkdir()
    url = json.dumps({"url": clone.as_uri(), "dir_info": {"editable": True}})
    info = written_dist_info(tmp_path, direct_url_json=url, METADATA="")
    monkeypatch.setattr(installation, "distribution", lambda _: PathDistribution(info))
    assert this_installation.__wrapped__().source == str(clone)


def test_in_this_clone_the_line_names_the_clone() -> None:
    words = shlex.split(install_line("payloads"))
    assert words[-1].endswith("[payloads]")
    assert (Path(words[-1].removesuffix("[payloads]")) / "pyproject.toml").is_file()
