"""Options of `kcli status --find-poison`: which code on this machine is called, and how."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from kinesis_cli.cli.options.aws_access import AwsAccess, AwsOption
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
from kinesis_cli.cli.options.target import Target
from kinesis_cli.errors import InputError

if TYPE_CHECKING:
    from kinesis_cli.aws.status import MappingState
    from kinesis_cli.cli.options.handler import NewHandler
    from kinesis_cli.project.function import Function

CODE = (
    *("handler", "function", "env_vars", "python", "runtime_command"),
    *("env_from_shell", "no_build"),
)
_OF_PROJECT = ("template", "parameter_overrides", "config_env")  # which the target has, too


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


class Chosen(msgspec.Struct, frozen=True):
    """The function on this machine that stands for a deployed one."""

    function: "Function"
    is_named: bool  # it had to be named, for there are several


def chosen_function(
    mapping: "MappingState", options: PoisonOptions, target: Target, *, on_this_machine: bool
) -> Chosen:
    """The code for the function of a mapping.

    Args:
        mapping: of the deployed function.
        options: name the code, where the user does.
        target: says which project it is.
        on_this_machine: whether `kcli local` feeds it, so that its name must be the template's.

    Raises:
        InputError: no code is found that could be meant.
    """
    from kinesis_cli.project.find import find_function  # start-up counts

    told = {
        **{name: value for name, value in given(target).items() if name in _OF_PROJECT},
        **{name: value for name, value in given(options).items() if name in CODE},
        "kind": mapping.settings.kind,
    }
    if options.handler is not None or options.function is not None:
        return Chosen(find_function(**told), is_named=False)
    try:
        found, problem = find_function(**told), None
        if found.name == mapping.function:
            return Chosen(found, is_named=False)
    except InputError as error:
        found, problem = None, error
    try:
        return Chosen(find_function(**told, function=mapping.function), is_named=True)
    except InputError:
        if found is not None and not on_this_machine and not found.is_sample:
            return Chosen(found, is_named=False)
        raise problem or _not_here(mapping.function) from None


def _not_here(function: str) -> InputError:
    return InputError(
        f"no function of a template here is {function}, whose code is to be called",
        advice="Go to its project's folder, or name the code with --handler or --function.",
    )


def poison_handler(
    chosen: Chosen, options: PoisonOptions, *, on_this_machine: bool
) -> "NewHandler":
    """What makes handlers of the function: with `kcli local`'s AWS or with none, unless asked."""
    from kinesis_cli.cli.options.aws_access import in_a_simulation  # these import more
    from kinesis_cli.cli.options.handler import HandlerRun, handler_maker

    access = options.aws or (None if on_this_machine else AwsAccess.NONE)
    function = in_a_simulation(chosen.function, access)
    run = HandlerRun(isolated=options.isolated, keep_failing_init=True)
    return handler_maker(function, run)


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
