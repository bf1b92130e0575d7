"""A line of a function's log for people: the same in `kcli invoke` and `kcli tail-logs`."""

from kinesis_cli.function_log.lines import LineKind, LogLine
from kinesis_cli.function_log.words import message_lines as message_lines
from kinesis_cli.show.ansi import DIM, RED, YELLOW
from kinesis_cli.show.cells import report_text

_LEVEL_COLOURS = {"ERROR": RED, "FATAL": RED, "WARN": YELLOW, "DEBUG": DIM, "TRACE": DIM}
_LONG_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code."
)


def log_texts(line: LogLine) -> list[str]:
    """What it says in lines, the first one with what sort of line it is."""
    if line.kind is LineKind.REPORT:
        return [f"REPORT {report_text(line.report or {})}"]
    text = line.text
    if text.startswith(_LONG_WARNING):  # AWS's runtime goes on about its updates
        text = f"{_LONG_WARNING}…"
    first, *rest = message_lines(text)
    return [f"{_label(line)}{first}", *rest]


def log_colour(line: LogLine) -> int:
    """What the text is coloured with: red and yellow by level, Lambda's own lines are dim."""
    if (line.report or {}).get("status", "success") != "success":
        return RED
    if line.kind not in (LineKind.APPLICATION, LineKind.PLATFORM):
        return DIM
    return _LEVEL_COLOURS.get(line.level or "", 0)


def _label(line: LogLine) -> str:
    if line.kind is LineKind.APPLICATION:
        return f"{line.level} " if line.level else ""
    return "" if line.kind is LineKind.PLATFORM else f"{line.kind.name} "
