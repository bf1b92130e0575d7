"""What CloudWatch would show of an event source mapping, by the minute.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html, "Event source
mapping metrics" (the EventCount metrics of a mapping's MetricsConfig) and IteratorAge.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec

from kinesis_cli.event_source_mapping.events import Outcome

MINUTE = 60  # seconds


class MinuteMetrics(msgspec.Struct):
    """The figures of one minute."""

    begin: int  # epoch seconds
    polled: int = 0  # records, as all counts
    filtered_out: int = 0
    invoked: int = 0  # once for each call that had them
    failed_invoke: int = 0
    dropped: int = 0
    delivered_on_failure: int = 0
    destination_failures: int = 0  # documents that the destination refused
    iterator_age_ms: float | None = None  # the greatest; None: no call ended


class Metrics:
    """Told what happened when; times may come in any order."""

    def __init__(self) -> None:
        self._minutes: dict[int, MinuteMetrics] = {}

    def at(self, time: float) -> MinuteMetrics:
        """The figures of the minute of a time, epoch seconds."""
        number = int(time // MINUTE)
        found = self._minutes.get(number)
        if found is None:
            found = self._minutes[number] = MinuteMetrics(number * MINUTE)
        return found

    def aged(self, seconds: float, time: float) -> None:
        """A call has ended; the age of its last record then."""
        minute = self.at(time)
        age = round(seconds * 1000, 3)
        if minute.iterator_age_ms is None or age > minute.iterator_age_ms:
            minute.iterator_age_ms = age

    def rows(self) -> tuple[MinuteMetrics, ...]:
        """The minutes in which something happened, in order."""
        return tuple(self._minutes[number] for number in sorted(self._minutes))


def added(parts: Iterable[Sequence[MinuteMetrics]]) -> tuple[MinuteMetrics, ...]:
    """The minutes of several mappings' shards together, in order."""
    found: dict[int, MinuteMetrics] = {}
    for minute in chain.from_iterable(parts):
        if (both := found.get(minute.begin)) is None:
            found[minute.begin] = msgspec.structs.replace(minute)
            continue
        for name in _COUNTS:
            setattr(both, name, getattr(both, name) + getattr(minute, name))
        ages = (both.iterator_age_ms, minute.iterator_age_ms)
        both.iterator_age_ms = max((age for age in ages if age is not None), default=None)
    return tuple(found[begin] for begin in sorted(found))


_COUNTS = [
    name for name in MinuteMetrics.__struct_fields__ if name not in ("begin", "iterator_age_ms")
]


def failed_events(outcome: Outcome, records: int, failures: Sequence[str]) -> int:
    """How many records of a call FailedInvokeEventCount counts.

    UNSURE(failed-invoke): all records of a call that failed, and the reported ones of a partial
    report; or only calls that could not be made, and whole batches with a report?
    """
    if outcome == "success":
        return 0
    if outcome == "partial":
        return len(set(failures))
    return records if outcome == "failed" else 0
