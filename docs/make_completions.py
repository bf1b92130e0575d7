"""Writes what shell completion knows of the commands' options: `make docs`.

With ``-`` the text goes to standard output instead; a test compares the two.
"""

import json
import sys
from enum import Enum
from typing import Any

import typer
from typer.core import TyperOption

from kinesis_cli.cli.completion import COMPLETIONS, OptionWords
from kinesis_cli.cli.main import COMMANDS, load
from kinesis_cli.manual.schemas import known_schemas
from kinesis_cli.manual.topics import rules, topics


def words(option: TyperOption) -> OptionWords:
    """What can be typed for an option, as typer knows it."""
    names = [*option.opts, *option.secondary_opts]
    choices = option.type_descriptor.choices or ()
    return OptionWords(
        names=[name for name in names if name.startswith("--")],
        help=option.help or "",
        takes_value=not option.is_flag,
        choices=[str(c.value if isinstance(c, Enum) else c) for c in choices],
        repeatable=option.multiple,
    )


def words_of_arguments() -> dict[str, OptionWords]:
    """What can be typed for the argument of a command, where it is one of a few."""
    known = {"docs": [*topics(), *rules()], "schema": known_schemas()}
    return {
        name: OptionWords(names=[], help="", takes_value=False, choices=choices, repeatable=False)
        for name, choices in known.items()
    }


def completions() -> str:
    """The whole file."""
    options, arguments = {}, words_of_arguments()
    for name in COMMANDS:
        command: Any = typer.main.get_command(load(name))
        options[name] = words_of(command)
        if name in arguments:
            options[name].append(arguments[name])
        for subcommand, its_command in getattr(command, "commands", {}).items():
            options[f"{name} {subcommand}"] = words_of(its_command)
    return json.dumps(options, indent=1) + "\n"


def words_of(command: Any) -> list[OptionWords]:  # noqa: ANN401 - typer's commands are untyped
    """What can be typed for each option of a command."""
    parameters = command.get_params(typer.Context(command))
    return [words(parameter) for parameter in parameters if isinstance(parameter, TyperOption)]


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(completions())
    else:
        COMPLETIONS.write_text(completions())
