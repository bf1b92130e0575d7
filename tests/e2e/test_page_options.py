"""`--report` of `kcli invoke` and `kcli check`: which files are written, and which are not."""

from pathlib import Path

import pytest

from tests.e2e.programs import Kcli

ROOT = Path(__file__).parents[2]
HASTY = ("--handler", f"{ROOT / 'fixtures' / 'hasty.py'}:handler")
COMMANDS = {
    "invoke": ("invoke", str(ROOT / "fixtures" / "batch.json"), *HASTY),
    "check": ("check", str(ROOT / "fixtures" / "batch.json"), *HASTY, "--max-examples", "1"),
}
commands = pytest.mark.parametrize("command", COMMANDS)


@commands
def test_a_page_is_written_beside_the_result(kcli: Kcli, tmp_path: Path, command: str) -> None:
    more = ("--no-tests",) if command == "check" else ()
    run = kcli(*COMMANDS[command], *more, "--report", "page.html", "--output", "json")
    assert run.stdout.startswith("{")
    assert "report in page.html" in run.stderr
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


@commands
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--report", "old.html"], "--overwrite"),
        (["--report", "page.txt"], "ends neither in .html nor in .htm"),
        (["--overwrite"], "--overwrite is for --report"),
    ],
)
def test_a_page_that_is_not_meant_is_refused_before_anything_is_done(
    kcli: Kcli, tmp_path: Path, command: str, options: list[str], said: str
) -> None:
    (tmp_path / "old.html").write_text("mine")
    run = kcli(*COMMANDS[command], *options)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr
    assert (tmp_path / "old.html").read_text() == "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["old.html"]


def test_a_compared_call_has_no_page(kcli: Kcli) -> None:
    run = kcli(*COMMANDS["invoke"], "--compare", "--report", "page.html")
    assert run.returncode == 2
    assert "--report and --compare cannot be used together" in run.stderr
