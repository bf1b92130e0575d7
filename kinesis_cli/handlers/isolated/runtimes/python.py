"""Python: AWS's own runtime client."""

import platform
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.project.function import Function


def python_command(function: Function) -> RuntimeCommand:
    """AWS's runtime client in the interpreter that runs kcli.

    Raises:
        InputError: the client is not installed.
    """
    if find_spec("awslambdaric") is None:
        from kinesis_cli.installation import missing_extra

        raise missing_extra("isolated", "AWS's runtime client is not installed", place="--isolated")
    return RuntimeCommand(
        arguments=(sys.executable, "-m", "awslambdaric", _handler_of_runtime(function.handler)),
        directory=function.code_uri,
        name=f"Python {platform.python_version()}",
        version=f"python:{sys.version_info.major}.{sys.version_info.minor}",
        client=f"awslambdaric-{version('awslambdaric')}",
    )


def _handler_of_runtime(handler: str) -> str:
    """ "path/file.py:function" as "file.function": the file's folder is the code's folder."""
    file, _, name = handler.rpartition(":")
    return f"{Path(file).stem}.{name}" if file else handler
