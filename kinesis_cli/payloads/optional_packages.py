"""Imports of what the extra `payloads` adds."""

from importlib import import_module
from types import ModuleType


def extra(module: str) -> ModuleType:
    """A module of the extra `payloads`, imported when it is needed.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        from kinesis_cli.installation import missing_extra

        raise missing_extra("payloads", "this", module.partition(".")[0]) from error
