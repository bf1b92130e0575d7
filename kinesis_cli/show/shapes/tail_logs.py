"""What `kcli tail-logs` prints."""

from __future__ import annotations

from typing import Annotated

from kinesis_cli.show.shapes.base import Shape, says


class LogEvent(Shape):
    """A line of the function's log."""

    timestamp: Annotated[int, says("Epoch milliseconds.")]
    ingestion_time: Annotated[int | None, says("Epoch milliseconds.")]
    log_group: str
    log_stream: str
    event_id: Annotated[str | None, says("Of the log event; null: a live tail gives none.")]
    request_id: Annotated[str | None, says("Of the call, where the line tells.")]
    level: Annotated[str | None, says('"ERROR", where the line tells.')]
    message: str
