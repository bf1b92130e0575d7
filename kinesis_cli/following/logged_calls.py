"""Calls as a function's log tells of them: which records they had, and whether they failed.

The log of Lambda names no record; a function's own lines may. A call has the records whose
sequence numbers its lines name, and maybe others.

Source: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html (the status of
a report), https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html (errors)
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kinesis_cli.following.fact import Fact, What
from kinesis_cli.function_log.entries import LogEntry
from kinesis_cli.function_log.lines import LineKind

# A record that a call has not failed comes again at once, if the function reported it.
# UNSURE(follow-reported): the log does not tell the answer. We take a record that no later call
# names for ten seconds as done with; a retry after a long back-off would be missed.
DONE_AFTER_SECONDS = 10.0
_NUMBER = re.compile(r"(?<!\d)\d{20,128}(?!\d)")
# What the runtimes write of an exception that ended the call: of Python, of Node.js.
_ENDED_BY_ERROR = re.compile(r"\[ERROR\] (?P<python>[^\t]+)|.*\tERROR\tInvoke Error\s+(?P<node>.*)")


@dataclass(slots=True)
class _Call:
    shards: dict[str, str] = field(default_factory=dict)  # sequence number → shard
    error: str = ""


@dataclass(frozen=True, slots=True)
class LoggedFunction:
    """Whose log it is."""

    stream: str  # ARN
    mapping: str  # UUID
    function: str
    reports: bool  # the mapping has ReportBatchItemFailures


class LoggedCalls:
    """Told the lines of a function's log; tells what happened to the records that they name."""

    def __init__(self, function: LoggedFunction) -> None:
        self._function = function
        self._calls: dict[str, _Call] = {}
        self._maybe_done: dict[str, tuple[float, float, str]] = {}  # number → due, at, shard
        self._count = 0

    def read(
        self, entries: Iterable[LogEntry], shards: Mapping[str, str], now: float
    ) -> Iterator[Fact]:
        """What the next lines tell.

        Args:
            entries: in the order of each log stream.
            shards: sequence number → shard, of the records that are followed.
            now: seconds of a clock that only goes on.
        """
        for entry in entries:
            request_id, line = entry.request_id, entry.line
            if request_id is None:
                continue
            call = self._calls.setdefault(request_id, _Call())
            if line.kind is LineKind.START:  # a retry has the same request id, and the same batch
                yield from self._again(request_id, call, entry)
            elif line.kind is LineKind.APPLICATION:
                yield from self._named(request_id, call, entry, shards)
            call.error = call.error or _error(entry)
            if line.kind is LineKind.REPORT and line.report is not None:
                yield from self._ended(request_id, call, entry, line.report, now)

    def done(self, now: float) -> Iterator[Fact]:
        """The records that were not failed, and that no call has named for long enough."""
        for number in [n for n, (due, _, _) in self._maybe_done.items() if now >= due]:
            _, at, shard = self._maybe_done.pop(number)
            yield self._fact("ended", "", [number], shard, at, outcome="called")

    def _again(self, request_id: str, call: _Call, entry: LogEntry) -> Iterator[Fact]:
        for number, shard in call.shards.items():
            self._maybe_done.pop(number, None)
            at = entry.event.timestamp / 1000
            yield self._fact("calling", request_id, [number], shard, at)

    def _named(
        self, request_id: str, call: _Call, entry: LogEntry, shards: Mapping[str, str]
    ) -> Iterator[Fact]:
        for number in _NUMBER.findall(entry.event.message):
            if number in shards and number not in call.shards:
                call.shards[number] = shards[number]
                self._maybe_done.pop(number, None)
                at = entry.event.timestamp / 1000
                yield self._fact("calling", request_id, [number], shards[number], at)

    def _ended(
        self,
        request_id: str,
        call: _Call,
        entry: LogEntry,
        report: Mapping[str, object],
        now: float,
    ) -> Iterator[Fact]:
        self._calls[request_id] = _Call(call.shards)
        if not call.shards:
            del self._calls[request_id]
        at, status = entry.event.timestamp / 1000, report.get("status")
        failed = bool(call.error) or status not in (None, "success")
        error = call.error or (f"the call ended with status {status}" if failed else "")
        for shard in dict.fromkeys(call.shards.values()):
            numbers = [number for number, its in call.shards.items() if its == shard]
            outcome = "failed" if failed else "success"
            yield self._fact("called", request_id, numbers, shard, at, outcome=outcome, error=error)
            if failed:
                continue
            if self._function.reports:
                due = now + DONE_AFTER_SECONDS
                self._maybe_done |= dict.fromkeys(numbers, (due, at, shard))
            else:
                told = "handled" if status == "success" else "called"
                yield self._fact("ended", request_id, numbers, shard, at, outcome=told)

    def _fact(
        self,
        what: What,
        request_id: str,
        numbers: Collection[str],
        shard: str,
        at: float,
        *,
        outcome: str = "",
        error: str = "",
    ) -> Fact:
        self._count += 1
        whose = self._function
        return Fact(
            number=self._count,
            stream=whose.stream,
            mapping=whose.mapping,
            function=whose.function,
            shard_id=shard,
            at=at,
            what=what,
            sequence_numbers=tuple(numbers),
            request_id=request_id,
            outcome=outcome,
            error=error,
        )


def _error(entry: LogEntry) -> str:
    """What a line says of an error that ended its call; "": nothing."""
    line = entry.line
    if line.kind is LineKind.PLATFORM and line.level == "ERROR":
        return line.text[:500]
    if line.kind is LineKind.REPORT and line.report is not None:
        return str(line.report.get("errorType", ""))
    if line.kind is not LineKind.APPLICATION:
        return ""
    if found := _ENDED_BY_ERROR.match(entry.event.message):
        return (found["python"] or found["node"] or "").strip()[:500]
    members = line.members
    # what is logged by the function itself has the name of its logger
    if "errorType" in members and "errorMessage" in members and "logger" not in members:
        return f"{members['errorType']}: {members.get('errorMessage', '')}"[:500]
    return ""
