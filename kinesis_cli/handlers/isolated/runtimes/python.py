"""Python: AWS's own runtime client where the function's Python has it, else kcli's."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from kinesis_cli._version import __version__
from kinesis_cli.handlers.environment import layer_path
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.handlers.lent_packages import lending_folder
from kinesis_cli.handlers.runner import START
from kinesis_cli.project.function import Function
from kinesis_cli.project.interpreter import Interpreter, own_interpreter

_CLIENT = "awslambdaric"


def python_command(function: Function) -> RuntimeCommand:
    """The command that runs the function in its own Python."""
    interpreter = function.interpreter or own_interpreter()
    handler = handler_of_runtime(function.handler)
    release = f"{interpreter.version[0]}.{interpreter.version[1]}"
    client = _version_of_client(interpreter)
    return RuntimeCommand(
        arguments=(str(interpreter.path), *_start(interpreter, handler, has_client=bool(client))),
        directory=function.code_uri,
        name=interpreter.name,
        version=f"python:{release}",
        client=f"{_CLIENT}-{client}" if client else f"kcli-{__version__}",
        variables=_variables(function, interpreter),
    )


def _start(interpreter: Interpreter, handler: str, *, has_client: bool) -> tuple[str, ...]:
    """What follows the interpreter in the command."""
    folder = lending_folder(interpreter)
    if has_client and not folder:
        return ("-m", _CLIENT, handler)
    module = "aws_client" if has_client else "runtime_client"
    return (START, module, handler, folder, str(interpreter))


def _variables(function: Function, interpreter: Interpreter) -> dict[str, str]:
    """What puts the code and its layers on the path, before what the function itself names."""
    path = [str(function.code_uri), *layer_path(function, interpreter.version)]
    if named := function.environment.get("PYTHONPATH"):
        path.append(named)
    return {"PYTHONPATH": os.pathsep.join(path)}


def _version_of_client(interpreter: Interpreter) -> str:
    """The version of AWS's client that an interpreter can import; "": it cannot."""
    folders: Iterable[Path] = (
        map(Path, filter(None, sys.path))  # `importlib.metadata` takes longer than all else here
        if interpreter.is_own
        else interpreter.path.parent.parent.glob("lib/python*/site-packages")
    )
    found = (each.name for folder in folders for each in folder.glob(f"{_CLIENT}-*.dist-info"))
    return next(found, "").removeprefix(f"{_CLIENT}-").removesuffix(".dist-info")


def handler_of_runtime(handler: str) -> str:
    """ "path/file.py:function" as "file.function": the file's folder is the code's folder."""
    file, _, name = handler.rpartition(":")
    return f"{Path(file).stem}.{name}" if file else handler
