import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from kinesis_cli._version import __version__
from kinesis_cli.cli.main import COMMANDS
from tests.e2e.programs import KCLI, Kcli, Terminal
from tests.patience import PATIENCE
from tests.templates import table

# The project that the examples speak of has a table, too.
TABLE = "Resources:\n" + table(view="NEW_AND_OLD_IMAGES")
SHELL_KCLI = shlex.join(KCLI)


def docstring(command: str) -> str:
    function = getattr(import_module(COMMANDS[command].module), command.replace("-", "_"))
    return inspect.cleandoc(function.__doc__ or "")


def examples() -> list[tuple[str, str]]:
    found = []
    for command in COMMANDS:
        _, _, text = docstring(command).partition("Examples:")
        lines = re.sub(r"\\\n\s*", "", text).splitlines()
        found += [(command, line.strip()) for line in lines if "kcli " in line]
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_described_by_the_first_line_of_its_docstring(command: str) -> None:
    assert docstring(command).splitlines()[0] == COMMANDS[command].summary


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples(command: str, kcli: Kcli, root: Path) -> None:
    run = kcli(command, "--help")
    assert run.returncode == 0
    assert run.stdout.strip() in (root / "docs" / "cli-reference.md").read_text()
    assert "Examples:" in run.stdout
    assert any(name == command for name, _ in examples())
    assert max(map(len, run.stdout.splitlines())) <= 80
    assert run.stdout == kcli("help", command).stdout == kcli(command, "-h").stdout


def test_help_of_a_subcommand_is_found_in_both_ways(kcli: Kcli) -> None:
    run = kcli("help", "local", "start")
    assert run.stdout.startswith("Usage: kcli local start ")
    assert run.stdout == kcli("local", "start", "--help").stdout


def example_project(root: Path, folder: Path) -> Iterator[Path]:
    """What the examples speak of; the local streams that one starts end with it."""
    for name in ("fixtures", "lambda_function", "template.yaml"):
        (shutil.copytree if (root / name).is_dir() else shutil.copy)(root / name, folder / name)
    with_table = (folder / "template.yaml").read_text().replace("\nResources:\n", TABLE, 1)
    (folder / "template.yaml").write_text(with_table)
    (folder / "payloads.ndjson").write_text('{"sensor": {"id": "s-1"}}\n')
    (folder / "items.json").write_text('[{"pk": "a", "sk": 1}, {"pk": "a", "sk": 2}]')
    (folder / "app.py").write_text("def handler(event, context):\n    pass\n")
    yield folder
    if (folder / ".kcli").exists():  # a local stream was started
        subprocess.run([*KCLI, "local", "stop"], cwd=folder, check=True)


@pytest.fixture
def own_project(root: Path, tmp_path: Path) -> Iterator[Path]:
    yield from example_project(root, tmp_path)


@pytest.fixture(scope="module")
def read_project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield from example_project(root, tmp_path_factory.mktemp("read"))


@pytest.fixture(scope="module")
def written_project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield from example_project(root, tmp_path_factory.mktemp("written"))


def run_example(example: str, folder: Path) -> None:
    script = f'set -eo pipefail; kcli() {{ {SHELL_KCLI} "$@"; }}; {example}'
    before = set(folder.iterdir())
    run = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=PATIENCE
    )
    for made in set(folder.iterdir()) - before:
        if made.is_file():
            made.unlink()  # the next example finds the project as this one did
    expected = (0, 1) if "--fail-on" in example else (0,)
    assert run.returncode in expected, run.stderr


WRITES = re.compile(r"kcli (put|replay)\b")
READS = re.compile(r"kcli (tail|tail-logs|record|status|redrive|invoke --(remote|compare))\b")


@pytest.mark.slow
@pytest.mark.parametrize("example", [each for _, each in examples() if WRITES.search(each)])
def test_each_example_that_puts_works(example: str, written_project: Path) -> None:
    run_example(example, written_project)


@pytest.mark.slow
@pytest.mark.parametrize(
    "example",
    [each for _, each in examples() if READS.search(each) and not WRITES.search(each)],
)
def test_each_example_that_looks_at_a_stream_works(example: str, read_project: Path) -> None:
    run_example(example, read_project)


@pytest.mark.slow
@pytest.mark.parametrize(
    "example",
    [each for _, each in examples() if not READS.search(each) and not WRITES.search(each)],
)
def test_each_other_example_of_the_help_works(example: str, own_project: Path) -> None:
    run_example(example, own_project)


def test_help_lists_each_command_and_fits_80_columns(kcli: Kcli) -> None:
    run = kcli("--help")
    assert run.returncode == 0
    assert all(command.summary in run.stdout for command in COMMANDS.values())
    assert max(map(len, run.stdout.splitlines())) <= 80
    assert kcli().stdout == kcli("-h").stdout == kcli("help").stdout == run.stdout


def test_version_says_name_and_version(kcli: Kcli) -> None:
    assert kcli("--version").stdout == kcli("-V").stdout == f"kcli {__version__}\n"


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["help"], ["nonsense"]])
def test_what_needs_no_command_imports_none_and_no_typer(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom kinesis_cli.cli.main import COMMANDS, main\n"
        f"main({arguments!r})\n"
        "heavy = {'typer', 'rich', 'pydantic', 'msgspec', *(c.module for c in COMMANDS.values())}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["simulte", "x"],
            "kcli: there is no command 'simulte'.\n"
            "      Did you mean `kcli simulate`? `kcli --help` lists what there is.\n",
        ),
        (
            ["--versoin"],
            "kcli: there is no option '--versoin'.\n"
            "      Did you mean `kcli --version`? `kcli --help` lists what there is.\n",
        ),
        (
            ["\x1b[2J"],
            "kcli: there is no command '\\x1b[2J'.\n      `kcli --help` lists what there is.\n",
        ),
        (
            ["--show-completion", "tcsh"],
            "kcli: completion is made for bash, zsh, fish, and 'tcsh' is not one of them.\n"
            "      Name the shell: `kcli --show-completion bash`.\n",
        ),
        (
            ["event", "--count", "many"],
            "kcli: event: invalid value for '--count': Input should be a valid integer, "
            "unable to parse string as an integer, found 'many'.\n"
            "      `kcli event --help` shows what it takes.\n",
        ),
        (
            ["simulate", "-", "--output", "\x9bxml"],
            "kcli: simulate: invalid value for '--output': '\\x9bxml' is not one of 'table', "
            "'json', 'ndjson'.\n      `kcli simulate --help` shows what it takes.\n",
        ),
    ],
)
def test_wrong_usage_is_one_sentence_with_advice_and_exit_code_2(
    arguments: list[str], message: str, kcli: Kcli
) -> None:
    run = kcli(*arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == message


def test_a_reader_that_leaves_early_sees_no_complaint(tmp_path: Path) -> None:
    run = subprocess.run(
        ["bash", "-c", f"{{ {SHELL_KCLI} event --count 20000; echo $? >code; }} | head -c 10"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.stderr == ""
    assert len(run.stdout) == 10
    assert (tmp_path / "code").read_text() == "141\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_a_sentence_not_a_traceback(unbuffered: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    run = subprocess.run(
        ["bash", "-c", f"{SHELL_KCLI} --help >/dev/full"],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert run.stderr == "kcli: standard output: could not be written: No space left on device.\n"


def test_a_terminal_without_unicode_gets_escapes_not_a_crash(kcli: Kcli) -> None:
    run = kcli("event", "--data", "é", "--nonsense-é", PYTHONIOENCODING="ascii")
    assert run.returncode == 2
    assert r"\xe9" in run.stderr


def test_ctrl_c_ends_with_one_line_and_exit_code_130(
    terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\n"
        "def handler(event, context):\n"
        "    with open('/dev/tty', 'w') as screen:\n"
        "        screen.write('started')\n"
        "    time.sleep(60)\n"
    )
    session = terminal(*KCLI, "invoke", "--debug", "--handler", "slow.py:handler")
    session.read_until("started")
    session.type(b"\x03")
    session.read_until("kcli: interrupted.\r\n")
    assert session.process.wait(timeout=PATIENCE) == 130
    assert "Traceback" not in session.written


def test_ctrl_c_while_a_class_is_being_made_is_exit_code_130_too(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(
        "import sys\n"
        "from kinesis_cli.cli import main as kcli\n"
        "def run(arguments: list[str]) -> int:\n"
        "    exec('raise KeyboardInterrupt')\n"  # as in what `dataclass` writes and runs
        "kcli._run = run\n"
        "sys.exit(kcli.main())\n"
    )
    command = [sys.executable, "-m", "interrupted"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert (run.returncode, run.stderr) == (130, "kcli: interrupted.\n")


def test_a_bug_is_said_to_be_a_bug_and_kcli_debug_shows_where(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def broken() -> None:\n    '''Break.'''\n    1 / 0\n")
    program = (
        "import sys; from kinesis_cli.cli import main\n"
        "main.COMMANDS['broken'] = main.Command('broken', 'Break.')\n"
        "sys.exit(main.main(['broken']))"
    )

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(tmp_path), **environment},
            capture_output=True,
            text=True,
        )

    quiet, loud = run(), run(KCLI_DEBUG="1")
    assert quiet.returncode == loud.returncode == 70
    assert quiet.stderr.startswith("kcli: this is a bug in kcli")
    assert "ZeroDivisionError" in quiet.stderr
    assert "Traceback" not in quiet.stderr
    assert "broken.py" in loud.stderr


@pytest.mark.parametrize(
    ("command", "advised"),
    [
        (("simulate",), True),
        (("invoke",), True),
        (("replay",), True),
        (("event", "--from"), True),
    ],
)
def test_no_command_advises_an_option_that_it_has_not(
    command: tuple[str, ...], advised: bool, kcli: Kcli, tmp_path: Path
) -> None:
    record = {
        "kinesis": {
            "partitionKey": "a",
            "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
            "data": "{}",
            "approximateArrivalTimestamp": 1.5,
        }
    }
    (tmp_path / "event.json").write_text(json.dumps({"Records": [record]}))
    refused = kcli(*command, "event.json")
    assert refused.returncode == 2
    assert "not base64" in refused.stderr
    assert ("--raw" in refused.stderr) == advised
