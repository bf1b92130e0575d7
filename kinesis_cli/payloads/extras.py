"""Imports of what `pip install 'kcli[payloads]'` adds."""

from importlib import import_module
from types import ModuleType

from kinesis_cli.errors import InputError


def extra(module: str) -> ModuleType:
    """A module of the extra `payloads`, imported when it is needed.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"this needs the package {module.partition('.')[0]}, which is not installed",
            advice="Type: pip install 'kcli[payloads]'",
        ) from error
