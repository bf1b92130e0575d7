"""The rules of a pattern: what the leaf at a path must be, one function for each operator.

Source: https://github.com/aws/event-ruler (the matcher that AWS published)
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt

from kinesis_cli.event_source_mapping.filters.addresses import (
    address,
    is_same,
    is_within,
    network,
)
from kinesis_cli.event_source_mapping.filters.letters import any_case
from kinesis_cli.event_source_mapping.filters.numbers import (
    WrittenNumber,
    comparable,
    is_number,
    same_number,
    was_refused,
)
from kinesis_cli.event_source_mapping.filters.wildcards import wildcard

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True, slots=True)
class Rule:
    """One element of a field's list: what a leaf must be."""

    text: str  # completes "the pattern wants ...": "a number > 30"
    holds: Callable[[object], bool]
    absence: bool = False  # {"exists": false}: wants that there is no leaf
    compares_numbers: bool = False
    was_refused: bool = False  # by a matcher older than 2024, for the range of its numbers
    wildcards: tuple[str, ...] = ()


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
    text = value.text if isinstance(value, WrittenNumber) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def equals(wanted: object) -> Rule:
    """Return the rule that wants just this value."""
    text = shown(wanted)
    if isinstance(wanted, str):
        packed = address(wanted)
        if packed is None:
            return Rule(text, lambda leaf: isinstance(leaf, str) and leaf == wanted)

        def holds(leaf: object) -> bool:  # two ways to write an address are the same
            found = address(leaf) if isinstance(leaf, str) else None
            return found is not None and is_same(packed, found)

        return Rule(text, holds)
    if is_number(wanted):
        return Rule(text, lambda leaf: same_number(wanted, leaf), compares_numbers=True)
    return Rule(text, lambda leaf: leaf is wanted)  # null, true, false


def anything_but(values: Sequence[object], keys: tuple[str, ...]) -> Rule:
    """Return the rule that wants none of these strings, or none of these numbers."""
    strings = all(isinstance(value, str) for value in values)
    if not values or not (strings or all(map(is_number, values))):
        raise InvalidRuleError(
            "anything-but takes a string, a number, or a list of only strings or only numbers",
            keys,
        )
    if strings:
        text = " or ".join(map(shown, values))
        unwanted = frozenset(values)
        return Rule(
            f"anything but {text}", lambda leaf: not (isinstance(leaf, str) and leaf in unwanted)
        )
    for value in values:
        _check_comparable(value, keys)
    return none_of([equals(value) for value in values], was_refused=any(map(was_refused, values)))


def none_of(rules: Sequence[Rule], *, was_refused: bool = False) -> Rule:
    """Return the rule `anything-but`: none of these may hold."""
    return Rule(
        "anything but " + " or ".join(rule.text for rule in rules),
        lambda leaf: not any(rule.holds(leaf) for rule in rules),
        compares_numbers=any(rule.compares_numbers for rule in rules),
        was_refused=was_refused,
        wildcards=tuple(one for rule in rules for one in rule.wildcards),
    )


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
    operators, numbers = argument[::2], argument[1::2]
    for operator, number in zip(operators, numbers, strict=True):
        if not is_number(number):
            raise InvalidRuleError(f"Value of {_word(operator)} must be numeric", keys)
        _check_comparable(number, keys)
    _check_operators(operators, keys)
    bounds = [comparable(number) or 0.0 for number in numbers]
    _check_order(operators[0], bounds, keys)
    text = " and ".join(
        f"{operator} {shown(number)}" for operator, number in zip(operators, numbers, strict=True)
    )
    return Rule(
        f"a number {text}",
        _comparison(operators, bounds),
        compares_numbers=True,
        was_refused=any(map(was_refused, numbers)),
    )


def _comparison(operators: Sequence[str], bounds: Sequence[float]) -> Callable[[object], bool]:
    if operators[0] == "=":
        return lambda leaf: comparable(leaf) == bounds[0]
    tests = [
        (_COMPARISONS[operator], bound) for operator, bound in zip(operators, bounds, strict=True)
    ]

    def holds(leaf: object) -> bool:
        number = comparable(leaf)
        return number is not None and all(compare(number, bound) for compare, bound in tests)

    return holds


def _check_comparable(number: object, keys: tuple[str, ...]) -> None:
    if comparable(number) is None:
        why = f"Cannot compare number: {shown(number)} is beyond a double's range or digits"
        raise InvalidRuleError(why, keys)


def _check_operators(operators: Sequence[object], keys: tuple[str, ...]) -> None:
    """One of = < <= > >=, or a lower bound followed by an upper one."""
    first, *rest = map(_word, operators)
    if first not in ("=", *_COMPARISONS):
        raise InvalidRuleError(f"Unrecognized numeric range operator: {first}", keys)
    if rest and first not in (">", ">="):
        raise InvalidRuleError(f"Too many elements in numeric expression after {first}", keys)
    if rest and rest[0] not in ("<", "<="):
        raise InvalidRuleError(f"Bad numeric range operator: {rest[0]}", keys)


def _check_order(first: str, bounds: Sequence[float], keys: tuple[str, ...]) -> None:
    """The bottom below the top; where one is missing, it is the outermost double."""
    if first == "=":
        return
    bottom, top = -sys.float_info.max, sys.float_info.max
    if first in (">", ">="):
        bottom, *rest = bounds
        top = rest[0] if rest else top
    else:
        (top,) = bounds
    if bottom >= top:
        raise InvalidRuleError("Bottom must be less than top", keys)


def _word(operator: object) -> str:
    return operator if isinstance(operator, str) else shown(operator)


def cidr(argument: object, keys: tuple[str, ...]) -> Rule:
    """Return the rule that wants an IP address of a network."""
    if not isinstance(argument, str):
        raise InvalidRuleError('cidr takes a string such as "10.0.0.0/24"', keys)
    try:
        first, last = network(argument)
    except ValueError as error:
        raise InvalidRuleError(str(error), keys, _cidr_advice(argument)) from None

    def holds(leaf: object) -> bool:
        found = address(leaf) if isinstance(leaf, str) else None
        return found is not None and is_within(first, last, found)

    return Rule(f"an address in {shown(argument)[1:-1]}", holds)


def _cidr_advice(argument: str) -> str:
    start, _, mask = argument.partition("/")
    return f'For one address write ["{start}"].' if address(start) and mask.isdecimal() else ""


def of_text(operator: str, argument: object, keys: tuple[str, ...]) -> Rule:
    """Return a rule about strings; it holds for nothing else."""
    if not isinstance(argument, str):
        raise InvalidRuleError(f"{operator} match pattern must be a string", keys)
    wording, compile_test = _TEXT_RULES[operator]
    try:
        test = compile_test(argument)
    except ValueError as error:
        raise InvalidRuleError(str(error), keys) from None
    return Rule(
        wording.format(shown(argument)),
        lambda leaf: isinstance(leaf, str) and test(leaf),
        wildcards=(argument,) if operator == "wildcard" else (),
    )


_Test = Callable[[str], bool]


def _quoted(form: str, test: Callable[[str], object]) -> _Test:
    """A test of the string with a quotation mark before or behind it."""
    before, after = form.split("{}")
    return lambda text: test(f"{before}{text}{after}") is not None


# The matcher looks at strings with their quotation marks: "" begins and ends with one.
_TEXT_RULES: dict[str, tuple[str, Callable[[str], _Test]]] = {
    "exactly": ("{}", lambda wanted: lambda text: text == wanted),
    "prefix": (
        "a string that begins with {}",
        lambda start: lambda text: f'{text}"'.startswith(start),
    ),
    "suffix": (
        "a string that ends with {}",
        lambda end: lambda text: f'"{text}'.endswith(end),
    ),
    "equals-ignore-case": (
        "{} in any case",
        lambda wanted: _quoted("{}", any_case(wanted).fullmatch),
    ),
    "prefix-ignore-case": (
        "a string that begins with {} in any case",
        lambda start: _quoted('{}"', any_case(start).match),
    ),
    "suffix-ignore-case": (
        "a string that ends with {} in any case",
        lambda end: _quoted('"{}', any_case(end, ending=r"\Z").search),
    ),
    "wildcard": ("a string like {}", wildcard),
}
