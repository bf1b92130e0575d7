"""`kcli local start`: what is asked for, and what runs then."""

import shlex
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from kinesis_cli.cli.local.page import NoOpenOption, open_and_wait, show_page
from kinesis_cli.cli.local.shared import StateOption, state_option
from kinesis_cli.cli.options.shared import Code
from kinesis_cli.cli.options.takes import given, only, takes
from kinesis_cli.cli.options.target import tell_of_sample
from kinesis_cli.errors import InputError
from kinesis_cli.local.client.process import ensure_running, needs_extra
from kinesis_cli.local.client.status import local_status
from kinesis_cli.local.container import in_a_container
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.state import state_directory
from kinesis_cli.local.status import LocalStatus
from kinesis_cli.project.function import CodeChoices
from kinesis_cli.project.interpreter import choose_interpreter
from kinesis_cli.project.runtime_command import command_words
from kinesis_cli.project.settings import DEFAULT_REGION, read_settings
from kinesis_cli.project.tools import NoTemplateError
from kinesis_cli.show.console import note
from kinesis_cli.show.local import show_ready


class Switch(StrEnum):
    """Whether the local endpoint does as AWS does, where that is slower or stricter."""

    AWS = "aws"
    OFF = "off"


class Sync(StrEnum):
    """How much an acknowledged record survives."""

    NORMAL = "normal"  # the end of the process, however it comes
    FULL = "full"  # a power loss too


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
        show_ready(local_status(where), state_option(state))
        if ui:
            open_and_wait(running.server, no_open=no_open)
    else:
        from kinesis_cli.show.local_live import live_view

        with needs_extra():
            from kinesis_cli.local.server.run import run_here
        with live_view() as view:

            def ready(status: LocalStatus) -> None:
                show_ready(status, state_option(state))
                if ui:
                    assert status.server
                    show_page(status.server, status.page_link, no_open=no_open)
                view.start()

            run_here(where, options, ready, watching=view, with_page=ui)
        note("local stream ended")


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
