"""Importing the user's handler as Lambda does: the code's folder comes first on `sys.path`."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from .clock_errors import is_refused_for_its_clock
from .init_failure import init_failure

LambdaFunction = Callable[[Any, Any], object]

# Python 3.9 does not list them all
_STANDARD_LIBRARY = getattr(sys, "stdlib_module_names", sys.builtin_module_names)


class LoadError(Exception):
    """The code cannot be loaded. For people, and with what whoever tells them may add to it."""

    def __init__(
        self,
        problem: str,
        *,
        place: str = "",
        advice: str = "",
        missing: str = "",
        error_type: str = "",
        is_clock_error: bool = False,
        failure: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(problem)
        self.problem, self.place, self.advice = problem, place, advice
        self.failure = failure  # the members of the `Failure` that Lambda reports
        self.missing = missing  # the name of a module that is not there
        self.is_clock_error = is_clock_error  # whether AWS refused a request for its time
        self.error_type = error_type  # of the exception that ended the import; "": there was none


class Code:
    """The user's modules, in this process until `close`.

    Args:
        folder: where the function's code is.
        handler: "module.function" or "path/file.py:function".
        layers: folders on the path after it.

    Raises:
        LoadError: the module or the function is not there, or importing it fails.
    """

    def __init__(self, folder: Path, handler: str, layers: Sequence[str] = ()) -> None:
        self._folder = folder
        self._path = [str(folder), *layers]
        self._displaced: dict[str, ModuleType] = {}
        self._before = set(sys.modules)
        sys.path[:0] = self._path
        importlib.invalidate_caches()
        try:
            self.function = self._load(handler)
        except LoadError as error:
            error.failure = init_failure(handler, error.__cause__, error.problem)
            self.close()
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Forget the user's modules, so that the next to load them runs them anew."""
        for name in self._own_modules():
            del sys.modules[name]
        sys.modules.update(self._displaced)
        self._displaced = {}
        for entry in self._path:
            if entry in sys.path:
                sys.path.remove(entry)

    def _own_modules(self) -> list[str]:
        return [
            name
            for name, module in list(sys.modules.items())
            if name not in self._before and self._is_own(module)
        ]

    def _is_own(self, module: ModuleType) -> bool:
        """Whether a module comes from the function's folders (and is not installed below them)."""
        members = getattr(module, "__dict__", {})  # not getattr: a lazy module would import more
        file = members.get("__file__")
        folders = [file] if file else list(members.get("__path__") or ())
        return any(_is_below(str(each), entry) for each in folders for entry in self._path)

    def _load(self, handler: str) -> LambdaFunction:
        file, _, name = handler.rpartition(":")
        if file:
            module = self._module_of_file(self._folder / Path(file).name)
            return _member(module, Path(file).name, name, handler)
        module_name, _, name = handler.rpartition(".")
        if not module_name:
            raise LoadError(
                f"the handler {handler!r} names no module", advice="Write module.function."
            )
        module = self._module(module_name.replace("/", "."))
        return _member(module, module_name, name, handler)

    def _module(self, name: str) -> ModuleType:
        top = name.partition(".")[0]
        if top in sys.builtin_module_names:
            raise LoadError(f"the handler's module {top} is one of Python's own")
        self._displace(top)
        return self._importing(name, lambda: importlib.import_module(name))

    def _module_of_file(self, file: Path) -> ModuleType:
        name = file.stem if file.stem not in _STANDARD_LIBRARY else f"kcli_{file.stem}"
        self._displace(name)
        spec = spec_from_file_location(name, file)
        if spec is None or spec.loader is None or not file.is_file():
            raise LoadError(f"there is no Python file {file}")
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
        if module is None or name in _STANDARD_LIBRARY or self._is_own(module):
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
                raise LoadError(
                    f"there is no module {name} in {self._folder}",
                    advice="Name the code with --handler module.function or path/file.py:function.",
                ) from error
            raise LoadError(
                f"importing {name} failed: {error}",
                place=self._where(error),
                missing=missing,
                error_type=type(error).__name__,
            ) from error
        except SyntaxError as error:
            raise LoadError(
                f"importing {name} failed: {error.msg}",
                place=f"{error.filename}, line {error.lineno}",
                error_type=type(error).__name__,
            ) from error
        except BaseException as error:
            raise LoadError(
                f"importing {name} failed: {type(error).__name__}: {_one_line(error)}",
                place=self._where(error),
                error_type=type(error).__name__,
                is_clock_error=is_refused_for_its_clock(error),
            ) from error

    def _where(self, error: BaseException) -> str:
        """The user's own line that an exception passed through last."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).is_relative_to(self._folder)]
        return f"{own[-1].filename}, line {own[-1].lineno}" if own else ""


def _is_below(path: str, folder: str) -> bool:
    inside = path[len(folder) :] if path.startswith(folder + os.sep) else ""
    return bool(inside) and "site-packages" not in inside


def _member(module: ModuleType, module_name: str, name: str, handler: str) -> LambdaFunction:
    function = getattr(module, name, None)
    if callable(function):
        return function  # type: ignore[no-any-return]
    callables = [one for one, value in vars(module).items() if callable(value)]
    near = difflib.get_close_matches(name, callables, n=1)
    raise LoadError(
        f"{module_name} has no function {name}"
        if function is None
        else f"{name} in {module_name} is not a function but {type(function).__name__}",
        place=handler,
        advice=f"Did you mean {near[0]}?" if near else "",
    )


def _one_line(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - the user's own __str__
        return "(its text could not be made)"
