"""What `kcli invoke` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import UNSET

from kinesis_cli.show.shapes.base import Open, Shape, Version, says, written_as
from kinesis_cli.show.shapes.function import Function
from kinesis_cli.show.shapes.values import SequenceNumber


class FunctionError(Shape):
    """How a call failed, in Lambda's form."""

    error_type: Annotated[str, says('"ValueError", "Sandbox.Timedout"')]
    error_message: str
    stack_trace: Annotated[Sequence[str], says("Empty where the runtime gave none.")]


class Call(Shape):
    """A call of the function with one event."""

    version: Version
    function: Function
    request_id: str
    response: Annotated[Any, says("What the function returned; null after an error, too.")]
    batch_item_failures: Annotated[
        Sequence[SequenceNumber], says("Records that Lambda takes as failed.")
    ]
    error: Annotated[FunctionError | None, says("null: it answered.")]
    duration_ms: Annotated[float, says("Milliseconds.")]
    logs: Annotated[Sequence[str], says("Lines.")]
    report: Annotated[
        Annotated[Open, written_as("Report")] | None,
        says("null: where it ran, no REPORT line is written."),
    ]


class Difference(Shape):
    """Where two answers differ; a side that has nothing there is absent."""

    path: Annotated[str, says("Into the answer.")]
    here: Annotated[Any, says("On this machine.")] = UNSET
    remote: Annotated[Any, says("Deployed.")] = UNSET


class CallComparison(Shape):
    """What `--compare-remote` prints."""

    version: Version
    differences: Sequence[Difference]
    here: Call
    remote: Call
