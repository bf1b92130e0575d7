"""Answers that look like a report of failed records, but that Lambda does not read as one.

Lambda reads `batchItemFailures` at the top level of a JSON object, spelt just so. All else is an
answer without failures: the batch counts as handled, and its failed records are lost without a
word. So kcli says it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

import difflib
import json
from collections.abc import Mapping

from kinesis_cli.stream.sequence import is_sequence_number

MAX_READ_CHARACTERS = 1 << 20  # of an answer's text that is looked into
_LEAST_DIGITS = 20  # of a text that is a sequence number, not just a number

KEY = "batchItemFailures"
_NEAR = 0.85  # of 1, as difflib has it: one or two letters of batchItemFailures may be wrong
# Keys that are not near by their letters.
_OTHER_WORDS = frozenset(
    {
        "batchfailures",
        "batchfailure",
        "itemfailures",
        "itemfailure",
        "failures",
        "faileditems",
        "failedrecords",
    }
)


def misread_report(response: object) -> str | None:
    """Return one sentence on a report that Lambda does not read; None where there is none.

    Args:
        response: the JSON value that the function returned.
    """
    match response:
        case str() if (value := _parsed(response)) is not None and _is_report(value):
            return f"{KEY} as JSON text ignored: return the object itself, without json.dumps"
        case list() if _is_report(response):
            return f'a list as the answer ignored: return {{"{KEY}": [...]}}'
        case Mapping() if KEY not in response:
            return _misread_member(response)
    return None


def misspelt(key: object, wanted: str = KEY) -> bool:
    """Return whether a key was probably meant to be `wanted`."""
    near = difflib.get_close_matches(_letters(key), [wanted.lower()], n=1, cutoff=_NEAR)
    return bool(near)


def _misread_member(response: Mapping[object, object]) -> str | None:
    for key in response:
        if misspelt(key) or _letters(key) in _OTHER_WORDS:
            return f"key {str(key)[:60]!r} ignored: is {KEY} misspelt?"
    for key, value in response.items():
        inner = _parsed(value) if isinstance(value, str) else value
        if isinstance(inner, Mapping) and _is_report(inner):
            return f"{KEY} inside {str(key)[:60]!r} ignored: Lambda reads it at the top level only"
    return None


def _is_report(value: object) -> bool:
    """Whether a value is a report of failed records, or the list of one, as a person reads it."""
    match value:
        case Mapping():
            return any(map(misspelt, value))
        case list():
            return any(map(_names_a_record, value))
    return False


def _names_a_record(item: object) -> bool:
    if isinstance(item, Mapping):
        return any(misspelt(key, "itemIdentifier") for key in item)
    return isinstance(item, str) and len(item) >= _LEAST_DIGITS and is_sequence_number(item)


def _letters(key: object) -> str:
    return "".join(character for character in str(key).lower() if character.isalpha())


def _parsed(text: str) -> object:
    """The JSON object or list in a text; None: there is none."""
    if len(text) > MAX_READ_CHARACTERS or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
