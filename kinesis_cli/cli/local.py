"""`kcli local` and its subcommands."""

import shlex
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options.shared import (
    PLAIN,
    Code,
    Output,
    OutputOption,
)
from kinesis_cli.cli.options.takes import given, only, takes
from kinesis_cli.cli.options.target import tell_of_sample
from kinesis_cli.errors import InputError
from kinesis_cli.local.client.fault_verbs import fault_request
from kinesis_cli.local.client.live_link import has_browser, new_link, open_link
from kinesis_cli.local.client.process import (
    change_faults,
    ensure_running,
    needs_extra,
    reset_state,
    stop_server,
)
from kinesis_cli.local.client.status import local_status
from kinesis_cli.local.client.waiting import wait_until_idle
from kinesis_cli.local.container import in_a_container
from kinesis_cli.local.environment import shell_lines
from kinesis_cli.local.logs import log_lines
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.state import Server, running_server, state_directory
from kinesis_cli.local.status import LocalStatus
from kinesis_cli.project.function import CodeChoices
from kinesis_cli.project.interpreter import choose_interpreter
from kinesis_cli.project.runtime_command import command_words
from kinesis_cli.project.settings import DEFAULT_REGION, read_settings
from kinesis_cli.project.tools import NoTemplateError
from kinesis_cli.show.console import note
from kinesis_cli.show.local import (
    show_faults,
    show_lines,
    show_ready,
    show_status,
    started_note,
)

app = typer.Typer(no_args_is_help=True, **PLAIN)


class Switch(StrEnum):
    """Whether the local endpoint does as AWS does, where that is slower or stricter."""

    AWS = "aws"
    OFF = "off"


class Sync(StrEnum):
    """How much an acknowledged record survives."""

    NORMAL = "normal"  # the end of the process, however it comes
    FULL = "full"  # a power loss too


StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Where the stream is kept; default: .kcli beside the project's template, outside a "
        "project a directory of this one's own in your user state directory.",
    ),
]


NoOpenOption = Annotated[
    bool, typer.Option("--no-open", help="Print the link to the live page, and open no browser.")
]


@app.callback()
def local() -> None:
    """A Kinesis stream on this machine, and the function that it feeds.

    Records are kept: an answer leaves only after they are written, and no end of the process loses
    one. The template's functions get them as on AWS. Lambda, SQS, CloudWatch Logs, CloudWatch, S3,
    SNS and DynamoDB answer behind the same address.

    \b
    Examples:
      kcli local start --detach
      eval "$(kcli local env)"
      kcli local stop
    """


@app.command()
@takes(
    project=only(Code, "template", "parameter_overrides", "config_env"),
    code=only(Code, "python", "runtime_command", "no_build"),
)
def start(
    detach: Annotated[
        bool, typer.Option("--detach", help="Return as soon as it is ready.")
    ] = False,
    state: StateOption = None,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", help="Keep records in memory only.")
    ] = False,
    neighbours_in_memory: Annotated[
        bool,
        typer.Option("--neighbours-in-memory", help="Keep queues and tables in memory only."),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port on 127.0.0.1; default: the last one used, else any that is free.",
        ),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            min=1, help="Shards of each stream made at the start; default: as in the template."
        ),
    ] = None,
    stream: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A stream to make besides the template's; repeatable."),
    ] = None,
    region: Annotated[
        str | None, typer.Option(metavar="NAME", help="Region in which the streams are made.")
    ] = None,
    limits: Annotated[Switch, typer.Option(help="Throughput limits and call rates.")] = Switch.OFF,
    delays: Annotated[
        Switch, typer.Option(help="The time that making and changing a stream takes.")
    ] = Switch.OFF,
    shard_limit: Annotated[
        int | None,
        typer.Option(min=1, help="Shards per account and region; default: AWS's in that region."),
    ] = None,
    sync: Annotated[
        Sync, typer.Option(help="Survive the end of the process, or a power loss too.")
    ] = Sync.NORMAL,
    tls: Annotated[
        bool, typer.Option("--tls", help="Speak TLS, with a certificate made at the first start.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line for each request.")
    ] = False,
    in_container: Annotated[
        bool,
        typer.Option(
            "--in-container",
            help="Answer other machines too, without asking who they are: in a container only, "
            "whose network decides who reaches it.",
        ),
    ] = False,
    no_reload: Annotated[
        bool,
        typer.Option(
            "--no-reload", help="Keep functions as they are when their code or template changes."
        ),
    ] = False,
    ui: Annotated[
        bool,
        typer.Option("--ui", help="Open the live page: see kcli local ui."),
    ] = False,
    no_open: NoOpenOption = False,
    *,
    project: Code,
    code: Code,
) -> None:
    """Start the stream and the functions that it feeds; Ctrl-C ends it, nothing is lost.

    \b
    Examples:
      kcli local start --detach; kcli local stop
      kcli local start --detach --ui --no-open; kcli local stop
      kcli local start --detach --stream orders --shards 2; kcli local stop
    """
    if no_open and not ui:
        raise InputError("--no-open says how --ui shows the page", advice="Add --ui.")
    options = _options({**given(project), "region": region}, stream or [])
    options = options.with_streams(stream or [], shards)
    options = replace(
        options,
        port=port,
        in_memory=in_memory,
        neighbours_in_memory=neighbours_in_memory,
        synchronous=sync.value,
        limits=limits is Switch.AWS,
        delays=delays is Switch.AWS,
        shard_limit=shard_limit,
        tls=tls,
        verbose=verbose,
        in_container=_contained(in_container),
        reload=not no_reload,
        code=_code(code),
    )
    where = state_directory(state)
    if detach:
        running = ensure_running(options, state=where)
        if not running.started_now:
            note("a local stream runs here already, with the options that it was started with")
        show_ready(local_status(where), _state_option(state))
        if ui:
            _open_and_wait(running.server, no_open=no_open)
    else:
        from kinesis_cli.show.local_live import live_view

        with needs_extra():
            from kinesis_cli.local.server.run import run_here
        with live_view() as view:

            def ready(status: LocalStatus) -> None:
                show_ready(status, _state_option(state))
                if ui:
                    assert status.server
                    _show_page(status.server, status.page_link, no_open=no_open)
                view.start()

            run_here(where, options, ready, watching=view, with_page=ui)
        note("local stream ended")


@app.command()
def ui(state: StateOption = None, no_open: NoOpenOption = False) -> None:
    """Open the live page of a stream that runs: what happens on it, in your browser.

    Prints a link, which works once, and opens it where there is a browser. What the page shows and
    does stays on this machine.

    \b
    Examples:
      kcli local start --detach; kcli local ui --no-open; kcli local stop
    """
    _open_and_wait(_running_already(state), no_open=no_open)


@app.command()
def stop(state: StateOption = None) -> None:
    """End the stream's process; its records stay.

    \b
    Examples:
      kcli local stop
    """
    server = stop_server(state_directory(state))
    note(f"local stream on {server.endpoint} ended" if server else "no local stream runs here")


@app.command()
def status(state: StateOption = None, output: OutputOption = Output.TABLE) -> None:
    """Show whether the stream runs, where, and what is in it.

    \b
    Examples:
      kcli local status
      kcli local status --output json
    """
    show_status(local_status(state_directory(state)), output)


@app.command()
def wait(
    idle: Annotated[
        bool,
        typer.Option("--idle", help="Until every record and event has been handled or given up."),
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="SECONDS", help="Give up then, exit code 1."),
    ] = None,
    state: StateOption = None,
) -> None:
    """Wait for the functions, so that scripts and tests need no sleep.

    A failed event is tried again after one and two minutes, and waited for. An open tumbling
    window is not: it closes two minutes after its end. `kcli local faults clock` moves the time.

    \b
    Examples:
      kcli local start --detach; kcli local wait --idle; kcli local stop
    """
    if not idle:
        raise InputError("there is nothing to wait for", advice="Say --idle.")
    if not wait_until_idle(_running_already(state), timeout):
        note(f"records or events are still waiting or being handled after {timeout:g} s")
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def reset(
    state: StateOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete every stream and record, and what the other services hold.

    The stream starts anew, with what the template names and nothing in it.

    \b
    Examples:
      kcli local reset --yes
    """
    where = state_directory(state)
    if not yes and not _confirmed(f"Delete every stream and record in {where}?"):
        raise typer.Exit(ExitCode.FAILED)
    ended = reset_state(where)
    if ended and not ended.arguments:
        note("the local stream that ran in a terminal was ended; start it there again")


@app.command()
def env(state: StateOption = None) -> None:
    """Print the shell lines that point any AWS client at the stream.

    Starts the stream where it does not run yet.

    \b
    Examples:
      eval "$(kcli local env)"; kcli local stop
    """
    show_lines(shell_lines(_running(state)))


@app.command()
def logs(
    state: StateOption = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")
    ] = False,
) -> None:
    """Print what the detached stream wrote; with -v each request.

    \b
    Examples:
      kcli local start --detach -v && kcli local logs; kcli local stop
    """
    show_lines(log_lines(state_directory(state), follow=follow))


# `clock -6m`: what begins with a dash may be a value, and `-1h` must not be read as `-1 -h`
@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
def faults(
    context: typer.Context,
    verb: Annotated[
        str | None, typer.Argument(metavar="VERB", help="Default: show what is switched on.")
    ] = None,
    values: Annotated[list[str] | None, typer.Argument(metavar="VALUE")] = None,
    state: StateOption = None,
) -> None:
    """Switch faults on and off while the stream runs.

    \b
    Verbs:
      throttle STREAM[/SHARD]...      refuse reads and writes
      fail SHARE                      fail a share of PutRecords' entries
      error SHARE                     answer a share of the requests with 500
      delay DURATION                  wait before each answer
      cut before|after [SHARE]        drop connections before or after the write
      operations NAME...              error, delay and cut concern only these
      expire-iterators                expire every iterator given out so far
      clock +DURATION|-DURATION       move the stream's clock
      off                             switch all of it off but the clock

    \b
    `off` after a fault, `operations all` and `clock reset` undo one each.

    \b
    Examples:
      kcli local start --detach && kcli local faults fail 20%; kcli local stop
      kcli local start --detach && kcli local faults clock +6m; kcli local stop
    """
    if verb == "-h" or "-h" in (values or []):
        typer.echo(context.get_help())
        return
    request = fault_request(verb, values or []) if verb else {}
    show_faults(change_faults(_running_already(state), request))


def _options(flags: dict[str, Any], streams: list[str]) -> LocalOptions:
    """What is started: the project's streams and functions, else those that are named."""
    settings = read_settings(flags)
    try:
        options = LocalOptions.of_project(settings=settings)
    except NoTemplateError as error:
        if not streams:
            raise
        note(f"{error}; so no function runs, and only the streams that you name are there")
        return LocalOptions(region=settings.region.value if settings.region else DEFAULT_REGION)
    tell_of_sample(settings)
    return options


def _contained(in_container: bool) -> bool:
    """Whether to answer other machines: only where the network around decides who they are."""
    if not in_container:
        return False
    if not in_a_container():
        raise InputError(
            "this machine is not a container: everybody on its network could read and write the "
            "streams, and run the functions",
            place="--in-container",
            advice="Leave it out: programs on this machine reach the endpoint without it. In a "
            "container that does not look like one, set the variable container=1.",
        )
    note(
        "warning: answers every machine that reaches this container, without asking who it is; "
        "publish the port on 127.0.0.1 only (docker run -p 127.0.0.1:4566:4566)"
    )
    return True


def _code(code: Code) -> CodeChoices:
    """How the functions run. What cannot be used is refused before anything starts."""
    python, command = code.python, code.runtime_command
    if python is not None:
        python = str(choose_interpreter([], named=("--python", python)).path)
    if command is not None:
        command = shlex.join(command_words(command, "--runtime-command", Path.cwd()))
    return CodeChoices(python, no_build=bool(code.no_build), runtime_command=command)


def _running(state: Path | None) -> Server:
    """The server of this directory, started where it is not running, which is said."""
    running = ensure_running(state=state)
    if running.started_now:
        note(started_note(running.server, _state_option(state)))
    return running.server


def _running_already(state: Path | None) -> Server:
    server = running_server(state_directory(state))
    if server is None:
        raise InputError(
            "no local stream runs here",
            advice=f"`kcli local start --detach{_state_option(state)}` starts one.",
        )
    return server


def _open_and_wait(server: Server, *, no_open: bool) -> None:
    if opening := _show_page(server, new_link(server), no_open=no_open):
        opening.join()


def _show_page(server: Server, link: str, *, no_open: bool) -> Thread | None:
    """Print a link to the live page, and open it where somebody sees it.

    Returns:
        What opens it, which may take seconds; None: nobody would see it.
    """
    show_lines([link])
    note("the link to the live page works once; `kcli local ui` prints another")
    if no_open or not sys.stdout.isatty() or not has_browser():
        return None
    opening = Thread(target=open_link, args=(server, link), daemon=True)
    opening.start()
    return opening


def _state_option(state: Path | None) -> str:
    import shlex

    return f" --state {shlex.quote(str(state))}" if state else ""


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask on", advice="--yes answers the question.")
    return typer.confirm(question, err=True)
