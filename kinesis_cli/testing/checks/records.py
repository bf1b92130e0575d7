"""Properties of what becomes of each record of a batch."""

from collections.abc import Sequence

from kinesis_cli.event_source_mapping.response import Malformed
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.made_records import Item, item_of
from kinesis_cli.testing.checks.observing import Seen, Subject
from kinesis_cli.testing.checks.subjects import Checked, subject_of
from kinesis_cli.testing.checks.words import did, listed, outcome

_MAX_EACH = 20  # records of a batch that are delivered alone, each of them


def samples_handled(function: Checked, records: Sequence[Record]) -> None:
    """Check that a record is handled which carries what records usually carry.

    Raises:
        CheckFailedError: each of the records fails, alone.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        alone = _alone(subject, records)
        if not alone or not all(each.raised or each.reported for each in alone):
            return  # what hangs, or cannot be read, is another property's business
        count = len(alone)
        what = "the record is not handled" if count == 1 else f"none of {count} records is handled"
        problem = f"{what}, alone: what records usually carry fails"
        if alone[0].aws_calls:
            problem += " (AWS calls are answered here, with nothing kept anywhere)"
        raise CheckFailedError("samples-handled", problem, records[:1], did(alone[0]))


def one_bad_record(function: Checked, records: Sequence[Record]) -> None:
    """Check that a record that fails does not fail those beside it.

    Where the mapping has ReportBatchItemFailures; without it, failing the call is the only way to
    say that a record failed.

    Raises:
        CheckFailedError: the whole batch failed, although a record of it is good alone.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        if not subject.mapping.report_batch_item_failures or len(records) < 2:
            return
        (seen,) = subject.deliver(records)
        if not (seen.raised or _reports_all(seen)):
            return
        alone = _alone(subject, records)
        bad = [place for place, each in enumerate(alone) if each.first_failed is not None]
        good = [place for place, each in enumerate(alone) if each.first_failed is None]
        if not bad or not good or (not seen.raised and bad[0] == 0):
            return
        what = "the whole call fails" if seen.raised else "the whole batch is reported"
        are_good = "is good" if len(good) == 1 else "are good"
        problem = f"{what} for {listed(bad)}, although {listed(good)} {are_good}"
        raise CheckFailedError("one-bad-record", problem, records, did(seen))


def neighbours(function: Checked, records: Sequence[Record]) -> None:
    """Check that the verdict on a record does not depend on the records beside it.

    Only the lowest record that is reported counts: to stop at the first failure is right for
    streams, and Lambda delivers all behind it again.

    Raises:
        CheckFailedError: a record is good alone and fails in the batch, or the reverse.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        if len(records) < 2:
            return
        (seen,) = subject.deliver(records)
        if isinstance(seen.verdict, Malformed) or seen.timed_out or seen.has_no_answer:
            return  # another property's business
        alone = _alone(subject, records)
        bad = [place for place, each in enumerate(alone) if each.first_failed is not None]
        if any(each.timed_out or isinstance(each.verdict, Malformed) for each in alone):
            return
        if problem := _difference(seen, bad, alone):
            raise CheckFailedError("neighbours", problem, records, did(seen))


def event_unchanged(function: Checked, records: Sequence[Record]) -> None:
    """Check that the function leaves the event as it was given.

    What it changes is not there for a second look at it: a retry in the function, a decorator that
    logs or keeps the event, a test that compares.

    Raises:
        CheckFailedError: the event is another one after the call.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        (seen,) = subject.deliver(records)
        if seen.event_changed:
            problem = "the event that it was given is another one after the call"
            raise CheckFailedError("event-unchanged", problem, records, did(seen))


def _alone(subject: Subject, records: Sequence[Record]) -> list[Seen]:
    """What comes of each record as a batch of its own, with the same sequence number.

    Of a large batch, what comes of one record holds for those that carry the same.
    """
    if len(records) <= _MAX_EACH:
        return [subject.deliver([record])[0] for record in records]
    seen: dict[Item, Seen] = {}
    alone = []
    for record in records:
        key = item_of(record)
        if key not in seen:
            seen[key] = subject.deliver([record])[0]
        alone.append(seen[key])
    return alone


def _reports_all(seen: Seen) -> bool:
    return len(seen.batch) > 1 and len(set(seen.reported)) == len(seen.batch)


def _difference(seen: Seen, bad: list[int], alone: Sequence[Seen]) -> str:
    """How a batch's verdict differs from those of its records; "": it does not."""
    count = len(seen.batch)
    first = bad[0] if bad else None
    if seen.result.error is not None:
        if bad:
            return ""  # with a report it is another property's business, else as it should be
        return f"each of the {count} records is good alone, and together the call fails"
    found = seen.first_failed
    if not seen.reports:
        if first is None:
            return ""
        return (
            f"{listed([first])} fails alone ({outcome(alone[first])}), and the call with those "
            "beside it succeeds: the record is lost"
        )
    if found == first or (_reports_all(seen) and bad):
        return ""
    if first is None or (found is not None and found < first):
        assert found is not None
        return f"{listed([found])} is good alone, and is reported in this batch"
    if found is None:
        return f"{listed([first])} fails alone, and is not reported in this batch: it is lost"
    return (
        f"{listed([first])} fails alone, and the lowest one reported in this batch is "
        f"{listed([found])}: Lambda goes on behind the record, and it is lost"
    )
