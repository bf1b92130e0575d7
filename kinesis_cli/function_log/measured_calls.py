"""What a log tells of the duration of calls: its REPORT lines, and the sizes of the batches."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from kinesis_cli.function_log.lines import LineKind, LogLine, Requests, parse_line
from kinesis_cli.function_log.measured_call import MeasuredCall

# Where a function logs how many records it was given: a member of a JSON line, or a text.
_COUNTS = {"records", "recordcount", "recordscount", "numberofrecords", "batchsize"}
_COUNT_IN_TEXT = re.compile(r"\b(\d{1,5}) (?:kinesis )?records?\b", re.I)
# `aws logs tail` puts time and stream before each message.
_PREFIX = re.compile(
    r"^\S+ (?P<stream>\S+) (?=(?:START|END|REPORT) RequestId: |INIT_|\[[A-Z]+\]\t|\{)"
)


def logged_messages(text: str) -> Iterator[tuple[str, str]]:
    """The messages of a log, each with its log stream, "" where it is not told.

    The text may be what `kcli tail-logs` prints with `--raw` or `--output ndjson`, what `aws logs
    tail` or `aws logs filter-log-events` prints, or the messages themselves.
    """
    if text.lstrip().startswith("{") and '"events"' in text:
        try:
            yield from _of_events(json.loads(text)["events"])
        except (ValueError, RecursionError, KeyError, TypeError):
            pass
        else:
            return
    for line in text.splitlines():
        yield _of_line(line)


def measured_calls(messages: Iterable[tuple[str, str]]) -> list[MeasuredCall]:
    """The calls of some messages, in the order of their reports."""
    requests, counts, calls = Requests(), dict[str, int](), list[MeasuredCall]()
    for stream, message in messages:
        line = parse_line(message)
        request_id = requests.of(stream, line)
        if line.kind is LineKind.APPLICATION and request_id is not None:
            if request_id not in counts and (count := _count(line, message)):
                counts[request_id] = count
        elif line.report is not None:
            seconds = _seconds(line.report, "durationMs")
            if seconds is not None:
                records = counts.pop(request_id or "", None)
                calls.append(
                    MeasuredCall(seconds, records, _seconds(line.report, "initDurationMs"))
                )
    return calls


def _of_events(events: Iterable[Mapping[str, object]]) -> list[tuple[str, str]]:
    return [(str(event.get("logStreamName", "")), str(event["message"])) for event in events]


def _of_line(line: str) -> tuple[str, str]:
    if line.startswith("{") and '"message"' in line and '"logStream"' in line:
        try:
            members = json.loads(line)
        except (ValueError, RecursionError):
            members = {}
        if isinstance(members, dict) and isinstance(members.get("message"), str):
            return str(members.get("logStream", "")), members["message"]
    if found := _PREFIX.match(line):
        return found["stream"], line[found.end() :]
    return "", line


def _count(line: LogLine, message: str) -> int | None:
    """How many records a function says it was given; None: the line does not say."""
    for name, value in line.members.items():
        if re.sub(r"[^a-z]", "", name.lower()) in _COUNTS:
            if isinstance(value, list):
                return len(value)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    if '"Records"' in message and (dumped := message.count('"sequenceNumber"')):
        return dumped
    found = _COUNT_IN_TEXT.search(line.text)
    return int(found[1]) if found else None


def _seconds(report: Mapping[str, object], name: str) -> float | None:
    value = report.get(name)
    return value / 1000 if isinstance(value, int | float) else None
