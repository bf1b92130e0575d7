"""`--parameter-overrides A=1 B=2`, as the SAM CLI takes it: one option, several values."""

import re
from collections.abc import Sequence

OPTION = "--parameter-overrides"
_PAIR = re.compile(r"[^\s=,-][^\s=,]*=.*", re.DOTALL)


def separated(arguments: Sequence[str]) -> list[str]:
    """The arguments with the option before each of its values, as typer wants it."""
    result: list[str] = []
    within = False
    for argument in arguments:
        if within and result[-1] != OPTION:
            within = _PAIR.fullmatch(argument) is not None
            if within:
                result.append(OPTION)
        within = within or argument == OPTION
        result.append(argument)
    return result
