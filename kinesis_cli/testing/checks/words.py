"""What a function did, in words."""

from collections.abc import Iterable, Sequence

from kinesis_cli.event_source_mapping.response import Malformed
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.observing import Seen

MAX_QUOTED = 120  # characters of a text that is not ours
_MAX_LOG_LINES = 3
_LAMBDAS = ("INIT_START ", "START RequestId: ", "END RequestId: ", "REPORT RequestId: ")


def did(seen: Seen) -> list[str]:
    """What a function did with a batch, a line each: its answer or error, and its log."""
    return [outcome(seen), *_log(seen)]


def outcome(seen: Seen) -> str:
    """What a call ended with, in one line."""
    error = seen.result.error
    if error is not None:
        return f"failed: {error.error_type}: {quoted(error.error_message)}"
    if seen.reported:
        return f"reported {places(seen.reported, seen.batch)}"
    if isinstance(seen.verdict, Malformed):
        return f"answered {quoted(seen.result.response)}"
    answered = quoted(seen.result.response)
    return f"answered {answered}" if answered != "None" else "returned nothing"


def _log(seen: Seen) -> list[str]:
    lines = [line.strip() for line in seen.result.logs if line.strip() and not _is_lambdas(line)]
    left_out = len(lines) - _MAX_LOG_LINES
    shown = [f"logged: {quoted(line)}" for line in lines[:_MAX_LOG_LINES]]
    return [*shown, f"logged {left_out} lines more"] if left_out > 0 else shown


def _is_lambdas(line: str) -> bool:
    """Whether Lambda itself has written a line, around the function's own."""
    return line.startswith(_LAMBDAS) or '"type": "platform.' in line


def places(numbers: Iterable[str], batch: Sequence[Record]) -> str:
    """The records that some sequence numbers mean: "record 2", "records 1 and 3"."""
    wanted = set(numbers)
    return listed([place for place, one in enumerate(batch) if one.sequence_number in wanted])


def listed(found: Sequence[int]) -> str:
    """Places in a batch as people count: [0, 2] is "records 1 and 3"."""
    if len(found) == 1:
        return f"record {found[0] + 1}"
    names = [str(place + 1) for place in found]
    if len(names) > 6:
        names = [*names[:5], f"{len(names) - 5} more"]
    return f"records {', '.join(names[:-1])} and {names[-1]}"


def quoted(value: object) -> str:
    """A value that is not ours, in one short line."""
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}…"
