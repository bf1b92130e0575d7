"""Options that belong together, as one parameter of a command."""

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any

Command = Callable[..., None]


def takes(**tables: Mapping[str, Any]) -> Callable[[Command], Command]:
    """Decorate a command that takes each of these tables' options.

    A table is {parameter: annotation as typer wants it}, and each option's default is None. The
    command has a keyword-only parameter named as the table, and is given {parameter: value} there;
    its help lists the options in that place.
    """

    def decorate(command: Command) -> Command:
        parameters: list[Parameter] = []
        for parameter in signature(command).parameters.values():
            table = tables.get(parameter.name)
            parameters += [parameter] if table is None else map(_option, table, table.values())

        @wraps(command)
        def with_options(**values: Any) -> None:  # noqa: ANN401 - whatever typer read
            for name, table in tables.items():
                values[name] = {option: values.pop(option) for option in table}
            command(**values)

        with_options.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return with_options

    return decorate


def _option(name: str, annotation: Any) -> Parameter:  # noqa: ANN401 - Annotated[...]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
