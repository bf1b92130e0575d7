"""What a failed record held and why it failed: below its row in every table."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

from kinesis_cli.function_log.words import why_in_words as why_in_words
from kinesis_cli.show.cells import chopped, cut, wrapped
from kinesis_cli.show.console import escape

NOT_NAMED = "no line of the log names the record"
# The user records of one KPL aggregate, as a consumer's mapping delivers them, share one number:
# https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
SHARED_NUMBER = (
    "Some share a sequence number, as the user records of one KPL aggregate do: a report that "
    "names it may mean any of them, and Lambda cannot tell them apart."
)
_INDENT = 12  # columns before payload and reason
_MAX_LINES = 3  # of each


class HasNumber(Protocol):
    """A record, or a row about one."""

    @property
    def shard_id(self) -> str:
        """Its shard."""
        ...

    @property
    def sequence_number(self) -> str:
        """Its number."""
        ...


def share_a_number(records: Iterable[HasNumber]) -> bool:
    """Whether two of them have the same sequence number in the same shard."""
    counts = Counter((record.shard_id, record.sequence_number) for record in records)
    return any(count > 1 for count in counts.values())


PASSED_AS_IT_IS = "Payloads with a mark in [] are shown unpacked: Lambda passes them as they are."


def payload_lines(payload: str, width: int) -> Iterator[str]:
    """A payload's text, or its beginning, harmless on a terminal `width` columns wide."""
    lines = chopped(escape(payload), _room(width)) or ["(empty)"]
    if len(lines) > _MAX_LINES:
        lines = [*lines[: _MAX_LINES - 1], cut(f"{lines[_MAX_LINES - 1]}…", _room(width))]
    return _hanging("payload", lines)


def why_lines(why: str, width: int) -> Iterator[str]:
    """Why it failed, harmless on a terminal `width` columns wide; no line where nobody knows.

    Args:
        why: the line of the log that names the record, or the error; "" where neither does.
        width: of the terminal.
    """
    lines = wrapped(escape(why_in_words(why)), _room(width)) if why else []
    return _hanging("why", lines[:_MAX_LINES])


def _room(width: int) -> int:
    return max(width - _INDENT, 20)


def _hanging(label: str, lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield f"    {label:8}{line}"
        label = ""
