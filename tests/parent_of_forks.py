"""The parent of the forks that `forks.py` asks for: it has imported kcli, and runs it in each."""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO, TextIOWrapper
from typing import NamedTuple, NoReturn

# What few commands import, or looks at its surroundings as it is imported.
_NOT_AHEAD = ("cfn_lint", "local.neighbours", "local.server", "pytest_report", "testing")
# What is imported by functions of kcli.
_AHEAD = (
    *("boto3", "botocore.session", "encodings.utf_8_sig", "pydantic.dataclasses", "pydantic.types"),
    *("typer._adapters", "typer._click.decorators", "yaml"),
)


class _Fork(NamedTuple):
    process: int
    end: int  # a descriptor that tells of it
    asker: int  # the socket of whoever waits for it


def _serve(control: socket.socket) -> None:
    """Fork whenever somebody asks for it, until nobody is left who could."""
    forks: dict[int, _Fork] = {}  # by both of their descriptors
    ready = select.poll()
    ready.register(control, select.POLLIN)
    while True:
        for descriptor, _ in ready.poll():
            fork = forks.get(descriptor)
            if descriptor == control.fileno():
                _, descriptors, _, _ = socket.recv_fds(control, 1, 4)
                if not descriptors:
                    return
                fork = _begun(*descriptors)
                ready.register(fork.end, select.POLLIN)
                ready.register(fork.asker, 0)  # nothing but that its other end was closed
                forks |= {fork.end: fork, fork.asker: fork}
            elif fork is not None and descriptor == fork.end:
                _, status = os.waitpid(fork.process, 0)
                with suppress(OSError):
                    os.write(fork.asker, str(os.waitstatus_to_exitcode(status)).encode())
                for each in (fork.end, fork.asker):
                    if each in forks:
                        ready.unregister(each)
                        del forks[each]
                    os.close(each)
            elif fork is not None:
                os.kill(fork.process, signal.SIGKILL)
                ready.unregister(fork.asker)
                del forks[fork.asker]


def _begun(asker: int, *streams: int) -> _Fork:
    process = os.fork()
    if not process:
        _become_kcli(asker, streams)
    for each in streams:
        os.close(each)
    return _Fork(process, os.pidfd_open(process), asker)


def _become_kcli(asker: int, streams: Sequence[int]) -> NoReturn:
    code = 1
    try:
        with FileIO(asker, closefd=False) as request:
            arguments, folder, environment = json.loads(request.readall())
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        _read_anew(arguments)
        code = _exit_code_of_kcli()
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        code = code if _are_flushed() else 120
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        os._exit(code)


def _read_anew(arguments: Sequence[str]) -> None:
    """Take over what Python has read from its surroundings before it runs a program."""
    time.tzset()
    tempfile.tempdir = None
    sys.argv = ["-m", *arguments]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109
    for number, (name, mode) in enumerate((("stdin", "rb"), ("stdout", "wb"), ("stderr", "wb"))):
        old = getattr(sys, name)
        buffering = 0 if mode == "wb" and old.write_through else -1
        binary = open(number, mode, buffering, closefd=False)  # noqa: SIM115
        ways = (old.encoding, old.errors, "\n", old.line_buffering, old.write_through)
        stream = TextIOWrapper(binary, *ways)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _exit_code_of_kcli() -> int:
    try:
        runpy.run_module("kinesis_cli", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _are_flushed() -> bool:
    """Whether what was written has arrived, or was left by those who closed the stream."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
    except OSError:
        return False
    return True


def _import_ahead() -> None:
    import pydantic

    import kinesis_cli
    from kinesis_cli.handlers.time_machine import _import_time_machine

    prefix = f"{kinesis_cli.__name__}."
    left_out = (*(prefix + name for name in _NOT_AHEAD), f"{prefix}__main__")
    for module in pkgutil.walk_packages(kinesis_cli.__path__, prefix):
        if not module.name.startswith(left_out):
            importlib.import_module(module.name)
    for name in _AHEAD:
        importlib.import_module(name)
    _import_time_machine()
    pydantic.TypeAdapter(int)  # the first one looks for plugins of pydantic's


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # that of a terminal is meant for pytest
    del sys.path[0]  # the folder of this file
    with socket.socket(fileno=int(sys.argv[1])) as control:
        _import_ahead()
        gc.collect()
        gc.freeze()  # looking through it would copy its memory
        _serve(control)
