"""`[tool.kcli.lint]` of pyproject.toml, `[lint]` of kcli.toml.

[tool.kcli.lint]
ignore = ["K017"]       # alarms are in another stack
fail-on = "warning"
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.lint.rule import Severity
from kinesis_cli.project.settings import project_table

_MEMBERS = ("fail-on", "ignore")


@dataclass(frozen=True, slots=True)
class LintSettings:
    """What the project says of the linter."""

    ignore: tuple[str, ...] = ()
    fail_on: Severity | None = None
    source: str = ""  # where it stands, for messages


def lint_settings(directory: Path | None = None) -> LintSettings:
    """What the project's file says, found upwards.

    Raises:
        InputError: it is not usable.
    """
    found = project_table((directory or Path()).resolve(), "lint")
    if found is None:
        return LintSettings()
    table, place = found
    for name in table:
        if name.replace("_", "-") not in _MEMBERS:
            raise InputError(
                f"there is no setting {name!r} of lint",
                place=place,
                advice=f"There are: {', '.join(_MEMBERS)}.",
            )
    members = {name.replace("_", "-"): value for name, value in table.items()}
    return LintSettings(_ignore(members, place), _fail_on(members, place), place)


def _ignore(table: Mapping[str, object], place: str) -> tuple[str, ...]:
    ids = table.get("ignore", [])
    if not isinstance(ids, list) or not all(
        isinstance(each, str) and re.fullmatch(r"K\d{3}", each) for each in ids
    ):
        raise InputError(
            f"ignore is {ids!r}, not a list of rules", place=place, advice='Write ["K017"].'
        )
    return tuple(ids)


def _fail_on(table: Mapping[str, object], place: str) -> Severity | None:
    name = table.get("fail-on")
    if name is None:
        return None
    for severity in Severity:
        if name == severity:
            return severity
    raise InputError(f"fail-on is {name!r}, not one of {', '.join(Severity)}", place=place)
