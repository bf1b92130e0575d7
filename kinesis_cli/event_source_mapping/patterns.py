"""Event patterns: the JSON language of EventBridge in which Lambda's filters are written.

A pattern is an object. Its leaves are lists of rules: one rule of each list must hold, and all
fields must match. It is compiled once into plain functions; documents are then judged by them.

Sources:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    https://github.com/aws/event-ruler (the matcher that AWS published)
"""

import ipaddress
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt

from kinesis_cli.errors import InputError

AWS_MESSAGE = "Invalid filter pattern definition."  # what CreateEventSourceMapping answers

# EventBridge refuses a pattern whose `$or`s multiply to more.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
MAXIMUM_COMBINATIONS = 1000

NUMERIC_LIMIT = 5_000_000_000  # numbers beyond -5e9..5e9 cannot be compared
NUMERIC_DECIMALS = 6

# The operators of the table in
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
LAMBDA_OPERATORS = frozenset(
    {"$or", "anything-but", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"}
)
# Names that the matcher keeps for itself inside `$or`.
_RESERVED_IN_OR = LAMBDA_OPERATORS | {
    "cidr",
    "exactly",
    "wildcard",
    "regex",
    *("<", "<=", "=", ">", ">="),
}

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


@dataclass(frozen=True, slots=True)
class Field:
    """A path of the pattern and its rules, one of which must hold."""

    keys: tuple[str, ...]  # dots in keys are resolved: "a.b" is the same path as a, b
    rules: tuple[Rule, ...]

    @property
    def path(self) -> str:
        """The path as a reader writes it: "data.temperature"."""
        return ".".join(self.keys)

    @property
    def wanted(self) -> str:
        """The rules as words."""
        return " or ".join(rule.text for rule in self.rules)

    def holds(self, leaf: object) -> bool:
        """Whether a leaf satisfies one of the rules."""
        return any(rule.holds(leaf) for rule in self.rules)

    def matches(self, document: object) -> bool:
        """Whether this field alone matches, anywhere in the lists of the document."""
        leaves = [node for node in nodes(document, self.keys) if is_leaf(node)]
        if not leaves:
            return self.wants_absence
        return any(map(self.holds, leaves))

    @property
    def wants_absence(self) -> bool:
        """Whether the field matches where the document has no such leaf."""
        return any(rule.absence for rule in self.rules)

    def matches_plainly(self, document: object) -> bool:
        """A fast yes for the usual case: objects all the way down to one matching leaf."""
        for key in self.keys:
            if type(document) is not dict or key not in document:
                return False
            document = document[key]
        return is_leaf(document) and self.holds(document)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern: several sets of fields where it has `$or`, else one."""

    alternatives: tuple[tuple[Field, ...], ...]
    operators: frozenset[str]  # in use: "numeric", "anything-but wildcard", ...

    def matches(self, document: object) -> bool:
        """Whether a parsed JSON document matches."""
        try:
            return any(_match(document, fields) for fields in self.alternatives)
        except RecursionError:  # lists nested a thousand deep
            return False

    def mismatch(self, document: object) -> str:
        """Why a document does not match: the first field that failed, its value and its rules.

        Only the first three branches of `$or` are spelt out.
        """
        try:
            reasons = dict.fromkeys(_mismatch(document, fields) for fields in self.alternatives[:3])
        except RecursionError:
            return "the data is nested too deeply"
        more = len(self.alternatives) - 3
        return ", or ".join(reasons) + (f", or {more} more branches of $or" if more > 0 else "")


def compile_pattern(pattern: object, *, place: str = "pattern") -> Pattern:
    """Compile a parsed pattern.

    Args:
        pattern: the parsed JSON.
        place: what it is called in error messages: "filter 1".

    Raises:
        InputError: it is no valid pattern; says at which path and why.
    """
    compiler = _Compiler()
    try:
        if not isinstance(pattern, dict):
            raise _InvalidError(f"the pattern is {_shown(pattern)}, it must be a JSON object")
        alternatives = compiler.alternatives(pattern, (), [{}])
    except _InvalidError as error:
        where = f"{place}, {error.path}" if error.path else place
        raise InputError(f"{AWS_MESSAGE} {error.why}", place=where, advice=error.advice) from None
    except RecursionError:
        raise InputError(f"{AWS_MESSAGE} It is nested too deeply", place=place) from None
    return Pattern(tuple(tuple(a.values()) for a in alternatives), frozenset(compiler.operators))


def matches_pattern(pattern: object, value: object) -> bool:
    """Whether a JSON value matches an event pattern, both parsed.

    Raises:
        InputError: the pattern is not valid.
    """
    return compile_pattern(pattern).matches(value)


# --- Matching ---------------------------------------------------------------------------------


def is_leaf(node: object) -> bool:
    """Whether rules look at this node: objects and lists are no leaves, not even empty ones."""
    return not isinstance(node, dict | list)


def nodes(document: object, keys: Sequence[str]) -> Iterator[object]:
    """All that lies at a path. Lists count as each of their elements.

    A key may hold dots: {"a.b": 1} has the same path as {"a": {"b": 1}}.
    """
    if isinstance(document, list) and (document or keys):
        for element in document:
            yield from nodes(element, keys)
    elif not keys:
        yield document
    elif isinstance(document, dict):
        for end in range(1, len(keys) + 1):
            key = ".".join(keys[:end])
            if key in document:
                yield from nodes(document[key], keys[end:])


def _match(document: object, fields: Sequence[Field]) -> bool:
    if all(field.matches_plainly(document) for field in fields):
        return True
    if not all(field.matches(document) for field in fields):
        return False
    present = [f for f in fields if any(map(is_leaf, nodes(document, f.keys)))]
    return _match_together(document, [(f, f.keys) for f in present])


_Goal = tuple[Field, tuple[str, ...]]  # a field, and the keys that lead from here to its leaf


def _match_together(node: object, goals: Sequence[_Goal]) -> bool:
    """Whether all fields match within the same elements of lists.

    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] has a = 1 and b = 4, but not in one element: no match.

    Source: https://github.com/aws/event-ruler#json-array-matching
    """
    if isinstance(node, list):
        # A plain value in a list lies in no element's object: it ties other fields to nothing.
        below = [(goal, keys) for goal, keys in goals if keys]
        return not below or any(_match_together(element, below) for element in node)
    if isinstance(node, dict):
        by_key: dict[str, list[_Goal]] = {}
        for goal, keys in goals:
            end = _step(node, goal, keys)
            if end == 0:
                return False
            by_key.setdefault(".".join(keys[:end]), []).append((goal, keys[end:]))
        return all(_match_together(node[key], below) for key, below in by_key.items())
    return not any(keys for _, keys in goals)  # `_step` leads to leaves that hold


def _step(node: dict[str, object], goal: Field, keys: tuple[str, ...]) -> int:
    """How many of the keys to take together as one key of this object; 0 where none leads on."""
    # An object that spells one path twice ({"a.b": ..., "a": {"b": ...}}) may be entered by either;
    # we take the first that matches by itself.
    for end in range(1, len(keys) + 1):
        key = ".".join(keys[:end])
        if key in node and any(
            is_leaf(leaf) and goal.holds(leaf) for leaf in nodes(node[key], keys[end:])
        ):
            return end
    return 0


# --- Explaining -------------------------------------------------------------------------------


def _mismatch(document: object, fields: Sequence[Field]) -> str:
    for one in fields:
        if not one.matches(document):
            return f"{one.path} is {_found(document, one)}, the pattern wants {one.wanted}"
    paths = ", ".join(one.path for one in fields)
    return f"no one element of a list matches all of {paths}"


def _found(document: object, one: Field) -> str:
    found = list(dict.fromkeys(_shown(node) for node in nodes(document, one.keys)))
    if not found:
        return "absent"
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(found[:3]) + more


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, NumberText):
        return value.text
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


# --- Compiling --------------------------------------------------------------------------------


class _InvalidError(Exception):
    def __init__(self, why: str, keys: Sequence[str] = (), advice: str = "") -> None:
        super().__init__(why)
        self.why, self.path, self.advice = why, ".".join(keys), advice


class _Compiler:
    """Walks a pattern; remembers which operators it saw."""

    def __init__(self) -> None:
        self.operators: set[str] = set()

    def alternatives(
        self,
        pattern: dict[str, object],
        keys: tuple[str, ...],
        found: list[dict[str, Field]],
        *,
        in_or: bool = False,
    ) -> list[dict[str, Field]]:
        """The sets of fields that `found` becomes when it is joined with a part of the pattern."""
        if not pattern:
            raise _InvalidError("Empty objects are not allowed", keys)
        for key, value in pattern.items():
            here = (*keys, *key.split("."))
            if key == "$or":
                found = self._branches(value, keys, found)
            elif in_or and key in _RESERVED_IN_OR:
                raise _InvalidError(f'"{key}" is no field name inside $or', here)
            elif isinstance(value, dict):
                found = self.alternatives(value, here, found, in_or=in_or)
            elif isinstance(value, list):
                one = Field(here, tuple(self._rules(value, here)))
                # UNSURE(repeated-path): a path named in $or and beside it: the later one replaces
                # the earlier one, as in the matcher's older releases; newer ones refuse it.
                for fields in found:
                    fields[one.path] = one
            else:
                raise _InvalidError(
                    f"{_shown(value)} must be an object or a list", here, _list_advice(key, value)
                )
        return found

    def _branches(
        self, branches: object, keys: tuple[str, ...], found: list[dict[str, Field]]
    ) -> list[dict[str, Field]]:
        self.operators.add("$or")
        here = (*keys, "$or")
        if not isinstance(branches, list) or len(branches) < 2:
            raise _InvalidError("$or must be a list of at least two objects", here)
        joined: list[dict[str, Field]] = []
        for branch in branches:
            if not isinstance(branch, dict):
                raise _InvalidError(f"{_shown(branch)} in $or must be an object", here)
            copies = [dict(fields) for fields in found]
            joined += self.alternatives(branch, keys, copies, in_or=True)
            if len(joined) > MAXIMUM_COMBINATIONS:
                why = f"$or makes more than {MAXIMUM_COMBINATIONS} combinations"
                raise _InvalidError(why, here)
        return joined

    def _rules(self, values: list[object], keys: tuple[str, ...]) -> Iterator[Rule]:
        if not values:
            raise _InvalidError("Empty lists are not allowed", keys)
        for value in values:
            if isinstance(value, list):
                raise _InvalidError("a list must not hold a list", keys)
            if isinstance(value, dict):
                yield self._operation(value, keys)
            else:
                yield _equals(value)

    def _operation(self, expression: dict[str, object], keys: tuple[str, ...]) -> Rule:
        if len(expression) != 1:
            raise _InvalidError(f"one operator is wanted, {len(expression)} found", keys)
        [(operator, argument)] = expression.items()
        self.operators.add(operator)
        match operator:
            case "exists":
                return _exists(argument, keys)
            case "numeric":
                return _numeric(argument, keys)
            case "cidr":
                return _cidr(argument, keys)
            case "anything-but":
                return self._anything_but(argument, keys)
            case "prefix" | "suffix" if isinstance(argument, dict):
                if list(argument) != ["equals-ignore-case"]:
                    raise _InvalidError(f"{operator} takes a string or equals-ignore-case", keys)
                self.operators.add(f"{operator} equals-ignore-case")
                argument = argument["equals-ignore-case"]
                return _of_text(f"{operator}-ignore-case", argument, keys)
            case "prefix" | "suffix" | "equals-ignore-case" | "wildcard" | "exactly":
                return _of_text(operator, argument, keys)
        raise _InvalidError(f"Unrecognized match type {operator}", keys)

    def _anything_but(self, argument: object, keys: tuple[str, ...]) -> Rule:
        if isinstance(argument, dict):
            return self._anything_but_text(argument, keys)
        values = argument if isinstance(argument, list) else [argument]
        strings = all(isinstance(value, str) for value in values)
        if not values or not (strings or all(map(is_number, values))):
            raise _InvalidError(
                "anything-but takes a string, a number, or a list of only strings or only numbers",
                keys,
            )
        return _none_of([_equals(value) for value in values])

    def _anything_but_text(self, argument: dict[str, object], keys: tuple[str, ...]) -> Rule:
        operator = next(iter(argument), "")
        if len(argument) != 1 or operator not in _ANYTHING_BUT:
            raise _InvalidError(f"Unsupported anything-but pattern: {_operators(argument)}", keys)
        self.operators.add(f"anything-but {operator}")
        value = argument[operator]
        texts = value if isinstance(value, list) else [value]
        if not texts or ("" in texts and operator in ("prefix", "suffix")):
            raise _InvalidError(f"an empty {operator} is not allowed in anything-but", keys)
        return _none_of([_of_text(operator, text, keys) for text in texts])


_ANYTHING_BUT = ("prefix", "suffix", "equals-ignore-case", "wildcard")


def _operators(argument: dict[str, object]) -> str:
    return ", ".join(argument) or "nothing"


def _list_advice(key: str, value: object) -> str:
    return f'Write "{key}": [{json.dumps(value)}].'


# --- Rules ------------------------------------------------------------------------------------


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


def _equals(wanted: object) -> Rule:
    text = _shown(wanted)
    if isinstance(wanted, str):
        return Rule(text, lambda leaf: isinstance(leaf, str) and leaf == wanted)
    if is_number(wanted):
        return Rule(text, lambda leaf: _same_number(wanted, leaf))
    return Rule(text, lambda leaf: leaf is wanted)  # null, true, false


def _none_of(rules: Sequence[Rule]) -> Rule:
    text = "anything but " + " or ".join(rule.text for rule in rules)
    return Rule(text, lambda leaf: not any(rule.holds(leaf) for rule in rules))


def _exists(argument: object, keys: tuple[str, ...]) -> Rule:
    if argument is True:
        return Rule("a value", lambda leaf: True)  # noqa: ARG005
    if argument is False:
        return Rule("no value", lambda leaf: False, absence=True)  # noqa: ARG005
    raise _InvalidError("exists must be either true or false", keys)


def _numeric(argument: object, keys: tuple[str, ...]) -> Rule:
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        raise _InvalidError('numeric takes a list such as [">", 0, "<=", 5]', keys)
    pairs = list(zip(argument[::2], argument[1::2], strict=True))
    for operator, number in pairs:
        if not is_number(number):
            raise _InvalidError(f"Value of {_word(operator)} must be numeric", keys)
        if comparable(number) is None:
            why = f"{_shown(number)} is out of range, numeric compares -5.0e9 to 5.0e9"
            raise _InvalidError(why, keys)
    _check_operators([operator for operator, _ in pairs], keys)
    text = "a number " + " and ".join(f"{operator} {_shown(number)}" for operator, number in pairs)
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
        raise _InvalidError(f"Unrecognized numeric range operator: {first}", keys)
    if rest and first not in (">", ">="):
        raise _InvalidError(f"Too many elements in numeric expression after {first}", keys)
    if rest and rest[0] not in ("<", "<="):
        raise _InvalidError(f"Bad numeric range operator: {rest[0]}", keys)


def _word(operator: object) -> str:
    return operator if isinstance(operator, str) else _shown(operator)


def _cidr(argument: object, keys: tuple[str, ...]) -> Rule:
    if not isinstance(argument, str) or argument.count("/") != 1:
        raise _InvalidError('cidr takes a string such as "10.0.0.0/24"', keys)
    try:
        network = ipaddress.ip_network(argument, strict=False)
    except ValueError as error:
        raise _InvalidError(f"Malformed CIDR: {error}", keys) from None

    def holds(leaf: object) -> bool:
        if not isinstance(leaf, str):
            return False
        try:
            return ipaddress.ip_address(leaf) in network
        except ValueError:
            return False

    return Rule(f"an address in {network}", holds)


def _of_text(operator: str, argument: object, keys: tuple[str, ...]) -> Rule:
    """A rule about strings; it holds for nothing else."""
    if not isinstance(argument, str):
        raise _InvalidError(f"{operator} match pattern must be a string", keys)
    wording, compile_test = _TEXT_RULES[operator]
    try:
        test = compile_test(argument)
    except ValueError as error:
        raise _InvalidError(str(error), keys) from None
    return Rule(wording.format(_shown(argument)), lambda leaf: isinstance(leaf, str) and test(leaf))


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
