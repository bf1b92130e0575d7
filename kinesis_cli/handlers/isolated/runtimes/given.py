"""The command that the user gave, for runtimes that kcli does not know how to start."""

import shutil
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.project.function import Function


def given_command(function: Function) -> RuntimeCommand:
    """`--runtime-command`, with the function's handler in the place of `{handler}`.

    Raises:
        InputError: there is no such program.
    """
    program, *arguments = function.runtime_command
    found = shutil.which(program) or shutil.which(str(function.code_uri / program))
    if found is None:
        raise InputError(
            f"there is no program {program}",
            place="--runtime-command",
            advice="Install it, or give its path; paths count from here, then from the function's "
            f"folder, {function.code_uri}.",
        )
    name = Path(program).name
    return RuntimeCommand(
        arguments=(found, *(each.replace("{handler}", function.handler) for each in arguments)),
        directory=function.code_uri,
        name=f"{function.runtime} by {name}" if function.runtime else name,
        version=function.runtime or name,
        client=name,
    )
