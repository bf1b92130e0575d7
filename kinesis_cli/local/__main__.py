"""The detached server: `python -m kinesis_cli.local`, started by `local.client.process`."""

import argparse
import contextlib
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from kinesis_cli.errors import KcliError
from kinesis_cli.local.client.process import READY, needs_extra
from kinesis_cli.local.options import LocalOptions, read_stream
from kinesis_cli.project.function import CodeChoices
from kinesis_cli.project.settings import DEFAULT_REGION
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.project.template.parameters import parse_overrides


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a server until it is told to end, or until the other end of `--while-fd` is closed.

    Says on `--ready-fd` when it is ready, or why not.
    """
    parsed = _parser().parse_args(arguments)
    gc.disable()  # until it is ready: what it makes by then stays
    try:
        with needs_extra(), _without_command():
            from kinesis_cli.local.server.run import run_here
        options = _options(parsed)
        if parsed.while_fd is not None:
            threading.Thread(target=_end_with, args=(parsed.while_fd,), daemon=True).start()
        run_here(
            parsed.state,
            options,
            lambda _: _ready(parsed.ready_fd),
            options.arguments(parsed.state),
        )
    except KcliError as error:
        problem = {"problem": error.problem, "place": error.place, "advice": error.advice}
        _say(parsed.ready_fd, json.dumps(problem).encode())
        sys.stderr.write(f"kcli: {error}\n")
        return 1
    finally:
        gc.enable()
    return 0


@contextlib.contextmanager
def _without_command() -> Iterator[None]:
    """Around the import of uvicorn: without its own command, a sixth of all that a start imports.

    Nobody else uses uvicorn in this process.
    """
    if "uvicorn" in sys.modules:
        yield
        return
    command = sys.modules["uvicorn.main"] = ModuleType("uvicorn.main")
    vars(command).update(Server=None, main=None, run=None)
    try:
        yield
    finally:
        del sys.modules["uvicorn.main"]


def _ready(descriptor: int | None) -> None:
    gc.freeze()
    gc.enable()
    _say(descriptor, READY)


def _end_with(descriptor: int) -> None:
    """End this server when the other end of a pipe is closed: whoever wanted it is gone."""
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _say(descriptor: int | None, message: bytes) -> None:
    if descriptor is not None:
        with contextlib.suppress(BrokenPipeError):  # the command that started us is gone
            os.write(descriptor, message)
        os.close(descriptor)


def _options(parsed: argparse.Namespace) -> LocalOptions:
    return LocalOptions(
        port=parsed.port,
        in_memory=parsed.in_memory,
        neighbours_in_memory=parsed.neighbours_in_memory,
        synchronous=parsed.sync,
        limits=parsed.limits == "aws",
        delays=parsed.delays == "aws",
        shard_limit=parsed.shard_limit,
        tls=parsed.tls,
        verbose=parsed.verbose,
        in_container=parsed.in_container,
        reload=not parsed.no_reload,
        region=parsed.region,
        streams={each.name: each for each in parsed.stream},
        template=_template(parsed),
        code=CodeChoices(parsed.python, parsed.no_build, parsed.runtime_command),
    )


def _template(parsed: argparse.Namespace) -> TemplateFile | None:
    if parsed.template is None:
        return None
    parameters = parse_overrides(parsed.parameter_overrides, "--parameter-overrides")
    return TemplateFile(parsed.template, parameters)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kinesis_cli.local", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--in-memory", action="store_true")
    parser.add_argument("--neighbours-in-memory", action="store_true")
    parser.add_argument("--port", type=int)
    parser.add_argument("--region", default=DEFAULT_REGION)
    parser.add_argument("--stream", type=read_stream, action="append", default=[], metavar="NAME=N")
    parser.add_argument("--template", type=Path)
    parser.add_argument("--parameter-overrides", default="")
    parser.add_argument("--python")
    parser.add_argument("--runtime-command")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--limits", choices=["aws", "off"], default="off")
    parser.add_argument("--delays", choices=["aws", "off"], default="off")
    parser.add_argument("--shard-limit", type=int)
    parser.add_argument("--sync", choices=["normal", "full"], default="normal")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--in-container", action="store_true")
    parser.add_argument("--no-reload", action="store_true")
    parser.add_argument("--ready-fd", type=int)
    parser.add_argument("--while-fd", type=int)
    return parser


if __name__ == "__main__":
    sys.exit(main())
