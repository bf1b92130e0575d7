"""Modules that a Python function imports and its Python has not, found without running its code.

Only what is certain counts: an import that the code makes first of all and always, of a module that
neither the code nor its layers nor the interpreter has. Code that changes where modules come from
is not judged.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

from kinesis_cli.event_source_mapping.invocation import FunctionError
from kinesis_cli.handlers.environment import layer_path
from kinesis_cli.handlers.isolated.runtimes.python import handler_of_runtime
from kinesis_cli.handlers.lent_packages import lending_folder
from kinesis_cli.handlers.runner.lent_packages import BOTO3
from kinesis_cli.project.function import Function
from kinesis_cli.project.interpreter import own_interpreter

_MAX_FILES = 200  # of the function's own that are read
_CHANGES_THE_PATH = re.compile(r"sys\.(path|meta_path)|addsitedir|__path__|importlib|import_hook")
_ASK = """
import sys
from importlib.util import find_spec
for name in sys.argv[1:]:
    try:
        found = find_spec(name)
    except Exception:
        found = name
    if found is None:
        print(name)
"""


class Imports:
    """What of a function's imports is missing. To look costs a process of its Python.

    Args:
        function: in Python; of any other nothing is known.
    """

    def __init__(self, function: Function) -> None:
        self._function = function
        self._interpreter = function.interpreter or own_interpreter()
        layers = map(Path, layer_path(function, self._interpreter.version))
        self._folders = [function.code_uri, *layers]
        self._missing = None if function.is_python else ""  # None: nobody has looked

    def error(self) -> FunctionError | None:
        """What each call would end with; None: nothing is known to be missing."""
        if self._missing is None:
            self.look_again()
        if not self._missing:
            return None
        module = _module_of(self._function).replace("/", ".")
        message = f"Unable to import module '{module}': No module named '{self._missing}'"
        return FunctionError("Runtime.ImportModuleError", message)

    def look_again(self) -> None:
        """Look whether what was missing has come; what was there once stays."""
        if self._missing != "":
            self._missing = self._first_missing()

    def _first_missing(self) -> str:
        """The first module that is missing; "": none, or nobody can tell."""
        lent = BOTO3 if lending_folder(self._interpreter) else frozenset()
        return self._not_found([name for name in self._imported() if name not in lent])

    def _imported(self) -> list[str]:
        """The names that are not the function's own, nor of the standard library."""
        own = _own_file(self._function)
        names: dict[str, None] = {}
        files, seen = [own] if own else [], set[Path]()
        while files and len(seen) < _MAX_FILES:
            file = files.pop(0)
            seen.add(file)
            imported = _imports_of(file)
            if imported is None:
                return []
            for name in imported:
                path = self._own_module(name)
                if path is None and name not in sys.stdlib_module_names:
                    names[name] = None
                elif path is not None and path.suffix == ".py" and path not in seen:
                    files.append(path)
        return list(names)

    def _own_module(self, name: str) -> Path | None:
        """The file of a module of the function's own, or its folder where it has none."""
        for folder in self._folders:
            package = folder / name
            for path in (folder / f"{name}.py", package / "__init__.py", package):
                if path.exists():
                    return path
            if any(folder.glob(f"{name}.*.so")):
                return folder
        return None

    def _not_found(self, names: list[str]) -> str:
        if not names:
            return ""
        path = [str(folder) for folder in self._folders]
        path += filter(None, [self._function.environment.get("PYTHONPATH")])
        variables = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(path)}
        try:
            run = subprocess.run(
                [str(self._interpreter.path), "-c", _ASK, *names],
                cwd=self._function.code_uri,
                env=variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=5,  # a server waits for it
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        return next(iter(run.stdout.decode("utf-8", "replace").split()), "")


def _module_of(function: Function) -> str:
    return handler_of_runtime(function.handler).rpartition(".")[0]


def _own_file(function: Function) -> Path | None:
    """The file of the handler, where it is one of the function's own."""
    path = function.code_uri / _module_of(function).replace(".", "/")
    found = (path.with_name(f"{path.name}.py"), path / "__init__.py")
    return next((each for each in found if each.is_file()), None)


def _imports_of(file: Path) -> list[str] | None:
    """The modules that a file imports whenever it is imported; None: nobody can tell."""
    try:
        text = file.read_text("utf-8")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if _CHANGES_THE_PATH.search(text):
        return None
    names = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.append(node.module)
        elif not isinstance(node, ast.Expr | ast.Assign | ast.FunctionDef | ast.ClassDef):
            break  # it may be what an import hangs on: an exit, a change of where modules are
    return [name.partition(".")[0] for name in names]
