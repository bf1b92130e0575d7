"""The function's environment variables: the template's, the shell's, and those of `--env-vars`.

Precedence as `sam local invoke`: the file, then the shell, then the template, and only for the
variables that the template names.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-invoke.html
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kinesis_cli.errors import InputError


def overrides(path: Path, names: Sequence[str]) -> dict[str, str]:
    """The values that an `--env-vars` file gives a function.

    Args:
        path: JSON, `{"Parameters": {"NAME": "value"}, "LogicalId": {"NAME": "value"}}`.
        names: what the function is called: logical id, function name. Later ones win.

    Raises:
        InputError: the file is missing or has another shape.
    """
    document = _read(path)
    values: dict[str, str] = {}
    for name in ("Parameters", *names):
        section = document.get(name, {})
        if not isinstance(section, Mapping):
            raise InputError(f"{name} is no object of variables", place=str(path), advice=_SHAPE)
        values.update({str(variable): text(value) for variable, value in section.items()})
    return values


def text(value: object) -> str:
    """A variable's value as SAM passes it on: what is no scalar becomes an empty text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, (Mapping, list)):
        return ""
    return str(value)


_SHAPE = 'SAM\'s format: {"Parameters": {"NAME": "value"}} or {"FunctionLogicalId": {…}}.'


def _read(path: Path) -> Mapping[str, object]:
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(reason, place=str(path)) from error
    except ValueError as error:
        raise InputError(f"not JSON: {error}", place=str(path), advice=_SHAPE) from error
    if not isinstance(document, Mapping):
        raise InputError("no object at the top", place=str(path), advice=_SHAPE)
    return document


def shell_variables(names: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Those of `names` that the shell sets, with the shell's value."""
    for name in names:
        if name in os.environ:
            yield name, os.environ[name]
