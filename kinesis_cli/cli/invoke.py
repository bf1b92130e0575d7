"""`kcli invoke`."""

from contextlib import closing
from enum import StrEnum
from typing import Annotated

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options import (
    EnvVarsOption,
    FunctionOption,
    HandlerOption,
    IsolatedOption,
    Output,
    OutputOption,
    TemplateOption,
)
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.handlers.in_process import InProcessHandler
from kinesis_cli.handlers.single import (
    DEFAULT_TEMPERATURE,
    Event,
    SingleInvocation,
    invoke_once,
    read_event,
    reading_event,
)
from kinesis_cli.project.function import Function, find_function
from kinesis_cli.show.console import note
from kinesis_cli.show.invocation import show_invocation


class FailOn(StrEnum):
    """What makes `kcli invoke` end with exit code 1."""

    FAILURES = "failures"  # a record was reported as failed, or the call failed
    ERROR = "error"  # the call ended with an error


def invoke(
    event: Annotated[
        str | None,
        typer.Argument(
            metavar="EVENT",
            help="Event or recording, all of it in one call; - reads standard input. "
            "Default: one reading, made of --temperature and --timestamp.",
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help=f"Of the reading, degrees Celsius; default: {DEFAULT_TEMPERATURE}."),
    ] = None,
    timestamp: Annotated[
        int | None, typer.Option(help="Of the reading, epoch seconds; default: now.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Each line of EVENT is a payload.")] = False,
    handler: HandlerOption = None,
    template: TemplateOption = None,
    function: FunctionOption = None,
    env_vars: EnvVarsOption = None,
    isolated: IsolatedOption = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", help="Capture nothing and let no time run out, so that breakpoint() works."
        ),
    ] = False,
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option(help="End with exit code 1 when this happened; may be repeated."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Call a handler once with one event.

    The handler runs in this process, or isolated in one of its own, with the settings of its
    template, and sees the real clock.

    \b
    Examples:
      kcli invoke
      kcli invoke --temperature 120
      kcli invoke --isolated
      kcli invoke fixtures/batch.json --fail-on failures
      kcli event | kcli invoke -
    """
    called_with = _event(event, temperature, timestamp, raw=raw)
    found = find_function(template=template, function=function, handler=handler, env_vars=env_vars)
    for sentence in found.notes:
        note(sentence)
    with closing(_handler(found, isolated=isolated, debug=debug)) as runnable:
        invocation = invoke_once(runnable, called_with)
    show_invocation(invocation, found, output)
    if _failed(invocation, fail_on or []):
        raise typer.Exit(ExitCode.FAILED)


def _handler(function: Function, *, isolated: bool, debug: bool) -> Handler:
    if not isolated:
        return InProcessHandler(function, wall_clock=True, debug=debug)
    from kinesis_cli.handlers.isolated import IsolatedHandler  # seldom used, and start-up counts

    return IsolatedHandler(function, debug=debug)


def _event(
    path: str | None, temperature: float | None, timestamp: int | None, *, raw: bool
) -> Event:
    if path is None:
        return reading_event(temperature, timestamp)
    if temperature is not None or timestamp is not None:
        raise InputError(
            "--temperature and --timestamp make an event, and EVENT names one",
            advice="Leave one of the two out.",
        )
    return read_event(path, raw=raw)


def _failed(invocation: SingleInvocation, fail_on: list[FailOn]) -> bool:
    if invocation.result.error is not None and FailOn.ERROR in fail_on:
        return True
    return invocation.has_failures and FailOn.FAILURES in fail_on
