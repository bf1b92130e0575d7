"""Reading what a function and Lambda write into a log, as text or as JSON.

Pure. `handlers.runner.output` and `platform` write the same lines: who changes one
form changes the other.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html,
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec


class LineKind(StrEnum):
    """Who wrote a line, and about what."""

    INIT = "init"  # a process starts, or has failed to
    START = "start"  # a call begins
    END = "end"
    REPORT = "report"  # its figures
    PLATFORM = "platform"  # anything else that Lambda says of itself
    APPLICATION = "application"  # the function's own


# The lowest first; the runtime's names and those of Python's logging mean the same.
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_OTHER_NAMES = {"WARNING": "WARN", "CRITICAL": "FATAL"}


class LogLine(msgspec.Struct, frozen=True):
    """What one message of a log says."""

    kind: LineKind
    text: str  # for people: the message without what the other members hold
    request_id: str | None = None
    level: str | None = None  # one of LEVELS where it is known, else as written
    members: Mapping[str, object] = msgspec.field(default_factory=dict)  # of a JSON line
    report: Mapping[str, object] | None = None  # the figures, under the telemetry schema's names


def parse_line(message: str) -> LogLine:
    """Read one message, whatever wrote it; what is not known is the function's own text."""
    text = message.rstrip("\r\n\t ")
    if text.startswith("{"):
        try:
            members = json.loads(text)
        except (ValueError, RecursionError):
            members = None
        if isinstance(members, dict):
            return _json_line(members, text)
    return _platform_text(text) or _application_text(text)


def level_of(name: str) -> str:
    """`WARNING` as `WARN`: Lambda's own name of a level, in capitals."""
    name = name.upper()
    return _OTHER_NAMES.get(name, name)


def is_at_least(level: str | None, least: str) -> bool:
    """Whether a line's level is `least` or above; a line without one is not."""
    return level in LEVELS and LEVELS.index(level) >= LEVELS.index(least)


# --- text

_ID = r"(?P<id>[0-9a-fA-F-]{36})"
_START = re.compile(rf"START RequestId: {_ID}\s+(?P<text>Version: .*)", re.DOTALL)
_END = re.compile(rf"END RequestId: {_ID}")
_REPORT = re.compile(rf"REPORT RequestId: {_ID}\s+(?P<rest>.*)", re.DOTALL)
_INIT = re.compile(r"INIT_(?:START|REPORT) (?P<text>.*?)(?:\tRuntime Version ARN.*)?", re.DOTALL)
# `<time> <id> Task timed out after 3.00 seconds`
_TIMED_OUT = re.compile(rf"\S+Z {_ID} (?P<text>Task timed out after .*)")
# Two lines of a process that has ended
_EXITED = re.compile(rf"RequestId: {_ID} Error: (?P<text>.*)")
_EXIT_ERROR = "Runtime.ExitError"
# The runtime's `[INFO]\t<time>\t<id>\t<message>`
_LOGGED = re.compile(
    rf"\[(?P<level>[A-Z]+)\]\t(?P<time>[^\t]*)\t(?:{_ID})?\t?(?P<text>.*)", re.DOTALL
)
_FAILED = re.compile(r"\[(?P<level>ERROR|CRITICAL|FATAL)\] (?P<text>.*)", re.DOTALL)

# The figures of a REPORT line → their names in the telemetry schema
_FIGURES = {
    "Duration": "durationMs",
    "Billed Duration": "billedDurationMs",
    "Memory Size": "memorySizeMB",
    "Max Memory Used": "maxMemoryUsedMB",
    "Init Duration": "initDurationMs",
    "Restore Duration": "restoreDurationMs",
    "Billed Restore Duration": "billedRestoreDurationMs",
}
_TEXTS = {"Status": "status", "Error Type": "errorType", "XRAY TraceId": "xrayTraceId"}


def _platform_text(text: str) -> LogLine | None:
    if found := _REPORT.match(text):
        figures = report_figures(found["rest"])
        return LogLine(
            LineKind.REPORT, "", found["id"], report={"requestId": found["id"], **figures}
        )
    if found := _START.match(text):
        return LogLine(LineKind.START, found["text"], found["id"])
    if found := _END.match(text):
        return LogLine(LineKind.END, "", found["id"])
    if found := _INIT.fullmatch(text):
        return LogLine(LineKind.INIT, found["text"])
    if found := _TIMED_OUT.match(text) or _EXITED.match(text):
        return LogLine(LineKind.PLATFORM, found["text"], found["id"], "ERROR")
    if text == _EXIT_ERROR:
        return LogLine(LineKind.PLATFORM, text, level="ERROR")
    return None


def report_figures(rest: str) -> dict[str, object]:
    """The figures after a REPORT line's request id; what is not known is left out."""
    figures: dict[str, object] = {}
    for part in re.split(r"[\t\n]", rest):
        name, _, value = part.strip().partition(": ")
        if name in _TEXTS:
            figures[_TEXTS[name]] = value
        elif name in _FIGURES and (number := re.fullmatch(r"(\d+(?:\.\d+)?) (?:ms|MB)", value)):
            figures[_FIGURES[name]] = float(number[1]) if "." in number[1] else int(number[1])
    return figures


def _application_text(text: str) -> LogLine:
    if found := _LOGGED.match(text):
        return LogLine(LineKind.APPLICATION, found["text"], found["id"], level_of(found["level"]))
    if found := _FAILED.match(text):
        return LogLine(LineKind.APPLICATION, found["text"], level=level_of(found["level"]))
    return LogLine(LineKind.APPLICATION, text)


# --- JSON

_PLATFORM_KINDS = {
    "platform.initStart": LineKind.INIT,
    "platform.initReport": LineKind.INIT,
    "platform.start": LineKind.START,
    "platform.end": LineKind.END,
    "platform.report": LineKind.REPORT,
}


def _json_line(members: dict[str, object], text: str) -> LogLine:
    record = members.get("record")
    kind = members.get("type")
    if isinstance(kind, str) and kind.startswith("platform.") and isinstance(record, Mapping):
        return _platform_json(kind, record, members)
    request_id, level = members.get("requestId"), members.get("level")
    return LogLine(
        LineKind.APPLICATION,
        _message(members, text),
        request_id if isinstance(request_id, str) else None,
        level_of(level) if isinstance(level, str) else None,
        members,
    )


def _platform_json(
    kind: str, record: Mapping[str, object], members: Mapping[str, object]
) -> LogLine:
    request_id = record.get("requestId")
    request_id = request_id if isinstance(request_id, str) else None
    found = _PLATFORM_KINDS.get(kind, LineKind.PLATFORM)
    report = None
    if found is LineKind.REPORT:
        report = {"requestId": request_id, **_json_figures(record)}
    if kind in _AS_TEXT:
        name, words = _AS_TEXT[kind]
        text = f"{words}: {record.get(name)}"
    else:
        named = "" if kind in _PLATFORM_KINDS else kind.removeprefix("platform.")
        said = (f"{name}={_short(value)}" for name, value in record.items() if name in _SAID)
        text = " ".join([named, *said]).strip()
    return LogLine(found, text, request_id, members=members, report=report)


_AS_TEXT = {
    "platform.initStart": ("runtimeVersion", "Runtime Version"),
    "platform.start": ("version", "Version"),
}
_SAID = ("phase", "status", "errorType", "reason", "droppedRecords")


def _json_figures(record: Mapping[str, object]) -> dict[str, object]:
    metrics, tracing = record.get("metrics"), record.get("tracing")
    figures: dict[str, object] = dict(metrics) if isinstance(metrics, Mapping) else {}
    figures |= {name: record[name] for name in ("status", "errorType") if name in record}
    if isinstance(tracing, Mapping) and isinstance(value := tracing.get("value"), str):
        # "Root=1-5e34…;Parent=2d0d…;Sampled=1"
        root = re.match(r"Root=([^;]+)", value)
        figures["xrayTraceId"] = root[1] if root else value
    return figures


def _message(members: Mapping[str, object], text: str) -> str:
    """The message of a JSON line with its traceback, as the text form has it."""
    message = members.get("message")
    shown = message if isinstance(message, str) else _short(message) if message else ""
    error = members.get("errorType")
    if isinstance(error, str):
        failed = f"{error}: {members.get('errorMessage', '')}"
        shown = f"{shown}\n{failed}" if shown and shown != members.get("errorMessage") else failed
        stack = members.get("stackTrace")
        if isinstance(stack, list):
            shown += "".join(f"\n{str(frame).rstrip()}" for frame in stack)
    return shown or text


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- several lines

_TRACEBACK = ("Traceback (most recent call last):", "During handling of", "The above exception")
_LAST_LINE = re.compile(r"[\w.]+(?:Error|Exception|Warning|Interrupt|Exit|Group)\b")


class Requests:
    """Which request each line belongs to. Told of the lines of each log stream in order.

    What a function prints names no request. But a log stream is one process, which handles one
    request at a time: such a line belongs to the one that has started there.
    """

    def __init__(self) -> None:
        self._running: dict[str, str | None] = {}

    def of(self, log_stream: str, line: LogLine) -> str | None:
        """The request of the log stream's next line; None: none is known."""
        request_id = line.request_id or self._running.get(log_stream)
        if line.kind is LineKind.INIT:
            request_id = None
        is_over = line.kind in (LineKind.END, LineKind.REPORT, LineKind.INIT)
        self._running[log_stream] = None if is_over else request_id
        return request_id


class Tracebacks:
    """Finds lines of a traceback that was printed line by line, each a message of its own."""

    def __init__(self) -> None:
        self._open: set[str] = set()

    def continues(self, log_stream: str, message: str) -> bool:
        """Whether the log stream's next message goes on with the one before it."""
        text = message.rstrip()
        if text.startswith(_TRACEBACK):
            self._open.add(log_stream)
            return False
        if log_stream not in self._open:
            return False
        if text.startswith(" ") or not text:
            return True
        self._open.discard(log_stream)
        return _LAST_LINE.match(text) is not None


def whole_messages(lines: Iterable[str]) -> list[str]:
    """Lines of a log's text as messages: a traceback belongs to the message that was logged."""
    messages: list[str] = []
    tracebacks = Tracebacks()
    for line in lines:
        begins = line.startswith(_TRACEBACK[0]) and messages and _LOGGED.match(messages[-1])
        if tracebacks.continues("", line) or begins:
            messages[-1] += f"\n{line}"
        else:
            messages.append(line)
    return messages


def last_report(lines: Iterable[str]) -> dict[str, object] | None:
    """The figures of the last report among some lines; None: there is none."""
    reports = [line.report for line in map(parse_line, lines) if line.report is not None]
    return dict(reports[-1]) if reports else None
