"""The constraints of the model, and what AWS says of those that are broken.

Source of the sentences: https://github.com/mhart/kinesalite, recorded on AWS.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from kinesis_cli.local.kinesis.errors import (
    MAX_NAMED,
    broken_constraints,
    constraint,
)
from kinesis_cli.local.kinesis_protocol.model import Shape
from kinesis_cli.local.kinesis_protocol.shape_types import MAX_OF_TYPE, whole

NUMBERS = {*MAX_OF_TYPE, "double", "float"}


def check(parameters: Mapping[str, object], shape: Shape) -> None:
    """Every constraint of the model.

    Raises:
        ServiceError: ValidationException, with what is wrong, at most ten items of it.
    """
    if items := list(islice(_structure_errors(parameters, shape, ""), MAX_NAMED)):
        raise broken_constraints(items)


def _structure_errors(value: Mapping[str, object], shape: Shape, path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = path + name[0].lower() + name[1:]
        if value.get(name) is not None:
            yield from _errors(value[name], member, where)
        elif name in shape.required:
            yield _item(None, where, "Member must not be null")


def _errors(value: Any, shape: Shape, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    match shape.type:
        case "structure":
            yield from _structure_errors(value, shape, f"{path}.")
        case "list":
            yield from _list_errors(value, shape, path)
        case "map":
            yield from _map_errors(value, shape, path)
        case _:
            for rule in _broken(value, shape):
                yield _item(value, path, rule)


def _list_errors(value: list[Any], shape: Shape, path: str) -> Iterator[str]:
    assert shape.element
    for rule in _broken(value, shape):
        yield _item(value, path, rule, shape.element)
    if shape.element.type == "structure":
        for number, each in enumerate(value, 1):
            where = f"{path}.{number}.member"
            if each is None:
                yield _item(None, where, "Member must not be null")
            else:
                yield from _errors(each, shape.element, where)
    elif any(True for each in value for _ in _broken(each, shape.element)):
        yield _item(value, path, f"Member must satisfy constraint: [{_rules(shape.element)}]")


def _map_errors(value: dict[Any, Any], shape: Shape, path: str) -> Iterator[str]:
    assert shape.key
    assert shape.element
    for rule in _broken(value, shape):
        yield _item(value, path, rule)
    for part, each, found in (
        ("Map keys", shape.key, value.keys()),
        ("Map value", shape.element, value.values()),
    ):
        if any(True for one in found for _ in _broken(one, each)):
            rules = _rules(each, is_key=part == "Map keys")
            yield _item(value, path, f"{part} must satisfy constraint: [{rules}]")


def _broken(value: Any, shape: Shape) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """The rules that a value breaks; the pattern before the lengths, as AWS."""
    if value is None:
        yield "Member must not be null"
        return
    if shape.enum and value not in shape.enum:
        yield _enum_rule(shape)
    if shape.pattern and not re.match(whole(shape.pattern), value):
        yield _pattern_rule(shape)
    if shape.type in NUMBERS:
        size, measure = value, "value"
    elif shape.type in ("string", "blob", "list", "map"):
        size, measure = len(value), "length"
    else:
        return
    if shape.minimum is not None and size < shape.minimum:
        yield f"Member must have {measure} greater than or equal to {shape.minimum}"
    if shape.maximum is not None and size > shape.maximum:
        yield f"Member must have {measure} less than or equal to {shape.maximum}"


def _rules(shape: Shape, *, is_key: bool = False) -> str:
    """All rules of the elements of a list or map; AWS does not say which one is broken."""
    rules = []
    measure = "value" if shape.type in NUMBERS else "length"
    if shape.maximum is not None:
        rules.append(f"Member must have {measure} less than or equal to {shape.maximum}")
    if shape.minimum is not None:
        rules.append(f"Member must have {measure} greater than or equal to {shape.minimum}")
    if shape.pattern:
        rules.append(_pattern_rule(shape))
    if shape.enum:
        rules.append(_enum_rule(shape))
    if shape.null_is_named and not is_key:
        rules.append("Member must not be null")
    return ", ".join(rules)


def _enum_rule(shape: Shape) -> str:
    return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _pattern_rule(shape: Shape) -> str:
    return f"Member must satisfy regular expression pattern: {shape.pattern}"


def _item(value: object, path: str, rule: str, element: Shape | None = None) -> str:
    return constraint(_shown(value, element), path, rule)


def _shown(value: object, element: Shape | None) -> str:
    """A value as Java prints it; nothing for data and what has data in it."""
    match value:
        case None:
            return "null"
        case bytes():
            return ""
        case list() if value and element and element.type == "structure":
            return ""
        case list():
            return f"'[{', '.join(str(each) for each in value)}]'"
        case dict():
            return f"'{{{', '.join(f'{key}={each}' for key, each in value.items())}}}'"
        case _:
            return f"'{value}'"
