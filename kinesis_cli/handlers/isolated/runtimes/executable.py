"""`provided.*`, and what is left of `go1.x`: an executable that speaks the Runtime API itself.

Rust, Go and C++ functions are that. Source:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-provided.html
"""

import os
import shutil
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.project.function import Function

_SH = "/bin/sh"
_HOW_TO_BUILD = (
    "Build it first: `sam build`, `cargo lambda build --output-format binary`, or "
    "`go build -o bootstrap`; for this machine's processor."
)


def executable_command(function: Function) -> RuntimeCommand:
    """The function's executable: `bootstrap`; on go1.x what Handler names.

    Raises:
        InputError: it is not there, or may not be run.
    """
    is_go = function.runtime.startswith("go")
    file = _find(function, function.handler if is_go else "bootstrap")
    _require_executable(file)
    family, _, release = function.runtime.partition(".")
    return RuntimeCommand(
        arguments=(*_shell_of(file), str(file)),
        directory=function.code_uri,
        name=f"{file.name}, {function.runtime}",
        version="go:1.x" if is_go else f"{family}:{release or 'al1'}",
        client=file.name,
    )


def _shell_of(file: Path) -> tuple[str, ...]:
    """What runs a script of `/bin/sh`: bash, which is Lambda's sh; nothing where this one is it.

    AWS's own example needs it (`set -o pipefail`, `source`), and fails in Debian's dash:
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-walkthrough.html
    """
    with file.open("rb") as opened:
        marker, _, interpreter = opened.readline(200).partition(b"#!")
    words = os.fsdecode(interpreter).split()
    if marker or words[:1] != [_SH] or Path(_SH).resolve().name == "bash":
        return ()
    bash = shutil.which("bash")
    return (bash, "--posix", *words[1:]) if bash else ()


def _find(function: Function, name: str) -> Path:
    """The executable: of the code, of cargo lambda, of a layer; else where it would be.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
    """
    code = function.code_uri
    built = sorted(code.glob(f"target/lambda/*/{name}"))
    places = [code / name, *(built if len(built) == 1 else ())]
    places += [layer / name for layer in reversed(function.layers)]
    return next((place for place in places if place.is_file()), code / name)


def _require_executable(file: Path) -> None:
    if not file.is_file():
        raise InputError(
            f"there is no executable {file.name}", place=str(file.parent), advice=_HOW_TO_BUILD
        )
    if not os.access(file, os.X_OK):
        raise InputError("is not executable", place=str(file), advice=f"Run chmod +x {file}")
