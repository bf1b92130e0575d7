"""Options that belong together, as one parameter of a command.

A group is a frozen struct: each field is an option, annotated as typer wants it, and None unless it
is given or has a default. msgspec's, not a dataclass, which takes ten times as long to define at
every start.

class Target(msgspec.Struct, frozen=True):
    stream: Annotated[str | None, typer.Option("--stream")] = None

@takes(target=Target)
def tail(*, target: Target) -> None: ...
"""

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import Parameter, Signature, get_annotations, signature
from typing import Any, NamedTuple

import msgspec

Command = Callable[..., None]
Group = type[msgspec.Struct]


class Part(NamedTuple):
    """Some options of a group; the others stay None."""

    group: Group
    annotations: dict[str, Any]  # by the options' names, in the order of the help


def only(group: Group, *names: str, **annotations: Any) -> Part:  # noqa: ANN401 - Annotated[...]
    """Return a part of a group, for a command that takes no more of it.

    Args:
        group: of which.
        names: the options; none: all of them.
        annotations: of those that the command takes in another way.
    """
    found = {**get_annotations(group), **annotations}
    return Part(group, {name: found[name] for name in names or group.__struct_fields__})


def takes(**groups: Group | Part) -> Callable[[Command], Command]:
    """Decorate a command that takes the options of each of these groups.

    The command has a keyword-only parameter named as the group, and is given the struct there; its
    help lists the options in that place.
    """
    parts = {name: each if isinstance(each, Part) else only(each) for name, each in groups.items()}

    def decorate(command: Command) -> Command:
        parameters: list[Parameter] = []
        for parameter in signature(command).parameters.values():
            part = parts.get(parameter.name)
            parameters += [parameter] if part is None else _options(part)

        @wraps(command)
        def with_options(**values: Any) -> None:  # noqa: ANN401 - whatever typer read
            for name, part in parts.items():
                values[name] = part.group(**{each: values.pop(each) for each in part.annotations})
            command(**values)

        with_options.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return with_options

    return decorate


def _options(part: Part) -> Iterator[Parameter]:
    defaults = {each.name: each.default for each in msgspec.structs.fields(part.group)}
    for name, annotation in part.annotations.items():
        default = defaults[name]
        yield Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def given(group: msgspec.Struct) -> dict[str, Any]:
    """Return the options of a group that were given, by their names."""
    values = {name: getattr(group, name) for name in group.__struct_fields__}
    return {name: value for name, value in values.items() if value is not None}


def flag(name: str) -> str:
    """Return `--dry-run` for the parameter `dry_run`."""
    return f"--{name.strip('_').replace('_', '-')}"
