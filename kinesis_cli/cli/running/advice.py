"""Advice as far as it can be followed: rooms do not know which command they work for."""

import re
from collections.abc import Collection

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
_SENTENCE_END = re.compile(r"(?<=[.?!]) +")


def fitting(advice: str, options: Collection[str]) -> str:
    """`advice` without the sentences that name an option which the command has not.

    Args:
        advice: sentences, in one line or several.
        options: of the command that shows it.
    """
    lines = (
        " ".join(each for each in _SENTENCE_END.split(line) if named_options(each) <= {*options})
        for line in advice.splitlines()
    )
    return "\n".join(line for line in lines if line)


def named_options(text: str) -> set[str]:
    """The options that a text tells one to add; what stands in `…` is a command by itself."""
    return {option for prose in text.split("`")[::2] for option in _OPTION.findall(prose)}
