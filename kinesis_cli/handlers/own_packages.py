"""Whether a function brings packages along that kcli's own process has, too, in other versions."""

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.handlers.environment import layer_path
from kinesis_cli.project.function import Function
from kinesis_cli.project.interpreter import own_interpreter


def brings_packages_of_kcli(function: Function) -> bool:
    """Whether a module of the function's folders is installed beside kcli as well.

    Two versions of a module cannot be in one process: `import pydantic` would give the function
    kcli's, which is imported already.
    """
    version = (function.interpreter or own_interpreter()).version
    folders = [function.code_uri, *map(Path, layer_path(function, version))]
    paths = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    installed = {name for path in paths for name in _modules(path)}
    return any(name in installed for folder in folders for name in _modules(str(folder)))


def _modules(folder: str) -> Iterator[str]:
    """The names of the modules and packages in a folder."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name, _, kind = entry.name.partition(".")
        is_package = not kind and name != "__pycache__" and entry.is_dir()
        if is_package or kind == "py" or kind.endswith(".so"):
            yield name
