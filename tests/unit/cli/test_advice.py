"""Advice that can be followed: what a text names exists on the command that shows it."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
import typer

from kinesis_cli.cli.main import COMMANDS, load
from kinesis_cli.cli.running.advice import fitting, named_options

# All of kcli's texts are read once, by one worker.
pytestmark = pytest.mark.xdist_group("texts of kcli")
ROOT = Path(__file__).parents[3]


def named_commands(text: str) -> list[str]:
    """The commands of kcli that a text quotes, without `kcli`."""
    return [code.removeprefix("kcli ") for code in text.split("`")[1::2] if code[:5] == "kcli "]


# Words of other programs, where they are no sentence of kcli's: a line that is run.
OTHER_PROGRAMS = {
    "kinesis_cli/cli/completion.py",  # shells' own commands
    "kinesis_cli/handlers/isolated/runtimes/nodejs.py",  # node's options
    "kinesis_cli/installation.py",  # of uv and pipx
    "kinesis_cli/parts/cluster.py",  # of `dask worker`
    "kinesis_cli/poison/remedies.py",  # of the AWS CLI; tests/e2e/test_find_poison.py follows them
    "kinesis_cli/project/tools.py",  # of the tools that make templates
}


def parameters(command: object) -> set[str]:
    found = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}  # type: ignore[attr-defined]
    return found | {"--help", "-h"}


@cache
def options() -> dict[str, set[str]]:
    """Command, or group and subcommand → its options."""
    found = {}
    for name in COMMANDS:
        command = typer.main.get_command(load(name))
        subcommands = getattr(command, "commands", None)
        if subcommands is None:
            found[name] = parameters(command)
        else:
            found |= {f"{name} {each}": parameters(sub) for each, sub in subcommands.items()}
    return found


@cache
def modules() -> dict[str, Path]:
    files = (ROOT / "kinesis_cli").rglob("*.py")
    names = {file: ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    return {name.removesuffix(".__init__"): file for file, name in names.items()}


@cache
def read(file: Path) -> tuple[frozenset[str], tuple[str, ...]]:
    """What a file imports, also within its functions, and its texts; its tree is not kept."""
    nodes = [*ast.walk(ast.parse(file.read_text()))]
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return frozenset(names), tuple(texts(nodes))


def imported(module: str) -> frozenset[str]:
    """The modules of kcli that a module imports."""
    return read(modules()[module])[0] & modules().keys()


@cache
def reached(command: str) -> frozenset[str]:
    """All modules that a command may get to."""
    found: set[str] = set()
    waiting = [COMMANDS[command.partition(" ")[0]].module]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += imported(module)
    return frozenset(found)


def texts(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """What a file may say: all but docstrings and options' own declarations; `{}` is filled in."""
    silent: set[ast.AST] = set()
    for node in nodes:
        if isinstance(node, ast.Expr):
            silent.add(node.value)  # a docstring
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "Option":
            silent |= {*ast.walk(node)}  # its help is checked with the command's
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            silent |= {*node.values}
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
            yield node.value


@cache
def sayings() -> list[tuple[str, str]]:
    """(module, text) of each text that names an option or a command of kcli."""
    return [
        (module, text)
        for module, file in sorted(modules().items())
        if str(file.relative_to(ROOT)) not in OTHER_PROGRAMS
        for text in read(file)[1]
        if " " in text and (named_options(text) or named_commands(text))
    ]


def test_there_is_something_to_check() -> None:
    assert len(options()) > 15
    assert len(sayings()) > 100


def test_each_option_that_a_text_names_is_one_of_a_command_that_may_show_it() -> None:
    unknown = [
        (module, text)
        for module, text in sayings()
        if (named := named_options(text))
        and not any(module in reached(each) and named <= options()[each] for each in options())
    ]
    assert unknown == []


def test_no_command_shows_advice_with_an_option_that_it_has_not() -> None:
    for command, has in options().items():
        for module, text in sayings():
            if module in reached(command):
                assert named_options(fitting(text, has)) <= has


def test_each_command_that_a_text_quotes_is_there_with_its_options() -> None:
    wrong = []
    for module, text in sayings():
        for quoted in named_commands(text):
            words = quoted.replace("{}", " {}").split()
            if words[0] in ("{}", "COMMAND") or words[0].startswith("-"):
                continue  # "`kcli {} --help`"
            if words == ["local"]:
                continue  # the whole of it
            name = " ".join(words[:2]) if words[0] == "local" else words[0]
            named = {each.partition("=")[0] for each in words if each.startswith("--")}
            if not named <= options().get(name, set()) or name not in options():
                wrong.append((module, quoted))
    assert wrong == []


def test_an_option_of_a_quoted_command_stands_within_the_quotes() -> None:
    """Outside it is taken for one of the command at hand, and the sentence may be left out."""
    wrong = [
        (module, text)
        for module, text in sayings()
        for sentence in re.split(r"(?<=[.?!]) +", text)
        for quoted in named_commands(sentence)
        if (named := named_options(sentence))
        and named <= options().get(quoted.split()[0], set())
        and any(not named <= options()[each] for each in options() if module in reached(each))
    ]
    assert wrong == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_help_of_a_command_names_its_own_options(name: str) -> None:
    command = typer.main.get_command(load(name))
    for each in [command, *getattr(command, "commands", {}).values()]:
        has = parameters(each)
        for text in [
            each.help or "",
            *(getattr(option, "help", "") or "" for option in each.params),
        ]:
            prose = text.partition("Examples:")[0]
            assert named_options(prose) <= has, prose


def test_a_sentence_that_cannot_be_followed_is_left_out() -> None:
    advice = "Is it a recording? To read plain lines use --raw.\n`kcli simulate --raw` reads them."
    assert fitting(advice, ["--from"]) == "Is it a recording?\n`kcli simulate --raw` reads them."
    assert fitting(advice, ["--raw"]) == advice
