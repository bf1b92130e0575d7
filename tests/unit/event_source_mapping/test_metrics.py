"""What CloudWatch would show adds up to the summary."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping, Record, simulate
from kinesis_cli.event_source_mapping.metrics import MINUTE
from tests.examples import examples
from tests.unit.minutes import counts_of
from tests.unit.streams import (
    START,
    Fickle,
    fickle_answers,
    injected,
    mappings,
    raising,
    record,
    recordings,
    records_at,
    reporting,
)

DESTINATION = "arn:aws:sqs:eu-west-1:111111111111:failures"


def nothing(event: object, context: object) -> object:
    return None


@given(
    recordings(),
    mappings(),
    fickle_answers(),
    injected(),
    st.booleans(),
    st.sampled_from([None, 2.0, 4000.0]),
)
@settings(max_examples=examples(200), deadline=None)
def test_sums_equal_the_summary_in_random_runs(
    records: list[Record],
    mapping: EventSourceMapping,
    answers: Sequence[tuple[str, int]],
    faults: list[str],
    told: bool,
    until: float | None,
) -> None:
    result = simulate(
        records,
        Fickle(answers),
        replace(mapping, destination=DESTINATION if told else None),
        start_at=START,
        inject=faults,
        seed=3,
        retention_hours=0.5,
        until=None if until is None else START + until,
    )
    s, minutes = result.summary, result.summary.metrics
    assert sum(minute.filtered_out for minute in minutes) == s.filtered
    given_up = sum(minute.delivered_on_failure if told else minute.dropped for minute in minutes)
    assert given_up == s.discarded
    assert not sum(minute.dropped if told else minute.delivered_on_failure for minute in minutes)
    calls = [call for call in result.invocations if call.outcome != "throttled"]
    assert sum(minute.invoked for minute in minutes) == sum(len(c.sequence_numbers) for c in calls)
    failed = sum(
        len(set(call.batch_item_failures)) or len(call.sequence_numbers)
        for call in calls
        if call.outcome != "success"
    )
    assert sum(minute.failed_invoke for minute in minutes) == failed
    polled = sum(minute.polled for minute in minutes)
    ended = s.succeeded + s.discarded + s.filtered
    assert ended <= polled <= ended + s.expired + s.undelivered
    if not (s.expired or s.undelivered):
        assert polled == s.records - s.skipped
    ages = [m.iterator_age_ms for m in minutes if m.iterator_age_ms is not None]
    assert round(max(ages, default=0.0) / 1000, 6) == round(s.max_iterator_age_seconds, 6)
    begins = [minute.begin for minute in minutes]
    assert begins == sorted(set(begins))
    assert all(begin % MINUTE == 0 for begin in begins)


def test_each_figure_is_of_the_minute_in_which_it_happened() -> None:
    records = records_at(0, 125)
    first, last = simulate(records, nothing, start_at=START).summary.metrics
    start = int(START // MINUTE * MINUTE)
    assert (first.begin, last.begin) == (start, start + 120)
    assert (
        counts_of(first)
        == counts_of(last)
        == {
            "PolledEventCount": 1,
            "FilteredOutEventCount": 0,
            "InvokedEventCount": 1,
            "FailedInvokeEventCount": 0,
            "DroppedEventCount": 0,
            "OnFailureDestinationDeliveredEventCount": 0,
        }
    )


def test_a_report_counts_the_records_that_it_names_and_an_error_all_of_them() -> None:
    reports = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 0}
    (minute,) = simulate(records_at(0, 0, 0), reporting(2), reports, start_at=START).summary.metrics
    assert (minute.invoked, minute.failed_invoke, minute.dropped) == (3 + 1, 1 + 1, 1)
    (minute,) = simulate(
        records_at(0, 0, 0), raising(2), {"MaximumRetryAttempts": 0}, start_at=START
    ).summary.metrics
    assert (minute.invoked, minute.failed_invoke, minute.dropped) == (3, 3, 3)


def test_what_had_left_the_stream_was_never_polled() -> None:
    records = [record(0, at=-7200), record(1, at=-1)]
    (minute,) = simulate(records, nothing, start_at=START, retention_hours=1).summary.metrics
    assert minute.polled == 1
