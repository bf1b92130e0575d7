"""Importing the user's handler as Lambda does: the code's folder comes first on `sys.path`."""

import difflib
import importlib
import sys
import traceback
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import Function

LambdaFunction = Callable[[object, object], object]


class Code:
    """The user's modules, in this process until `close`.

    Raises:
        InputError: the module or the function is not there, or importing it fails.
    """

    def __init__(self, function: Function) -> None:
        self._folder = function.code_uri
        self._path_entry = str(function.code_uri)
        self._displaced: dict[str, ModuleType] = {}
        self._before = set(sys.modules)
        sys.path.insert(0, self._path_entry)
        importlib.invalidate_caches()
        try:
            self.function = self._load(function.handler)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Forget the user's modules, so that the next to load them runs them anew."""
        for name in self._own_modules():
            del sys.modules[name]
        sys.modules.update(self._displaced)
        self._displaced = {}
        if self._path_entry in sys.path:
            sys.path.remove(self._path_entry)

    def _own_modules(self) -> list[str]:
        return [
            name
            for name, module in list(sys.modules.items())
            if name not in self._before and self._is_own(module)
        ]

    def _is_own(self, module: ModuleType) -> bool:
        """Whether a module comes from the function's folder (and is not installed below it)."""
        members = getattr(module, "__dict__", {})  # not getattr: a lazy module would import more
        file = members.get("__file__")
        folders = [file] if file else list(members.get("__path__") or ())
        return any(
            Path(str(folder)).is_relative_to(self._folder) and "site-packages" not in str(folder)
            for folder in folders
        )

    def _load(self, handler: str) -> LambdaFunction:
        file, _, name = handler.rpartition(":")
        if file:
            module = self._module_of_file(self._folder / Path(file).name)
            return _member(module, Path(file).name, name, handler)
        module_name, _, name = handler.rpartition(".")
        if not module_name:
            raise InputError(
                f"the handler {handler!r} names no module", advice="Write module.function."
            )
        module = self._module(module_name.replace("/", "."))
        return _member(module, module_name, name, handler)

    def _module(self, name: str) -> ModuleType:
        top = name.partition(".")[0]
        if top in sys.builtin_module_names:
            raise InputError(f"the handler's module {top} is one of Python's own")
        self._displace(top)
        return self._importing(name, lambda: importlib.import_module(name))

    def _module_of_file(self, file: Path) -> ModuleType:
        name = file.stem if file.stem not in sys.stdlib_module_names else f"kcli_{file.stem}"
        self._displace(name)
        spec = spec_from_file_location(name, file)
        if spec is None or spec.loader is None or not file.is_file():
            raise InputError(f"there is no Python file {file}")
        module = module_from_spec(spec)
        loader = spec.loader

        def run() -> ModuleType:
            sys.modules[name] = module  # dataclasses and pickle look themselves up there
            loader.exec_module(module)
            return module

        return self._importing(file.name, run)

    def _displace(self, name: str) -> None:
        """Put a module of the same name, from elsewhere, aside: another project's `app`."""
        module = sys.modules.get(name)
        if module is None or name in sys.stdlib_module_names or self._is_own(module):
            return
        below = [one for one in sys.modules if one == name or one.startswith(name + ".")]
        for one in below:
            self._displaced[one] = sys.modules.pop(one)
            self._before.discard(one)

    def _importing(self, name: str, importer: Callable[[], ModuleType]) -> ModuleType:
        try:
            return importer()
        except KeyboardInterrupt:
            raise
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if name == missing or name.startswith(missing + "."):
                raise InputError(
                    f"there is no module {name} in {self._folder}",
                    advice="Name the code with --handler module.function or path/file.py:function.",
                ) from error
            raise InputError(
                f"importing {name} failed: {error}",
                place=self._where(error),
                advice=f"Install {missing} into the environment that kcli runs in.",
            ) from error
        except SyntaxError as error:
            raise InputError(
                f"importing {name} failed: {error.msg}",
                place=f"{error.filename}, line {error.lineno}",
            ) from error
        except BaseException as error:
            raise InputError(
                f"importing {name} failed: {type(error).__name__}: {_one_line(error)}",
                place=self._where(error),
            ) from error

    def _where(self, error: BaseException) -> str:
        """The user's own line that an exception passed through last."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).is_relative_to(self._folder)]
        return f"{own[-1].filename}, line {own[-1].lineno}" if own else ""


def _member(module: ModuleType, module_name: str, name: str, handler: str) -> LambdaFunction:
    function = getattr(module, name, None)
    if callable(function):
        return function  # type: ignore[no-any-return]
    callables = [one for one, value in vars(module).items() if callable(value)]
    near = difflib.get_close_matches(name, callables, n=1)
    raise InputError(
        f"{module_name} has no function {name}"
        if function is None
        else f"{name} in {module_name} is no function but {type(function).__name__}",
        place=handler,
        advice=f"Did you mean {near[0]}?" if near else "",
    )


def _one_line(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - the user's own __str__
        return "(its text could not be made)"
