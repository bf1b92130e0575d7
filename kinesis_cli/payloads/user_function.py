"""A function of the user's that sees each payload and gives another one."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from kinesis_cli.errors import InputError


def user_function(name: str, option: str = "--map") -> Callable[[bytes], bytes | None]:
    """The function that the user named, with its mistakes turned into sentences.

    Args:
        name: `package.module:function`, importable from the working directory. It takes the
            payload as bytes and returns bytes, a text, or None to leave the record out.
        option: where it was named.

    Raises:
        InputError: there is no such function. The function returned raises it where the user's
            raises anything, or returns something else.
    """
    place = f"{option} {name}"
    function = _function(name, place)

    def changed(payload: bytes) -> bytes | None:
        try:
            result = function(payload)
        except Exception as error:  # a user's function may fail in any way
            raise InputError(f"{type(error).__name__}: {error}", place=place) from error
        if isinstance(result, str):
            return result.encode()
        if result is None or isinstance(result, bytes):
            return result
        raise InputError(
            f"it returned {type(result).__name__}, not bytes, str or None", place=place
        )

    return changed


def _function(name: str, place: str) -> Callable[[bytes], object]:
    module_name, colon, attribute = name.partition(":")
    if not (colon and module_name and attribute):
        raise InputError("a function is named as package.module:function", place=place)
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        function: Callable[[bytes], object] = getattr(import_module(module_name), attribute)
    except Exception as error:  # a user's module may fail in any way
        raise InputError(f"{type(error).__name__}: {error}", place=place) from error
    if not callable(function):
        raise InputError(f"{attribute} cannot be called", place=place)
    return function
