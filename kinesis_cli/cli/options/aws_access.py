"""The option `--aws`: whose AWS a handler on this machine calls."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kinesis_cli.cli.running.aws_refused import explain
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.handlers.aws_access import NO_ACCESS, explaining_handler
from kinesis_cli.project.function import Function
from kinesis_cli.show.console import note


class AwsAccess(StrEnum):
    """Whose AWS it is."""

    SHELL = "shell"  # the shell's credentials, profile and endpoints
    LOCAL = "local"  # this project's `kcli local`
    NONE = "none"  # nobody's: every call is refused


AwsOption = Annotated[
    AwsAccess | None,
    typer.Option(
        "--aws",
        help="What AWS clients in the handler call: AWS with the shell's credentials, this "
        "project's `kcli local`, or nothing.",
    ),
]


def in_a_simulation(function: Function, asked: AwsAccess | None) -> Function:
    """`function` as a simulation runs it: with `kcli local` where that runs, else without AWS.

    Raises:
        InputError: `kcli local` is asked for and does not run.
    """
    access = asked or (AwsAccess.LOCAL if _may_run() else AwsAccess.NONE)
    if access is AwsAccess.SHELL:
        return _of_the_shell(function)
    variables = _of_local(must_run=asked is not None) if access is AwsAccess.LOCAL else None
    if variables is None:
        return replace(function, aws=NO_ACCESS)
    regions = {name: variables[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION")}
    return replace(function, aws=variables, environment={**regions, **function.environment})


def in_one_call(function: Function, asked: AwsAccess | None) -> Function:
    """`function` as `kcli invoke` runs it: with the shell's credentials, which are named.

    Raises:
        InputError: `kcli local` is asked for and does not run.
    """
    if asked in (None, AwsAccess.SHELL):
        return _of_the_shell(function)
    return in_a_simulation(function, asked)


def explaining(handler: Handler, function: Function) -> Handler:
    """`handler`, and a word on its first call to AWS that finds no credentials."""
    return handler if function.aws is None else explaining_handler(handler, explain)


def _of_the_shell(function: Function) -> Function:
    from kinesis_cli.aws.identity import shell_identity  # start-up counts

    if identity := shell_identity():
        note(f"AWS clients in the handler use {identity}; --aws none takes that away.")
    return function


def _of_local(*, must_run: bool) -> Mapping[str, str] | None:
    """The variables that make clients call the local endpoint; None: it does not run."""
    from kinesis_cli.errors import InputError
    from kinesis_cli.local.environment import client_variables
    from kinesis_cli.local.state import running_server, state_directory

    if server := running_server(state_directory()):
        note(f"AWS clients in the handler call the local endpoint on {server.endpoint}.")
        return {**NO_ACCESS, **client_variables(server)}
    if must_run:
        raise InputError(
            "the local endpoint does not run",
            place="--aws local",
            advice="`kcli local start --detach` starts it.",
        )
    return None


def _may_run() -> bool:
    """Whether there is a local endpoint's state here; asking further takes longer to import."""
    folders = (Path.cwd(), *Path.cwd().parents)
    return any((folder / ".kcli" / "server.json").is_file() for folder in folders)
