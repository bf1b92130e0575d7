"""Why a record failed, as far as the log of its call tells."""

import re
from collections.abc import Sequence

from kinesis_cli.function_log.lines import LineKind, is_at_least, parse_line

# Handlers print their event, and it names all records: nothing in it says why one of them failed.
_EVENT = re.compile(
    r"""['"]Records['"]\s*:|kinesisSchemaVersion|approximateArrivalTimestamp|invokeIdentityArn""",
    re.IGNORECASE,
)
_LEAST_DIGITS = 20  # of a number that may be another record's; sequence numbers have 56


def line_that_names(sequence_number: str, lines: Sequence[str]) -> str:
    """Return the line of a log that says why a record failed; "" where none does.

    The last line of WARN or above that names the record; where there is none, the last line that
    names this record and no other. Never one that shows the event, but at WARN or above.

    Args:
        sequence_number: the record's.
        lines: the log of the call, in order.
    """
    named = [line for line in lines if _names(sequence_number, line)]
    told = [line for line in named if not _EVENT.search(line)]
    for candidates in (told, named):
        if warned := [line for line in candidates if _is_warning(line)]:
            return warned[-1]
    alone = [line for line in told if _names_only(sequence_number, line)]
    return alone[-1] if alone else ""


def _is_warning(text: str) -> bool:
    line = parse_line(text)
    return line.kind is LineKind.APPLICATION and is_at_least(line.level, "WARN")


def _names(sequence_number: str, line: str) -> bool:
    """Whether a line has the number, and not as a part of a longer one.

    Without a regular expression: to compile one for each number takes longer than a whole call.
    """
    at = line.find(sequence_number)
    while at >= 0:
        end = at + len(sequence_number)
        if not line[max(0, at - 1) : at].isdecimal() and not line[end : end + 1].isdecimal():
            return True
        at = line.find(sequence_number, at + 1)
    return False


def _names_only(sequence_number: str, line: str) -> bool:
    numbers = re.findall(rf"\d{{{_LEAST_DIGITS},}}", line)
    return all(number == sequence_number for number in numbers)
