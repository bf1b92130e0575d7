"""Numbers and lengths of time as findings say them. Pure."""

from collections.abc import Iterable


def span(seconds: float) -> str:
    """`90 s`, `5 min`, `2 h`, `7 days`; two units at most, the second where it matters."""
    if seconds < 120:
        return f"{seconds:,.3g} s" if seconds < 10 else f"{round(seconds)} s"
    minutes = seconds / 60
    if minutes < 60:
        return f"{_short(minutes)} min"
    hours = minutes / 60
    if hours <= 72:
        return f"{_short(hours)} h"
    return f"{_short(hours / 24)} days"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value - round(value)) < 0.05 else f"{value:,.1f}"


def rate(per_second: float) -> str:
    """Records per second: `0.33`, `25`."""
    return f"{per_second:,.2g}" if per_second < 10 else f"{per_second:,.0f}"


def counted(count: int, noun: str) -> str:
    """`1 record`, `2 records`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
