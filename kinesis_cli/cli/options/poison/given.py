"""Options of `kcli status --find-poison`: which code on this machine is called, and how."""

import shlex
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from kinesis_cli.cli.options.aws_access import AwsOption
from kinesis_cli.cli.options.shared import (
    EnvFromShellOption,
    EnvVarsOption,
    FunctionOption,
    HandlerOption,
    IsolatedOption,
    NoBuildOption,
    PythonOption,
    RuntimeCommandOption,
)
from kinesis_cli.cli.options.takes import flag, given
from kinesis_cli.errors import InputError

CODE = (
    *("handler", "function", "env_vars", "python", "runtime_command"),
    *("env_from_shell", "no_build"),
)


class PoisonOptions(msgspec.Struct, frozen=True):
    """How the handler is chosen and run, and where the record goes that it fails on."""

    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --find-poison: write the records that fail to a new recording.",
        ),
    ] = None
    handler: HandlerOption = None
    function: FunctionOption = None
    env_vars: EnvVarsOption = None
    python: PythonOption = None
    runtime_command: RuntimeCommandOption = None
    env_from_shell: EnvFromShellOption = None
    no_build: NoBuildOption = None
    isolated: IsolatedOption = False
    aws: AwsOption = None

    def refuse_alone(self) -> None:
        """Refuse what means nothing where no handler is called.

        Raises:
            InputError: something was given.
        """
        for name, value in given(self).items():
            if value:
                raise InputError(
                    f"{flag(name)} is about the handler that --find-poison calls",
                    advice="Add --find-poison, or leave it out.",
                )


def typed(group: msgspec.Struct, *names: str) -> str:
    """Options of a group as they were typed, or could have been: ` --stream orders`.

    Args:
        group: of which.
        names: the options; none: all of them.
    """
    text = ""
    for name, value in given(group).items():
        if (names and name not in names) or not value:
            continue
        for each in value if isinstance(value, list) else [value]:
            text += f" {flag(name)}" + ("" if each is True else f" {shlex.quote(str(each))}")
    return text
