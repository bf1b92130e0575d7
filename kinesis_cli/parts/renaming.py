"""Rows of a function that ran from another folder, as if it had run from its own."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from kinesis_cli.event_source_mapping.invocation import FunctionError
from kinesis_cli.parts.rows_file import TimedRow
from kinesis_cli.simulation.trace import Attempt, Destination, FailedRecord, Invocation, Row


def renamed(timed: TimedRow, there: str, here: str) -> TimedRow:
    """A row whose texts name the function's own folder.

    Args:
        timed: the row.
        there: the folder from which the function ran.
        here: its own.
    """

    def text(value: str) -> str:
        return value.replace(there, here)

    return timed[0], _row(timed[1], text)


def _row(row: Row, text: Callable[[str], str]) -> Row:
    match row:
        case Invocation(error=error, logs=logs, reason=reason):
            return msgspec.structs.replace(
                row,
                error=None if error is None else _error(error, text),
                logs=tuple(map(text, logs)),
                reason=text(reason),
            )
        case Attempt(reason=reason):
            return msgspec.structs.replace(row, reason=text(reason))
        case FailedRecord(why=why):
            return msgspec.structs.replace(row, why=text(why))
        case Destination(document=document):
            return msgspec.structs.replace(row, document=_value(document, text))
        case _:
            return row


def _error(error: FunctionError, text: Callable[[str], str]) -> FunctionError:
    return replace(
        error,
        error_message=text(error.error_message),
        stack_trace=tuple(map(text, error.stack_trace)),
        reported=_value(error.reported, text),
    )


def _value(value: Any, text: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {name: _value(each, text) for name, each in value.items()}
    return [_value(each, text) for each in value] if isinstance(value, list) else value
