"""The rules of a pattern: what the leaf at a path must be, one function for each operator.

Source: https://github.com/aws/event-ruler (the matcher that AWS published)
"""

import ipaddress
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt

NUMERIC_LIMIT = 5_000_000_000  # numbers beyond -5e9..5e9 cannot be compared
NUMERIC_DECIMALS = 6

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class NumberText(float):
    """A number that remembers how it was written, for comparing numbers as text."""

    text: str

    def __new__(cls, text: str) -> "NumberText":
        """Read a JSON number."""
        number = super().__new__(cls, text)
        number.text = text
        return number


@dataclass(frozen=True, slots=True)
class Rule:
    """One element of a field's list: what a leaf must be."""

    text: str  # completes "the pattern wants ...": "a number > 30"
    holds: Callable[[object], bool]
    absence: bool = False  # {"exists": false}: wants that there is no leaf


class InvalidRuleError(Exception):
    """A part of a pattern that the matcher refuses."""

    def __init__(self, why: str, keys: Sequence[str] = (), advice: str = "") -> None:
        super().__init__(why)
        self.why, self.path, self.advice = why, ".".join(keys), advice


def shown(value: object) -> str:
    """Return a JSON value as a sentence names it, cut where it is long."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, NumberText):
        return value.text
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def is_number(value: object) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def comparable(value: object) -> float | None:
    """A number as the matcher compares it, None where it cannot.

    Source: https://github.com/aws/event-ruler#numeric-matching
    """
    # UNSURE(numeric-precision): we round at the sixth decimal, as documented; the matcher's latest
    # release takes a number with more decimals for not comparable at all.
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return round(value, NUMERIC_DECIMALS) if -NUMERIC_LIMIT <= value <= NUMERIC_LIMIT else None


def _same_number(one: object, other: object) -> bool:
    # UNSURE(number-equality): EventBridge (recorded) takes 300 and 300.0 for equal; Lambda's guide
    # says that numbers are compared as written. Switched by `numbers_as_text`.
    if isinstance(one, NumberText) and isinstance(other, NumberText):
        return one.text == other.text
    if (number := comparable(one)) is not None:
        return number == comparable(other)
    # Beyond the range of comparison numbers are compared as text: 6e9 is not 6000000000.
    return is_number(one) and type(one) is type(other) and one == other


def equals(wanted: object) -> Rule:
    """Return the rule that wants just this value."""
    text = shown(wanted)
    if isinstance(wanted, str):
        return Rule(text, lambda leaf: isinstance(leaf, str) and leaf == wanted)
    if is_number(wanted):
        return Rule(text, lambda leaf: _same_number(wanted, leaf))
    return Rule(text, lambda leaf: leaf is wanted)  # null, true, false


def none_of(rules: Sequence[Rule]) -> Rule:
    """Return the rule `anything-but`: none of these may hold."""
    text = "anything but " + " or ".join(rule.text for rule in rules)
    return Rule(text, lambda leaf: not any(rule.holds(leaf) for rule in rules))


def exists(argument: object, keys: tuple[str, ...]) -> Rule:
    """Return the rule that wants any leaf, or none."""
    if argument is True:
        return Rule("a value", lambda leaf: True)  # noqa: ARG005
    if argument is False:
        return Rule("no value", lambda leaf: False, absence=True)  # noqa: ARG005
    raise InvalidRuleError("exists must be either true or false", keys)


def numeric(argument: object, keys: tuple[str, ...]) -> Rule:
    """Return the rule that compares numbers."""
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        raise InvalidRuleError('numeric takes a list such as [">", 0, "<=", 5]', keys)
    pairs = list(zip(argument[::2], argument[1::2], strict=True))
    for operator, number in pairs:
        if not is_number(number):
            raise InvalidRuleError(f"Value of {_word(operator)} must be numeric", keys)
        if comparable(number) is None:
            why = f"{shown(number)} is out of range, numeric compares -5.0e9 to 5.0e9"
            raise InvalidRuleError(why, keys)
    _check_operators([operator for operator, _ in pairs], keys)
    text = "a number " + " and ".join(f"{operator} {shown(number)}" for operator, number in pairs)
    if pairs[0][0] == "=":
        wanted = comparable(pairs[0][1])
        return Rule(text, lambda leaf: comparable(leaf) == wanted)
    bounds = [(_COMPARISONS[str(operator)], comparable(number) or 0) for operator, number in pairs]

    def holds(leaf: object) -> bool:
        number = comparable(leaf)
        return number is not None and all(compare(number, bound) for compare, bound in bounds)

    return Rule(text, holds)


def _check_operators(operators: Sequence[object], keys: tuple[str, ...]) -> None:
    """One of = < <= > >=, or a lower bound followed by an upper one."""
    first, *rest = map(_word, operators)
    if first not in ("=", *_COMPARISONS):
        raise InvalidRuleError(f"Unrecognized numeric range operator: {first}", keys)
    if rest and first not in (">", ">="):
        raise InvalidRuleError(f"Too many elements in numeric expression after {first}", keys)
    if rest and rest[0] not in ("<", "<="):
        raise InvalidRuleError(f"Bad numeric range operator: {rest[0]}", keys)


def _word(operator: object) -> str:
    return operator if isinstance(operator, str) else shown(operator)


def cidr(argument: object, keys: tuple[str, ...]) -> Rule:
    """Return the rule that wants an IP address of a network."""
    if not isinstance(argument, str) or argument.count("/") != 1:
        raise InvalidRuleError('cidr takes a string such as "10.0.0.0/24"', keys)
    try:
        network = ipaddress.ip_network(argument, strict=False)
    except ValueError as error:
        raise InvalidRuleError(f"Malformed CIDR: {error}", keys) from None

    def holds(leaf: object) -> bool:
        if not isinstance(leaf, str):
            return False
        try:
            return ipaddress.ip_address(leaf) in network
        except ValueError:
            return False

    return Rule(f"an address in {network}", holds)


def of_text(operator: str, argument: object, keys: tuple[str, ...]) -> Rule:
    """A rule about strings; it holds for nothing else."""
    if not isinstance(argument, str):
        raise InvalidRuleError(f"{operator} match pattern must be a string", keys)
    wording, compile_test = _TEXT_RULES[operator]
    try:
        test = compile_test(argument)
    except ValueError as error:
        raise InvalidRuleError(str(error), keys) from None
    return Rule(wording.format(shown(argument)), lambda leaf: isinstance(leaf, str) and test(leaf))


def _wildcard(pattern: str) -> Callable[[str], bool]:
    """A test in linear time: each piece between asterisks is looked for behind the one before."""
    pieces = _pieces(pattern)
    if len(pieces) == 1:
        return lambda text: text == pieces[0]
    first, *middle, last = pieces

    def test(text: str) -> bool:
        if not text.startswith(first):
            return False
        position = len(first)
        for piece in middle:
            found = text.find(piece, position)
            if found < 0:
                return False
            position = found + len(piece)
        return len(text) - position >= len(last) and text.endswith(last)

    return test


def _pieces(pattern: str) -> list[str]:
    """The literal text between the asterisks, with `\\*` and `\\\\` resolved.

    Raises:
        ValueError: two asterisks in a row, or another escape.
    """
    pieces = [""]
    characters = iter(enumerate(pattern))
    for position, character in characters:
        if character == "\\":
            _, escaped = next(characters, (0, ""))
            if escaped not in ("*", "\\"):
                raise ValueError(f"Invalid escape character at pos {position}")
            pieces[-1] += escaped
        elif character == "*":
            if pattern[position - 1 : position] == "*" and not pieces[-1] and len(pieces) > 1:
                raise ValueError(f"Consecutive wildcard characters at pos {position}")
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


_TEXT_RULES: dict[str, tuple[str, Callable[[str], Callable[[str], bool]]]] = {
    "exactly": ("{}", lambda wanted: lambda text: text == wanted),
    "prefix": ("a string that begins with {}", lambda start: lambda text: text.startswith(start)),
    "suffix": ("a string that ends with {}", lambda end: lambda text: text.endswith(end)),
    "equals-ignore-case": (
        "{} in any case",
        lambda wanted: lambda text: text.lower() == wanted.lower(),
    ),
    "prefix-ignore-case": (
        "a string that begins with {} in any case",
        lambda start: lambda text: text.lower().startswith(start.lower()),
    ),
    "suffix-ignore-case": (
        "a string that ends with {} in any case",
        lambda end: lambda text: text.lower().endswith(end.lower()),
    ),
    "wildcard": ("a string like {}", _wildcard),
}
