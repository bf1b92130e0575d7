"""Which of kcli's packages a function's Python may use: those that come with Python on Lambda."""

import re
from pathlib import Path

from kinesis_cli.project.interpreter import Interpreter

_OLDEST_PYTHON = re.compile(r">=\s*(\d+)\.(\d+)")


def lending_folder(interpreter: Interpreter) -> str:
    """The folder that holds them; "" where nothing is lent.

    kcli's own Python has them anyway, and one that is too old cannot run them.
    """
    if interpreter.is_own:
        return ""
    from importlib.metadata import PackageNotFoundError, distribution  # start-up counts

    try:
        boto3 = distribution("boto3")
    except PackageNotFoundError:  # whoever packaged kcli put it elsewhere
        return ""
    oldest = _OLDEST_PYTHON.search(boto3.metadata["Requires-Python"] or "")
    if oldest and interpreter.version[:2] < tuple(map(int, oldest.groups())):
        return ""
    return str(Path(str(boto3.locate_file("boto3"))).parent)
