"""The function's environment variables: the template's, the shell's, and those of `--env-vars`.

Precedence as `sam local invoke`: the file, then the shell, then the template, and only for the
variables that the template names.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-invoke.html
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.places.whole_files import read_whole_text
from kinesis_cli.project.loading import load_json


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
            raise InputError(
                f"{name} is not an object of variables", place=str(path), advice=_SHAPE
            )
        values.update({str(variable): text(value) for variable, value in section.items()})
    refuse_impossible(values, str(path))
    return values


def refuse_impossible(variables: Mapping[str, str], place: str) -> None:
    """Refuse variables that no process can have.

    Raises:
        InputError: names the first of them.
    """
    for name, value in variables.items():
        if not name:
            raise InputError("a variable has no name", place=place)
        if "=" in name or "\0" in name or not _is_text(name):
            raise InputError(f"{name!r} is not a name of a variable", place=place)
        if "\0" in value or not _is_text(value):
            raise InputError(f"{name} has a value with a character that no text has", place=place)


def _is_text(value: str) -> bool:
    try:
        os.fsencode(value)
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can write
        return False
    return True


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
        text = read_whole_text(path)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(reason, place=str(path)) from error
    try:
        document = load_json(text, path)
    except InputError as error:
        raise InputError(error.problem, place=error.place, advice=_SHAPE) from error
    if not isinstance(document, Mapping):
        raise InputError("no object at the top", place=str(path), advice=_SHAPE)
    return document


def shell_variables(names: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Those of `names` that the shell sets, with the shell's value."""
    for name in names:
        if name in os.environ:
            yield name, os.environ[name]
