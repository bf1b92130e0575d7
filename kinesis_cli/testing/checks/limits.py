"""The property of how long a function takes."""

from collections.abc import Sequence

from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.observing import Seen
from kinesis_cli.testing.checks.subjects import Checked, subject_of
from kinesis_cli.testing.checks.words import did, listed

MARGIN = 0.2  # of the Timeout that must be left
_TRIES = 3  # of which the shortest counts: a machine may be busy


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


def _these(records: Sequence[Record]) -> str:
    return f"the call with {listed(range(len(records)))}"
