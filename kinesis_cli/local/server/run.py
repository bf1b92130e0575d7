"""The server in this process: `kcli local start` in the foreground, and the detached process."""

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinesis_cli.local.clock import ShiftableClock
from kinesis_cli.local.failures import Failures, keep_log_small
from kinesis_cli.local.kinesis import DataPlane
from kinesis_cli.local.neighbours.moto_server import Neighbours, check_journals, in_thread
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.server.control import Control
from kinesis_cli.local.server.functions import LambdaSide
from kinesis_cli.local.server.listen import HTTP_NOTES, ServerConfig, serve
from kinesis_cli.local.server.live import LiveSide
from kinesis_cli.local.server.port import free_port
from kinesis_cli.local.state import (
    LOG_FILE,
    Server,
    make_directory,
    process_identity,
    published_server,
    read_server,
    stay_only_server,
)
from kinesis_cli.local.status import LocalStatus, stream_status

if TYPE_CHECKING:
    from kinesis_cli.local.function.activity_lines import Watching

LOOK_EVERY = 2.0  # seconds
# When moto is imported that nobody has called yet: a server for one command has ended before.
PRELOAD_AFTER = 2.0  # seconds, where the template or a mapping names what moto has
PRELOAD_LATE = 10.0  # seconds, of each other server


def run_here(
    state: Path,
    options: LocalOptions,
    ready: Callable[[LocalStatus], None],
    arguments: Sequence[str] = (),
    watching: "Watching | None" = None,
    *,
    with_page: bool = False,
) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        state: the state directory.
        options: how to serve.
        ready: told once, when requests are answered.
        arguments: that start this detached server again.
        watching: sees what the functions do; default: lines on standard output.
        with_page: whether `ready` is told a link to the live page.

    Raises:
        InputError: the state directory, its database or the port is not usable.
    """
    make_directory(state)
    stay_only_server(state)
    asyncio.run(_serve(state, options, ready, arguments, watching, with_page=with_page))


async def _serve(
    state: Path,
    options: LocalOptions,
    ready: Callable[[LocalStatus], None],
    arguments: Sequence[str],
    watching: "Watching | None",
    *,
    with_page: bool,
) -> None:
    in_memory = options.in_memory
    kept = None if in_memory else state
    neighbours_kept = None if options.neighbours_in_memory else kept
    if neighbours_kept:
        check_journals(neighbours_kept)
    data_plane = DataPlane(
        kept,
        clock=ShiftableClock(),
        limits=options.limits,
        delays=options.delays,
        shard_limit=options.shard_limit,
        synchronous=options.synchronous,
    )
    neighbours = Neighbours(
        *(neighbours_kept, options.template, options.region),
        *(data_plane.metrics, data_plane.clock),
    )
    with contextlib.closing(data_plane):
        functions = LambdaSide(
            data_plane,
            neighbours,
            template=options.template,
            code=options.code,
            state=kept,
            reload=options.reload,
            watching=watching,
        )
        try:
            control = Control(data_plane, options.region, options.streams, functions, HTTP_NOTES)
            control.make_streams()
            token = secrets.token_urlsafe(32)
            config = ServerConfig(
                port=free_port(state, options.port),
                token=token,
                certificates=state if options.tls else None,
                verbose=options.verbose,
                in_container=options.in_container,
            )
            with contextlib.ExitStack() as published:

                def announce(port: int, live: LiveSide) -> None:
                    server = _server(state, options, port, token, arguments)
                    neighbours.find_streams(server.endpoint)
                    functions.start(server)
                    published.enter_context(published_server(server))
                    streams = stream_status(data_plane.summary())
                    problems, not_made = functions.problems(), functions.not_made()
                    ready(
                        LocalStatus(
                            state,
                            server,
                            streams,
                            problems=tuple(problems),
                            not_made=tuple(not_made),
                            notes=tuple(control.notes()),
                            tables=stream_status(functions.tables()),
                            page_link=server.page_link(live.token()) if with_page else "",
                        )
                    )
                    watch = asyncio.create_task(_end_when_unpublished(server))
                    published.callback(watch.cancel)
                    loading = asyncio.create_task(_preload(neighbours, functions))
                    published.callback(loading.cancel)

                # A detached server's standard error is its log.
                failures = Failures(None if arguments else state / LOG_FILE)
                functions.tell(failures)
                loop = asyncio.get_running_loop()
                loop.set_exception_handler(failures.of_loop)
                keeping = loop.create_task(keep_log_small(state / LOG_FILE))
                published.callback(keeping.cancel)
                expiring = loop.create_task(neighbours.expire_items(failures))
                published.callback(expiring.cancel)
                await serve(
                    config, data_plane, neighbours, functions, control, failures, ready=announce
                )
        finally:
            await functions.close()


async def _preload(neighbours: Neighbours, functions: LambdaSide) -> None:
    """Import moto before somebody has to wait for it, where that is likely to come."""
    await asyncio.sleep(PRELOAD_AFTER)
    if not (functions.names_neighbours() or await in_thread(neighbours.are_named)):
        await asyncio.sleep(PRELOAD_LATE - PRELOAD_AFTER)
    await neighbours.preload()


async def _end_when_unpublished(server: Server) -> None:
    """End the server when its directory was deleted (`git clean`): nobody would find it again."""
    while read_server(Path(server.state)) == server:
        await asyncio.sleep(LOOK_EVERY)
    os.kill(server.pid, signal.SIGTERM)


def _server(
    state: Path, options: LocalOptions, port: int, token: str, arguments: Sequence[str]
) -> Server:
    pid = os.getpid()
    return Server(
        pid=pid,
        process=process_identity(pid),
        port=port,
        token=token,
        started=time.time(),
        state=str(state),
        region=options.region,
        in_memory=options.in_memory,
        tls=options.tls,
        limits=options.limits,
        arguments=list(arguments),
    )
