"""The code that `--handler` names, in each language's form."""

import os
from dataclasses import replace
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import Function
from kinesis_cli.project.surroundings.files import JAVASCRIPT, TYPESCRIPT

_SCRIPTS = (".py", *JAVASCRIPT, *TYPESCRIPT)
_METHOD = "::"  # of Java: package.Class::method


def is_within_code(handler: str, directory: Path) -> bool:
    """Whether it names a function within the template's code, and not where code is."""
    return _METHOD in handler or (":" not in handler and not (directory / handler).is_file())


def with_code(function: Function, handler: str, directory: Path, *, origin: str = "") -> Function:
    """`function` with the code of `--handler`; a file's path counts from `directory`.

    Args:
        function: what the template says, or AWS's defaults.
        handler: "module.function", "path/file.py:function" (or .js, .ts), "package.Class::method",
            or the path of an executable.
        directory: the working directory.
        origin: where it is all from; default: the template's, and that the handler is not.

    Raises:
        InputError: it names nothing that can be called.
    """
    function = replace(function, origin=origin or f"--handler, settings of {function.origin}")
    file, _, name = handler.rpartition(":")
    if _METHOD in handler:
        runtime = function.runtime if function.runtime.startswith("java") else "java"
        return replace(function, handler=handler, runtime=runtime)
    if file.endswith(_SCRIPTS):
        return _with_script(function, file, name, directory)
    if not file and (directory / handler).is_file() and not handler.endswith(_SCRIPTS):
        return _with_executable(function, directory / handler)
    if file or "." not in name or name.endswith(_SCRIPTS):
        raise InputError(
            f"{handler!r} names no function", place="--handler", advice=_meant(handler, directory)
        )
    return replace(function, handler=handler)


def _with_script(function: Function, file: str, name: str, directory: Path) -> Function:
    path = (directory / file).resolve()
    if not path.is_file():
        raise InputError(f"there is no file {file}", place="--handler")
    if path.suffix == ".py":
        runtime = function.runtime if function.is_python else ""
        return replace(function, handler=f"{file}:{name}", code_uri=path.parent, runtime=runtime)
    esbuild = {"EntryPoints": [path.name], "Minify": False, "Sourcemap": True}
    return replace(
        function,
        handler=f"{path.stem}.{name}",
        code_uri=path.parent,
        runtime=function.runtime if function.runtime.startswith("nodejs") else "nodejs",
        esbuild=esbuild if path.suffix in TYPESCRIPT else None,
    )


def _with_executable(function: Function, path: Path) -> Function:
    """`function` as a program that speaks the Runtime API itself: of Rust, Go, C++."""
    if not os.access(path, os.X_OK):
        raise InputError("is not executable", place=str(path), advice=f"Run chmod +x {path}")
    runtime = function.runtime if function.runtime.startswith(("provided", "go")) else "provided"
    return replace(
        function,
        handler=path.name,
        code_uri=path.resolve().parent,
        runtime=runtime,
        runtime_command=(str(path.absolute()),),
    )


def _meant(handler: str, directory: Path) -> str:
    """What to write instead."""
    file, _, name = handler.rpartition(":")
    if handler.endswith(_SCRIPTS):
        return f"Name the function in it, too: {handler}:function."
    if not file:
        return (
            "Write module.function or path/file.py:function, package.Class::method for Java, or "
            "the path of an executable."
        )
    is_path = "/" in file or (directory / f"{file}.py").is_file()
    return f"Did you mean {file}.py:{name}?" if is_path else f"Did you mean {file}.{name}?"
