"""Which function ran, and where: in what several commands print."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, UnsetType

from kinesis_cli.show.shapes.base import Shape, says


class Interpreter(Shape):
    """The Python that ran the function."""

    path: Annotated[str, says("Of the interpreter.")]
    version: Annotated[str, says('"3.13.1"')]
    why: Annotated[str, says("Why this one was taken.")]


class Function(Shape):
    """Which function ran, and where."""

    handler: Annotated[str, says('"app.handler"; of a deployed function its name or ARN.')]
    runtime: Annotated[str, says('How it ran: "in-process", "isolated", "remote", …')]
    interpreter: Interpreter | UnsetType = UNSET
