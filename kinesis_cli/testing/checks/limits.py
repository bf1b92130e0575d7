"""Properties of what a function uses up: its time and its memory."""

from collections.abc import Sequence
from itertools import pairwise

from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.batches import batch_of
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.made_records import item_of
from kinesis_cli.testing.checks.observing import Seen
from kinesis_cli.testing.checks.subjects import Checked, subject_of
from kinesis_cli.testing.checks.words import did, listed

MARGIN = 0.2  # of the Timeout that must be left
_TRIES = 3  # of which the shortest counts: a machine may be busy
CALLS = 1_000
_EVERY = 100  # calls between two looks at memory
_WARM_UP = 400  # calls in which a cache may fill itself
_LEAST_GROWTH = 24  # bytes a call: a number or a reference more


def time(function: Checked, records: Sequence[Record]) -> None:
    """Check that a batch takes at most the Timeout minus 20 %; meant for a full one.

    Raises:
        CheckFailedError: it takes longer, or never ends.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        limit = subject.timeout * (1 - MARGIN)
        shortest: Seen | None = None
        for _ in range(_TRIES):
            (seen,) = subject.deliver(records)
            if not seen.timed_out and seen.seconds <= limit:
                return
            if shortest is None or seen.seconds < shortest.seconds:
                shortest = seen
            if seen.timed_out:
                break  # each try takes its whole time
        assert shortest is not None
        if shortest.timed_out:
            real = min(subject.real_seconds, subject.timeout)
            slept = shortest.result.slept > 0
            end = f"within its Timeout of {subject.timeout:g} s"
            if not slept and real < subject.timeout:
                end = f"within {real:g} s, when it was stopped (Timeout {subject.timeout:g} s)"
            what = f"a batch of {len(records)} records" if len(records) > 3 else _these(records)
            problem = f"{what} does not end {end}"
        else:
            problem = (
                f"a batch of {len(records):,} records takes more than {limit:g} s, which leaves "
                f"less than {MARGIN:.0%} of its Timeout of {subject.timeout:g} s"
            )
        raise CheckFailedError("time", problem, records, did(shortest))


def memory(function: Checked, records: Sequence[Record], calls: int = CALLS) -> None:
    """Check that memory stays flat over many calls, of records with numbers of their own.

    Raises:
        CheckFailedError: it grows from call to call, to the last.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        items = list(map(item_of, records))
        batches = [batch_of(items, first=1 + call * len(items)) for call in range(calls)]
        figures = subject.growth(batches, _EVERY)
        if figures is None or len(figures) < calls // _EVERY:
            return
        later = figures[_WARM_UP // _EVERY - 1 :]
        steps = [after - before for before, after in pairwise(later)]
        if steps and min(steps) >= _LEAST_GROWTH * _EVERY:
            a_call = (later[-1] - later[0]) / (len(steps) * _EVERY)
            problem = (
                f"memory grows by {_size(a_call)} with each call of {listed_count(len(records))}, "
                f"to the last of {calls:,} calls: something is kept"
            )
            raise CheckFailedError("memory", problem, records)


def listed_count(count: int) -> str:
    """ "1 record", "3 records"."""
    return f"{count:,} record{'' if count == 1 else 's'}"


def _these(records: Sequence[Record]) -> str:
    return f"the call with {listed(range(len(records)))}"


def _size(number: float) -> str:
    """A size, rounded so that it is the same each time."""
    if number < 1_000:
        return f"some {round(number, -1):.0f} bytes" if number >= 95 else "some bytes"
    return f"some {number / 1_000:.0f} kB" if number < 1_000_000 else f"{number / 1e6:.0f} MB"
