"""The events of a log group as a reader wants them: assigned, kept together, selected. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kinesis_cli.errors import InputError
from kinesis_cli.function_log.lines import (
    LEVELS,
    LogLine,
    Requests,
    Tracebacks,
    is_at_least,
    level_of,
    parse_line,
)

LATE_MS = 5_000  # older than what was shown before by more than that: worth a word


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event of a log group."""

    timestamp: int  # epoch milliseconds, when it was written
    ingestion_time: int  # epoch milliseconds, when CloudWatch took it
    log_group: str
    log_stream: str
    event_id: str | None  # unique; a live tail gives none
    message: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event, and what it says."""

    event: LogEvent
    line: LogLine
    request_id: str | None  # which it belongs to
    continues: bool  # it goes on with a traceback that an earlier one began
    is_late: bool  # newer ones were there before


Block = list[LogEntry]  # a line, or the lines of one traceback


class LogReader:
    """Reads events that come in portions, each in order of time."""

    def __init__(self) -> None:
        self._requests, self._tracebacks = Requests(), Tracebacks()
        self._newest = 0  # of the portions before

    def read(self, events: Iterable[LogEvent]) -> list[Block]:
        """The next portion. Lines of a traceback follow each other, whatever came between them."""
        blocks: list[Block] = []
        last: dict[str, Block] = {}
        newest = self._newest
        for event in events:
            entry = self._entry(event)
            newest = max(newest, event.timestamp)
            if entry.continues and event.log_stream in last:
                last[event.log_stream].append(entry)
            else:
                last[event.log_stream] = [entry]
                blocks.append(last[event.log_stream])
        self._newest = newest
        return blocks

    def _entry(self, event: LogEvent) -> LogEntry:
        line = parse_line(event.message)
        return LogEntry(
            event,
            line,
            self._requests.of(event.log_stream, line),
            self._tracebacks.continues(event.log_stream, event.message),
            event.timestamp < self._newest - LATE_MS,
        )


@dataclass(frozen=True, slots=True)
class LogSelection:
    """Which lines are wanted. All conditions that are given must hold."""

    grep: re.Pattern[str] | None = None  # found anywhere in the message
    where: tuple[tuple[str, str], ...] = ()  # path of a JSON line's member → its value as text
    level: str | None = None  # this one or above
    request_id: str | None = None  # its beginning is enough

    def wants(self, block: Block) -> bool:
        """Whether a block is wanted: one of its lines is."""
        return any(map(self._wants, block))

    def _wants(self, entry: LogEntry) -> bool:
        if self.grep and not self.grep.search(entry.event.message):
            return False
        if self.level and not is_at_least(entry.line.level, self.level):
            return False
        if self.request_id and not (entry.request_id or "").startswith(self.request_id):
            return False
        return all(_member(entry.line.members, path) == value for path, value in self.where)


def parse_where(text: str) -> tuple[str, str]:
    """`record.status=success` as path and value.

    Raises:
        InputError: there is no `=` in it.
    """
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise InputError(
            f"{text!r} is not a condition",
            place="--where",
            advice="Write member=value, level=ERROR.",
        )
    return path, value


def parse_level(text: str) -> str:
    """A level in Lambda's spelling.

    Raises:
        InputError: there is no such level.
    """
    level = level_of(text)
    if level not in LEVELS:
        raise InputError(
            f"there is no level {text!r}", place="--level", advice=f"There are {', '.join(LEVELS)}."
        )
    return level


def _member(members: Mapping[str, object], path: str) -> str | None:
    """A member as text, `true` and `null` as in JSON; None: there is none."""
    value: object = members
    if path in members:  # a member may have a dot in its own name
        value = members[path]
    else:
        for name in path.split("."):
            if not isinstance(value, Mapping) or name not in value:
                return None
            value = value[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
