"""Compiling a pattern: JSON that the user wrote to the fields and rules that judge documents.

Sources:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    https://github.com/aws/event-ruler (the matcher that AWS published)
"""

import json
from collections.abc import Iterator

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.filters.json_text import Members
from kinesis_cli.event_source_mapping.filters.pattern import Field, Pattern
from kinesis_cli.event_source_mapping.filters.rules import (
    InvalidRuleError,
    Rule,
    anything_but,
    cidr,
    equals,
    exists,
    none_of,
    numeric,
    of_text,
    shown,
)
from kinesis_cli.event_source_mapping.filters.wildcards import are_too_complex

AWS_MESSAGE = "Invalid filter pattern definition."  # what CreateEventSourceMapping answers

# EventBridge refuses a pattern whose `$or`s multiply to more.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
MAX_COMBINATIONS = 1000

# The operators of the table in
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
LAMBDA_OPERATORS = frozenset(
    {"$or", "anything-but", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"}
)
# Names that the matcher keeps for itself inside `$or`.
_RESERVED_IN_OR = LAMBDA_OPERATORS | {
    *("cidr", "exactly", "wildcard", "<", "<=", "=", ">", ">="),
    *("regex", "not-wildcard", "not-equals-ignore-case"),
    *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
    *("ip-address-in-range", "ip-address-not-in-range"),
}


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
            raise InvalidRuleError(f"the pattern is {shown(pattern)}, it must be a JSON object")
        alternatives = compiler.alternatives(pattern, (), [{}])
    except InvalidRuleError as error:
        where = f"{place}, {error.path}" if error.path else place
        raise InputError(f"{AWS_MESSAGE} {error.why}", place=where, advice=error.advice) from None
    except RecursionError:
        raise InputError(f"{AWS_MESSAGE} It is nested too deeply", place=place) from None
    return Pattern(tuple(map(_in_order, alternatives)), frozenset(compiler.operators))


def _in_order(fields: dict[str, Field]) -> tuple[Field, ...]:
    """The fields as AWS's matcher goes through them: by name, in Java's order of text."""

    def name(field: Field) -> bytes:
        return field.path.encode("utf-16-be", "surrogatepass")

    return tuple(sorted(fields.values(), key=name))


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
            raise InvalidRuleError("Empty objects are not allowed", keys)
        for key, value in _members(pattern):
            here = (*keys, *key.split("."))
            if key == "$or":
                found = self._branches(value, keys, found)
            elif in_or and key in _RESERVED_IN_OR:
                raise InvalidRuleError(f'"{key}" is not a field name inside $or', here)
            elif isinstance(value, dict):
                found = self.alternatives(value, here, found, in_or=in_or)
            elif isinstance(value, list):
                one = Field(here, tuple(self._rules(value, here)))
                _check_complexity(one)
                # UNSURE(repeated-path): a path named in $or and beside it: the later one replaces
                # the earlier one, as in the matcher's older releases; newer ones refuse it.
                for fields in found:
                    fields[one.path] = one
            else:
                raise InvalidRuleError(
                    f"{shown(value)} must be an object or a list", here, _list_advice(key, value)
                )
        return found

    def _branches(
        self, branches: object, keys: tuple[str, ...], found: list[dict[str, Field]]
    ) -> list[dict[str, Field]]:
        self.operators.add("$or")
        here = (*keys, "$or")
        if not isinstance(branches, list) or len(branches) < 2:
            raise InvalidRuleError("$or must be a list of at least two objects", here)
        joined: list[dict[str, Field]] = []
        for branch in branches:
            if not isinstance(branch, dict):
                raise InvalidRuleError(f"{shown(branch)} in $or must be an object", here)
            copies = [dict(fields) for fields in found]
            joined += self.alternatives(branch, keys, copies, in_or=True)
            if len(joined) > MAX_COMBINATIONS:
                why = f"$or makes more than {MAX_COMBINATIONS} combinations"
                raise InvalidRuleError(why, here)
        return joined

    def _rules(self, values: list[object], keys: tuple[str, ...]) -> Iterator[Rule]:
        if not values:
            raise InvalidRuleError(
                "Empty lists are not allowed",
                keys,
                "For null write [null]; FilterRule.null() of the CDK writes [], which AWS refuses.",
            )
        for value in values:
            if isinstance(value, list):
                raise InvalidRuleError("a list must not hold a list", keys)
            if isinstance(value, dict):
                yield self._operation(value, keys)
            else:
                yield equals(value)

    def _operation(self, expression: dict[str, object], keys: tuple[str, ...]) -> Rule:
        members = _members(expression)
        if len(members) != 1:
            raise InvalidRuleError(f"one operator is wanted, {len(members)} found", keys)
        [(operator, argument)] = members
        self.operators.add(operator)
        match operator:
            case "exists":
                return exists(argument, keys)
            case "numeric":
                return numeric(argument, keys)
            case "cidr":
                return cidr(argument, keys)
            case "anything-but":
                return self._anything_but(argument, keys)
            case "prefix" | "suffix" if isinstance(argument, dict):
                if list(argument) != ["equals-ignore-case"]:
                    raise InvalidRuleError(f"{operator} takes a string or equals-ignore-case", keys)
                self.operators.add(f"{operator} equals-ignore-case")
                argument = argument["equals-ignore-case"]
                return of_text(f"{operator}-ignore-case", argument, keys)
            case "prefix" | "suffix" | "equals-ignore-case" | "wildcard" | "exactly":
                return of_text(operator, argument, keys)
        raise InvalidRuleError(f"Unrecognized match type {operator}", keys)

    def _anything_but(self, argument: object, keys: tuple[str, ...]) -> Rule:
        if isinstance(argument, dict):
            return self._anything_but_text(argument, keys)
        return anything_but(argument if isinstance(argument, list) else [argument], keys)

    def _anything_but_text(self, argument: dict[str, object], keys: tuple[str, ...]) -> Rule:
        operator = next(iter(argument), "")
        if len(argument) != 1 or operator not in _ANYTHING_BUT:
            raise InvalidRuleError(
                f"Unsupported anything-but pattern: {_operators(argument)}", keys
            )
        self.operators.add(f"anything-but {operator}")
        value = argument[operator]
        texts = value if isinstance(value, list) else [value]
        if not texts or ("" in texts and operator in ("prefix", "suffix")):
            raise InvalidRuleError(f"an empty {operator} is not allowed in anything-but", keys)
        return none_of([of_text(operator, text, keys) for text in texts])


def _members(value: dict[str, object]) -> list[tuple[str, object]]:
    return value.pairs if isinstance(value, Members) else list(value.items())


def _check_complexity(field: Field) -> None:
    if are_too_complex({one for rule in field.rules for one in rule.wildcards}):
        raise InvalidRuleError(
            "Rule is too complex - try using fewer wildcard characters or fewer repeating character"
            " sequences after a wildcard character",
            field.keys,
        )


_ANYTHING_BUT = ("prefix", "suffix", "equals-ignore-case", "wildcard")


def _operators(argument: dict[str, object]) -> str:
    return ", ".join(argument) or "nothing"


def _list_advice(key: str, value: object) -> str:
    return f'Write "{key}": [{json.dumps(value)}].'
