"""The values of a template's parameters: what the user gives, in all forms that SAM takes.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-deploy.html
"""

import re
from collections.abc import Iterable, Mapping

from kinesis_cli.errors import InputError

_KEY = r"[^\s=,\"']+"
_VALUE = r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])*"""
_SHORT = re.compile(rf"""\s*["']?(?P<key>{_KEY})=(?P<value>{_VALUE})["']?(?=\s|$)""", re.DOTALL)
_LONG = re.compile(
    rf"\s*ParameterKey=(?P<key>{_KEY}),ParameterValue=(?P<value>{_VALUE})(?=\s|$)", re.DOTALL
)
_QUOTED = re.compile(r""""((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)|([^"'\\]+)""", re.DOTALL)

ADVICE = "Write KEY=VALUE, as in --parameter-overrides Stage=dev."


def parse_overrides(given: object, place: str) -> dict[str, str]:
    """Parameter → value.

    Args:
        given: a text `A=1 B="2 3"`, one in the long form `ParameterKey=A,ParameterValue=1`, a list
            of such texts, or a mapping.
        place: who says so, for messages.

    Raises:
        InputError: it is none of these.
    """
    if isinstance(given, Mapping):
        return {str(name): _plain(value) for name, value in given.items()}
    texts: Iterable[object] = given if isinstance(given, list | tuple) else [given]
    values: dict[str, str] = {}
    for text in texts:
        if isinstance(text, Mapping):  # YAML's `- Stage: dev`
            values.update(parse_overrides(text, place))
        else:
            values.update(_pairs(str(text), place))
    return values


def _pairs(text: str, place: str) -> dict[str, str]:
    """The pairs of a text. One whose value was not quoted, as a shell leaves it, is one pair."""
    pattern = _LONG if text.lstrip().startswith("ParameterKey=") else _SHORT
    values: dict[str, str] = {}
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            break
        values[match["key"]] = _unquoted(match["value"])
        at = match.end()
    if at < len(text) and pattern is _SHORT:  # `Title=two words`: the shell took the quotes
        name, equals, value = text.partition("=")
        if equals and re.fullmatch(_KEY, name.strip()):
            return {name.strip(): value}
    if at < len(text):
        raise InputError(f"{text[at:].strip()!r} is not a parameter", place=place, advice=ADVICE)
    return values


def _unquoted(value: str) -> str:
    return "".join(
        re.sub(r"\\(.)", r"\1", match[1])
        if match[1] is not None
        else match[2] or match[3] or match[4] or ""
        for match in _QUOTED.finditer(value)
    )


def _plain(value: object) -> str:
    """A value as CloudFormation takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(_plain, value))
    return str(value)


def written_overrides(values: Mapping[str, str]) -> str:
    """The text that `parse_overrides` reads as these values."""
    return " ".join(
        '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
        for name, value in values.items()
    )
