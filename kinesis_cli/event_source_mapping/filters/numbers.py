"""Numbers as AWS's matcher reads them: doubles, where the text says no more than a double holds.

Any other number (1e400, thirty digits) cannot be compared; it equals what is written just so.

Source: https://github.com/aws/event-ruler, ComparableNumber since 1.8 (2024)
"""

import math
from dataclasses import dataclass
from decimal import Decimal

_MAX_EXACT = 2**53  # doubles hold each integer up to here
_MAX_SURE_DIGITS = 15  # so many decimal digits are never more than a double holds
_MIN_SURE, _MAX_SURE = 1e-300, 1e300
_MAX_INTEGER_DIGITS = 400  # beyond, no double is as large

# What an older matcher, and AWS's documentation, take: https://docs.aws.amazon.com/eventbridge/
# latest/userguide/eb-create-pattern-operators.html
OLD_LIMIT = 5_000_000_000
OLD_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number of which only the text counts: it cannot be compared."""

    text: str


Number = int | float | WrittenNumber


def read_float(text: str) -> float | WrittenNumber:
    """Read a JSON number that has a fraction or an exponent."""
    value = float(text)
    if len(text) <= _MAX_SURE_DIGITS and _MIN_SURE < abs(value) < _MAX_SURE:
        return value
    return value if _is_exact(text, value) else WrittenNumber(text)


def read_integer(text: str) -> int | WrittenNumber:
    """Read a JSON number of digits."""
    return int(text) if len(text) <= _MAX_INTEGER_DIGITS else WrittenNumber(text)


def is_number(value: object) -> bool:
    """Return whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float | WrittenNumber) and not isinstance(value, bool)


def comparable(value: object) -> float | None:
    """Return a number as the matcher compares it, None where it cannot."""
    match value:
        case bool():
            return None
        case float():
            return value if math.isfinite(value) else None
        case int():
            return _of_integer(value)
    return None


def same_number(one: object, other: object) -> bool:
    """Return whether two numbers are equal."""
    # UNSURE(number-equality): EventBridge (recorded) takes 300 and 300.0 for equal; Lambda's guide
    # says that numbers are compared as written.
    if isinstance(one, WrittenNumber) and isinstance(other, WrittenNumber):
        return one.text == other.text
    number = comparable(one)
    if number is not None:
        return number == comparable(other)
    return type(one) is type(other) and one == other


def was_refused(value: object) -> bool:
    """Return whether a matcher older than 2024 refuses to compare with this number."""
    number = comparable(value)
    return number is not None and (abs(number) > OLD_LIMIT or number != round(number, OLD_DECIMALS))


def _of_integer(value: int) -> float | None:
    if -_MAX_EXACT <= value <= _MAX_EXACT:
        return float(value)
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if Decimal(repr(number)) == value else None


def _is_exact(text: str, value: float) -> bool:
    """Return whether the shortest text of a double means the same number."""
    return math.isfinite(value) and Decimal(repr(value)) == Decimal(text)
