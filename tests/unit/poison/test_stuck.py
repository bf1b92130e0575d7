"""Where a mapping stands still, by what CloudWatch tells."""

from dataclasses import replace
from random import Random

import pytest

from kinesis_cli.aws.status import Answered, MappingState, Metric, Status, StreamStatus
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.poison.hunt import lead_seconds
from kinesis_cli.poison.remedies import HOUR, deadlines
from kinesis_cli.poison.stuck import estimated, stuck_as_told, stuck_by_metrics
from kinesis_cli.poison.stuck_batch import StuckBatch

SINCE = 1_800_000_000.0
NOW = SINCE + 3600


def ages(values: list[float | None]) -> Metric:
    return Metric("fn", "iterator age", "s", tuple(values), SINCE)


def stuck_ages(arrival: float, random: Random, first: int = 20) -> list[float | None]:
    """The highest age of each minute, where the same batch is called again and again."""
    found: list[float | None] = [None] * 60
    for minute in range(60):
        at = SINCE + minute * 60 + random.uniform(1, 59)  # of the last call in it
        found[minute] = at - arrival if minute >= first else random.uniform(0, 1)
    return found


def status(**changes: object) -> Status:
    mapping = MappingState(
        uuid="u-1",
        function_arn="arn:aws:lambda:eu-west-1:123456789012:function:fn",
        state="Enabled",
        reason="",
        last_result="PROBLEM: Function call failed",
        settings=EventSourceMapping(),
    )
    stream = StreamStatus("s", "arn", "ACTIVE", "PROVISIONED", 16, 24, 1024, 0)
    metrics = (ages(stuck_ages(SINCE + 1000, Random(1))),)
    found = Status(stream, Answered((mapping,)), Answered(metrics), Answered(()))
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(40))
def test_the_last_record_of_the_batch_is_within_the_estimate(seed: int) -> None:
    random = Random(seed)
    arrival = SINCE + random.uniform(900, 1190)
    found = estimated(ages(stuck_ages(arrival, random)), NOW)
    assert found is not None
    assert found.earliest <= arrival <= found.latest
    assert found.latest - found.earliest < 64  # a minute, and two clocks


def test_minutes_without_a_call_are_passed_over() -> None:
    values = stuck_ages(SINCE + 1000, Random(3))
    values[40::3] = [None] * len(values[40::3])
    assert estimated(ages(values), NOW) is not None


@pytest.mark.parametrize(
    "values",
    [
        [None] * 60,
        [0.5] * 60,  # it keeps up
        [600.0] * 60,  # far behind, and as fast as what comes
        [float(minute * 30) for minute in range(60)],  # ever further behind, and it goes on
        [*stuck_ages(SINCE + 1000, Random(1))[:40], *[None] * 20],  # it is over
        [*[0.5] * 57, 60.0, 120.0, 180.0],  # it may be a slow call
    ],
    ids=["idle", "even", "behind", "slower", "over", "just now"],
)
def test_what_does_not_stand_still_gives_no_estimate(values: list[float | None]) -> None:
    assert estimated(ages(values), NOW) is None


def test_a_mapping_is_stuck_where_the_age_grows_and_calls_fail() -> None:
    [stuck] = stuck_by_metrics(status(), NOW)
    assert stuck.mapping.uuid == "u-1"
    assert stuck.estimate is not None


def test_the_last_result_of_another_shard_does_not_hide_it() -> None:
    found = status()
    [mapping] = found.mappings.value or ()
    fine = replace(mapping, last_result="OK")
    errors = Metric("fn", "function errors", "", (None,) * 59 + (3.0,), SINCE)
    metrics = found.metrics.value or ()
    quiet = replace(found, mappings=Answered((fine,)))
    assert not stuck_by_metrics(quiet, NOW)
    assert stuck_by_metrics(replace(quiet, metrics=Answered((*metrics, errors))), NOW)
    reports = replace(fine, settings=EventSourceMapping(report_batch_item_failures=True))
    assert stuck_by_metrics(replace(found, mappings=Answered((reports,))), NOW)


def test_a_disabled_mapping_and_one_of_another_function_are_not_stuck() -> None:
    found = status()
    [mapping] = found.mappings.value or ()
    for other in (
        replace(mapping, state="Disabled"),
        replace(mapping, function_arn="arn:aws:lambda:eu-west-1:123456789012:function:other"),
    ):
        assert not stuck_by_metrics(replace(found, mappings=Answered((other,))), NOW)


def test_what_is_not_known_is_not_stuck() -> None:
    unknown = status(mappings=Answered(None, "AccessDenied"), metrics=Answered(None, "no"))
    assert not stuck_by_metrics(unknown, NOW)
    assert not stuck_as_told(unknown, [])


def test_batches_of_other_streams_are_left_out() -> None:
    batch = StuckBatch("u-1", "shardId-000000000003", "1", "9", 9, 4, NOW, "E: x", "why", None)
    [stuck] = stuck_as_told(status(), [batch, replace(batch, mapping="u-2")])
    assert stuck.batches == (batch,)


def test_a_batch_is_looked_for_no_longer_than_it_can_be() -> None:
    settings = EventSourceMapping(batch_size=100, maximum_batching_window_in_seconds=10)
    assert lead_seconds(settings, 3.0, None) == 18.0
    assert lead_seconds(settings, 3.0, 1.0) == 18.0  # no more than the window
    assert lead_seconds(settings, 3.0, 100.0) == 2.0
    assert lead_seconds(settings, 3.0, 1000.0) == 1.0


def test_a_record_is_gone_by_its_age_or_with_the_stream() -> None:
    without = deadlines(NOW, 24, EventSourceMapping())
    assert (without.too_old, without.ends) == (None, NOW + 24 * HOUR)
    sooner = deadlines(NOW, 24, EventSourceMapping(maximum_record_age_in_seconds=3600))
    assert sooner.ends == NOW + HOUR
    later = deadlines(NOW, 24, EventSourceMapping(maximum_record_age_in_seconds=604_800))
    assert later.ends == NOW + 24 * HOUR
