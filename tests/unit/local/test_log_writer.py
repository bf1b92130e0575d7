"""A function's lines wait for CloudWatch Logs, which is slow to begin, until somebody asks it."""

import asyncio
from typing import Any, cast

from kinesis_cli.local.function.log_writer import EVENTS_PER_STREAM, LogWriter
from kinesis_cli.local.neighbours.client import NeighbourCalls


class Calls:
    """CloudWatch Logs, which keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.came = asyncio.Event()

    async def json(self, service: str, target: str, document: dict[str, Any]) -> None:
        assert service == "logs"
        if target.endswith("PutLogEvents"):
            self.lines += [each["message"] for each in document["logEvents"]]
            self.came.set()


class Writing:
    """A writer that runs, and what it writes to."""

    def __init__(self) -> None:
        self.calls, self.is_there = Calls(), asyncio.Event()
        self.writer = LogWriter(cast("NeighbourCalls", self.calls), print, self.is_there)

    async def __aenter__(self) -> "Writing":
        self._task = asyncio.create_task(self.writer.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()


def test_a_flush_begins_no_cloudwatch_logs() -> None:
    async def test() -> None:
        async with Writing() as writing:
            writing.writer.write("group", ["a line"])
            await writing.writer.flush()
            assert writing.calls.lines == []

    asyncio.run(test())


def test_who_asks_for_logs_finds_every_line() -> None:
    async def test() -> None:
        async with Writing() as writing:
            writing.writer.write("group", ["one", "", "two"])
            await writing.writer.flush()
            writing.writer.write("group", ["three"])
            await writing.writer.write_all()
            assert writing.calls.lines == ["one", "two", "three"]

    asyncio.run(test())


def test_lines_are_written_when_cloudwatch_logs_has_begun() -> None:
    async def test() -> None:
        async with Writing() as writing:
            writing.writer.write("group", ["a line"])
            writing.is_there.set()
            await writing.calls.came.wait()
            writing.writer.write("group", ["another line"])
            await writing.writer.flush()
            assert writing.calls.lines == ["a line", "another line"]

    asyncio.run(test())


def test_no_more_lines_wait_than_a_log_stream_takes() -> None:
    async def test() -> None:
        async with Writing() as writing:
            writing.writer.write("group", ["a line"] * (EVENTS_PER_STREAM + 1))
            await writing.calls.came.wait()
            assert writing.calls.lines

    asyncio.run(test())
