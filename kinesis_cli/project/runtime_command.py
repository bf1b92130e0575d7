"""What the user says starts a function's process: `--runtime-command`, or a setting."""

import os
import shlex
from dataclasses import replace
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import Function

VARIABLE = "KCLI_RUNTIME_COMMAND"
_ADVICE = "Write it as in a shell: 'bundle exec aws_lambda_ric {handler}'."


def with_runtime_command(function: Function, command: str | None, directory: Path) -> Function:
    """`function` with the command that starts its process, if one is named.

    The variable and the setting are of a whole project, and so not for its Python functions.

    Args:
        function: whose process.
        command: what the command line names.
        directory: where settings are looked for, upwards, and what a program's path counts from.

    Raises:
        InputError: it is not a command.
    """
    named = ("--runtime-command", command) if command is not None else None
    if named is None and not function.is_python:
        named = _named(directory)
    if named is None:
        return function
    place, text = named
    return replace(function, runtime_command=command_words(text, place, directory))


def command_words(text: str, place: str, directory: Path) -> tuple[str, ...]:
    """The program and its arguments; the path of a program that is there is absolute.

    Args:
        text: as in a shell.
        place: where it is named.
        directory: what the program's path counts from.

    Raises:
        InputError: it is not a command.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"is not a command: {error}", place=place, advice=_ADVICE) from error
    if not words:
        raise InputError("names no program", place=place, advice=_ADVICE)
    if "/" in words[0] and (directory / words[0]).is_file():
        words[0] = str((directory / words[0]).absolute())
    return tuple(words)


def _named(directory: Path) -> tuple[str, str] | None:
    if named := os.environ.get(VARIABLE):
        return VARIABLE, named
    from kinesis_cli.project.settings import project_setting  # start-up counts

    return project_setting(directory, "runtime_command")
