"""Texts in any case, as AWS's matcher compares them.

Each character of the pattern stands for its small and its capital form, as Java makes them: "ß"
for "ß" and "SS", "K" (the Kelvin sign) for "k" and itself. The text is not changed.

Source: https://github.com/aws/event-ruler, EqualsIgnoreCaseParser
"""

import re


def any_case(text: str, *, ending: str = "") -> re.Pattern[str]:
    """Compile a text to an expression that finds it in any case.

    Args:
        text: the pattern's.
        ending: an expression behind it.
    """
    return re.compile("".join(map(_forms, text)) + ending)


def _forms(character: str) -> str:
    if ord(character) > 0xFFFF:  # the matcher takes each half of its surrogate pair for a "?"
        return r"\?\?"
    forms = dict.fromkeys((character.lower(), character.upper()))
    escaped = [re.escape(form) for form in forms]
    return escaped[0] if len(escaped) == 1 else f"(?:{'|'.join(escaped)})"
