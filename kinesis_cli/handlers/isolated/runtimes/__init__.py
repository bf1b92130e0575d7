"""What starts the process of a function: the command for its runtime, one module a language."""

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.handlers.isolated.runtimes.wrapper import wrapped
from kinesis_cli.project.function import Function


def command_for(function: Function) -> RuntimeCommand:
    """The command that starts a function's process.

    Raises:
        InputError: what it needs is not on this machine, or kcli cannot start this runtime.
    """
    return wrapped(_command_of_runtime(function), function)


def _command_of_runtime(function: Function) -> RuntimeCommand:
    runtime = function.runtime
    if function.runtime_command:
        from kinesis_cli.handlers.isolated.runtimes.given import given_command

        return given_command(function)
    if function.is_python:
        from kinesis_cli.handlers.isolated.runtimes.python import python_command

        return python_command(function)
    if runtime.startswith(("provided", "go")):
        from kinesis_cli.handlers.isolated.runtimes.executable import executable_command

        return executable_command(function)
    if runtime.startswith("nodejs"):
        from kinesis_cli.handlers.isolated.runtimes.nodejs import nodejs_command

        return nodejs_command(function)
    if runtime.startswith("java"):
        from kinesis_cli.handlers.isolated.runtimes.java import java_command

        return java_command(function)
    raise InputError(
        f"runs on {runtime}, and kcli has no runtime client for it",
        place=function.origin,
        advice="Name what starts one with --runtime-command; docs/languages.md has an example for "
        "Ruby and for .NET.",
    )
