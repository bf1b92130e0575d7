import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kinesis_cli.cli.main import COMMANDS
from tests.e2e.programs import Kcli

Complete = Callable[..., list[str]]


@pytest.fixture
def complete(kcli: Kcli) -> Complete:
    """What the shell is told for the words typed so far, the last one unfinished."""

    def ask(*words: str, shell: str = "bash") -> list[str]:
        run = kcli(
            _KCLI_COMPLETE=f"complete_{shell}",
            COMP_WORDS="\n".join(("kcli", *words)),
            COMP_CWORD=str(len(words)),
        )
        assert (run.returncode, run.stderr) == (0, "")
        return run.stdout.splitlines()

    return ask


def test_names_of_commands_are_completed(complete: Complete) -> None:
    assert complete("") == list(COMMANDS)
    assert complete("si") == ["simulate"]
    assert complete("--v") == ["--version"]
    assert complete("nonsense", "") == []


def test_zsh_and_fish_are_told_what_each_means(complete: Complete) -> None:
    summary = COMMANDS["event"].summary
    assert complete("ev", shell="zsh") == [f"event:{summary}"]
    assert complete("ev", shell="fish") == [f"event\t{summary}"]


def test_options_of_a_command_are_completed_once(complete: Complete) -> None:
    assert complete("event", "--see") == ["--seed"]
    assert "--seed" not in complete("event", "--seed", "1", "--")


def test_values_of_an_option_are_completed(complete: Complete) -> None:
    assert complete("simulate", "--output", "") == ["table", "json", "ndjson"]
    assert complete("simulate", "--output", "j") == ["json"]
    assert complete("simulate", "--output", "=", "j") == ["json"]  # as bash splits --output=j
    assert complete("simulate", "--output=j", shell="fish") == ["--output=json"]


def test_topics_and_described_commands_are_completed(complete: Complete) -> None:
    assert complete("docs", "tut") == ["tutorial"]
    assert complete("docs", "K00")[:2] == ["K001", "K002"]
    assert complete("docs", "--no-web", "poi") == ["poison-record"]
    assert complete("schema", "sim") == ["simulate"]
    assert complete("schema", "--output", "n") == ["ndjson"]


def test_where_a_file_is_meant_the_shell_completes_it(complete: Complete) -> None:
    assert complete("simulate", "") == []
    assert complete("simulate", "--mapping", "") == []


def test_an_open_quote_is_no_error(complete: Complete) -> None:
    assert complete("event", "--data", "'it is") == []


def test_the_script_for_bash_completes_in_a_real_bash(kcli: Kcli, tmp_path: Path) -> None:
    script = kcli("--show-completion", "bash").stdout
    (tmp_path / "completion").write_text(script)
    program = """
        source completion
        COMP_WORDS=(kcli sim); COMP_CWORD=1
        _kcli_completion "$KCLI"
        echo "${COMPREPLY[@]}"
    """
    (tmp_path / "kcli").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kinesis_cli "$@"\n')
    (tmp_path / "kcli").chmod(0o755)
    run = subprocess.run(
        ["bash", "-c", program],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "KCLI": str(tmp_path / "kcli")},
        capture_output=True,
        text=True,
    )
    assert (run.stdout, run.stderr) == ("simulate\n", "")


@pytest.mark.parametrize(
    ("shell", "script", "start"),
    [
        ("bash", ".local/share/kcli/completion.bash", ".bashrc"),
        ("zsh", ".local/share/kcli/completion.zsh", ".zshrc"),
        ("fish", ".config/fish/completions/kcli.fish", None),
    ],
)
def test_installing_twice_changes_nothing_more(
    shell: str, script: str, start: str | None, kcli: Kcli, tmp_path: Path
) -> None:
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "SHELL": f"/{shell}"}
    if start:
        (tmp_path / start).write_text("# mine, without a line break")
    first = kcli("--install-completion", **home)
    assert first.returncode == 0
    assert (tmp_path / script).read_text() == kcli("--show-completion", shell).stdout
    once = (tmp_path / start).read_text() if start else None
    assert kcli("--install-completion", shell, **home).stdout == first.stdout
    assert once == ((tmp_path / start).read_text() if start else None)
    if once is not None:
        assert once == f"# mine, without a line break\nsource {tmp_path / script}\n"
