from dataclasses import fields

import pytest

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.show.mapping_in_words import effects, uncalled_risk

SAFE = EventSourceMapping(
    maximum_retry_attempts=3,
    maximum_record_age_in_seconds=3600,
    bisect_batch_on_function_error=True,
    report_batch_item_failures=True,
    destination="arn:aws:sqs:eu-west-1:123456789012:failures",
)


def changed(**members: object) -> EventSourceMapping:
    values = {field.name: getattr(SAFE, field.name) for field in fields(SAFE)}
    return EventSourceMapping(**{**values, **members})


def test_a_batching_window_as_long_as_the_record_age_may_cost_records_uncalled() -> None:
    longer = changed(maximum_batching_window_in_seconds=300, maximum_record_age_in_seconds=60)
    assert str(uncalled_risk(longer)).startswith(
        "The batching window (5 min) is as long as MaximumRecordAgeInSeconds (1 min): records may "
    )
    equal = changed(maximum_batching_window_in_seconds=60, maximum_record_age_in_seconds=60)
    assert uncalled_risk(equal) is not None
    shorter = changed(maximum_batching_window_in_seconds=59, maximum_record_age_in_seconds=60)
    unlimited = changed(maximum_batching_window_in_seconds=300, maximum_record_age_in_seconds=-1)
    assert uncalled_risk(shorter) is uncalled_risk(unlimited) is None


def test_every_setting_is_explained() -> None:
    mapping = changed(filter_patterns=('{"data": {}}',), tumbling_window_in_seconds=90)
    named = {each.name for each in effects(mapping)}
    unnamed = {"FilterCriteria", "FunctionResponseTypes", "DestinationConfig"}
    assert set(mapping.to_aws()) - unnamed <= named
    assert {"Filter", "ReportBatchItemFailures", "Destination"} <= named


def test_retries_are_counted_as_deliveries() -> None:
    assert "delivered 4 times" in next(
        each.effect for each in effects(SAFE) if each.name == "MaximumRetryAttempts"
    )


@pytest.mark.parametrize(
    ("members", "effect"),
    [
        ({"maximum_retry_attempts": -1}, "a failed batch is delivered again until it succeeds"),
        ({"parallelization_factor": 4}, "up to 4 calls at a time for each shard"),
        ({"maximum_batching_window_in_seconds": 90}, "a batch is gathered for up to 90 s"),
        ({"starting_position": "LATEST"}, "began with what came after the mapping was made"),
        (
            {"starting_position": "AT_TIMESTAMP", "starting_position_timestamp": 1.0},
            "began with what arrived at 1970-01-01T00:00:01+00:00 or later",
        ),
        ({"tumbling_window_in_seconds": 7200}, "state is passed on for 2 h"),
    ],
)
def test_an_effect_is_said_in_words(members: dict[str, object], effect: str) -> None:
    assert any(each.effect.startswith(effect) for each in effects(changed(**members)))
