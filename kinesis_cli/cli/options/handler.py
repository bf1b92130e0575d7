"""Options that say how a handler on this machine is run."""

from collections.abc import Callable
from functools import cache
from typing import Annotated

import msgspec
import typer

from kinesis_cli.cli.options.aws_access import AwsOption, explaining
from kinesis_cli.cli.options.shared import IsolatedOption, KeepFailingInitOption
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.handlers import python_handler
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.project.function import Function
from kinesis_cli.show.console import note

# Makes a handler that has not run yet, given when its clock starts, epoch seconds.
NewHandler = Callable[[float | None], Handler]


class HandlerRun(msgspec.Struct, frozen=True):
    """How the handler is run."""

    isolated: IsolatedOption = False
    keep_failing_init: KeepFailingInitOption = False
    aws: AwsOption = None
    cold: Annotated[
        bool, typer.Option("--cold", help="Isolated: a fresh process for each call.")
    ] = False
    wall_clock: Annotated[
        bool, typer.Option("--wall-clock", help="Let the handler see the real time.")
    ] = False
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", help="Capture nothing and let no time run out, so that breakpoint() works."
        ),
    ] = False
    debug_at: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The same for delivery attempt N only.")
    ] = None


def handler_options(given: HandlerRun) -> HandlerOptions:
    """Return what the options say of the handler's run."""
    return HandlerOptions(
        isolated=given.isolated,
        wall_clock=given.wall_clock,
        debug=given.debug,
        debug_at=given.debug_at,
        cold=given.cold,
        keep_failing_init=given.keep_failing_init,
    )


def handler_maker(
    function: Function, given: HandlerRun, tell: Callable[[str], None] | None = None
) -> NewHandler:
    """Return what makes handlers of a function, each for a simulation of its own.

    Args:
        function: whose handlers.
        given: how they are to run.
        tell: told what is not as the function may expect; default: the user, each once.

    Raises:
        InputError: the options contradict each other, or what starts the function is missing.
    """
    new = _maker(function, given, tell or cache(note))
    return lambda at: explaining(new(at), function)


def _maker(function: Function, given: HandlerRun, tell: Callable[[str], None]) -> NewHandler:
    options = msgspec.structs.replace(handler_options(given), is_alone=True)
    if given.isolated or function.needs_own_process:
        return _isolated_maker(function, options)
    if given.cold:
        raise InputError("--cold is for a handler with a process of its own: add --isolated")
    return lambda at: python_handler(function, msgspec.structs.replace(options, at=at), tell)


def _isolated_maker(function: Function, options: HandlerOptions) -> NewHandler:
    if options.debug_at is not None:
        advice = "Debug" if function.needs_own_process else "Leave --isolated out, or debug"
        raise InputError(
            "--debug-at needs the handler in kcli's own process",
            advice=f"{advice} all calls with --debug.",
        )
    # seldom used, and start-up counts
    from kinesis_cli.handlers.isolated import IsolatedHandler
    from kinesis_cli.handlers.isolated.runtimes import command_for

    what = "An isolated handler"
    if function.needs_own_process:
        what = f"A function on {function.runtime or 'a runtime of its own'}"
    note(f"{what} sees the real clock, not the simulation's.")
    command = command_for(function)  # what it needs must be there before the records are read
    for sentence in command.notes:
        note(sentence)
    return lambda _: IsolatedHandler(function, options, command=command)
