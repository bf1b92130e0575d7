"""What goes around a runtime on Lambda: a wrapper script, and extensions beside it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.project.function import Function

_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"


def wrapped(command: RuntimeCommand, function: Function) -> RuntimeCommand:
    """`command`, started by the function's wrapper script where it names one that is here.

    Raises:
        InputError: the script is of the function's own code, and cannot be run.
    """
    notes = [*command.notes, *_extensions(function)]
    name = function.environment.get(_WRAPPER, "")
    if not name:
        return replace(command, notes=tuple(notes))
    if function.runtime.startswith(("provided", "go")):
        # Source: https://github.com/aws/aws-lambda-go/issues/523
        notes.append(f"{_WRAPPER} is left out: on Lambda {function.runtime} ignores it, too.")
        return replace(command, notes=tuple(notes))
    script = _here(name, function)
    if script is None:
        notes.append(f"{_WRAPPER} is left out: {name} is in no layer on this machine.")
        return replace(command, notes=tuple(notes))
    if not script.is_file():
        raise InputError(f"there is no {script}", place=f"{_WRAPPER}={name}")
    if not os.access(script, os.X_OK):
        raise InputError(
            f"{script} is not executable", place=_WRAPPER, advice=f"Run chmod +x {script}"
        )
    arguments = (str(script), *command.arguments)
    return replace(command, arguments=arguments, notes=tuple(notes))


def _here(name: str, function: Function) -> Path | None:
    """Where a file of Lambda's machine is on this one; None: in a layer that is not here."""
    path = Path(name)
    if path.is_relative_to("/opt") and not path.is_file():
        inside = path.relative_to("/opt")
        found = (layer / inside for layer in reversed(function.layers))
        return next((file for file in found if file.is_file()), None)
    if path.is_relative_to("/var/task") and not path.is_file():
        return function.code_uri / path.relative_to("/var/task")
    return function.code_uri / path


def _extensions(function: Function) -> Iterator[str]:
    names = [
        file.name
        for layer in function.layers
        if (layer / "extensions").is_dir()
        for file in sorted((layer / "extensions").iterdir())
        if file.is_file()
    ]
    if names:
        yield f"Extensions are not run: {', '.join(names)}."
