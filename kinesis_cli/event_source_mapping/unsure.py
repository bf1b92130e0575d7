"""What a result depends on that AWS does not document, named by the ids of docs/fidelity.md."""

import math
import re
from collections.abc import Collection, Iterator, Mapping

from kinesis_cli.event_source_mapping.invocation import InvocationResult

_NAMED = re.compile(r"UNSURE\(([a-z-]+)\)")
_MARKS = re.compile(r" \[UNSURE\([a-z-]+\)(?:, UNSURE\([a-z-]+\))*\]$")
# How deep and far a response is searched for NaN; what is larger is not a report.
_MAX_VALUES = 1_000


def named_in(reason: str) -> tuple[str, ...]:
    """The ids that a sentence names."""
    if "UNSURE(" not in reason:
        return ()
    return tuple(dict.fromkeys(_NAMED.findall(reason)))


def with_points(reason: str, points: Collection[str]) -> str:
    """A reason, and behind it the points that it does not name itself."""
    if not points:
        return reason
    others = sorted(set(points) - set(named_in(reason)))
    if not others:
        return reason
    return f"{reason} [{', '.join(f'UNSURE({point})' for point in others)}]"


def without_points(reason: str) -> str:
    """The reason without what `with_points` put behind it, for people."""
    return _MARKS.sub("", reason)


def points_of(result: InvocationResult) -> Iterator[str]:
    """What the way in which a function ended depends on."""
    yield from result.unsure
    error = result.error
    if error is None:
        if result.response and _has_nan(result.response):
            yield "nan-response"
    elif error.error_type == "Runtime.ExitError":
        yield "memory-kill" if "signal: killed" in error.error_message else "exit-status"
    elif error.error_type == "Runtime.Unknown":
        yield "error-not-json"
    elif error.error_type == "Runtime.StreamingNotSupported":
        yield "streamed-response"


def _has_nan(response: object) -> bool:
    if isinstance(response, dict) and not any(response.values()):
        return False  # as nearly every response
    values, seen = [response], 0
    while values and seen < _MAX_VALUES:
        value = values.pop()
        seen += 1
        if isinstance(value, float) and not math.isfinite(value):
            return True
        if isinstance(value, Mapping):
            values.extend(value.values())
        elif isinstance(value, list):
            values.extend(value)
    return False
