"""A deployed mapping is judged by the same rules, as far as Lambda tells of it."""

from dataclasses import fields

import pytest

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.lint.deployed import deployed_findings

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


def ids(settings: EventSourceMapping, retention_hours: int | None = 24) -> list[str]:
    found = deployed_findings(settings, name="orders", retention_hours=retention_hours)
    return [each.rule.id for each in found]


def test_nothing_is_found_in_a_careful_mapping() -> None:
    assert ids(SAFE) == []


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"maximum_retry_attempts": -1, "maximum_record_age_in_seconds": -1}, ["K001"]),
        ({"destination": None}, ["K002"]),
        ({"bisect_batch_on_function_error": False}, ["K005"]),
        (
            {"maximum_batching_window_in_seconds": 60, "maximum_record_age_in_seconds": 60},
            ["K006"],
        ),
        ({"maximum_record_age_in_seconds": 86_401}, ["K007"]),
        ({"starting_position": "LATEST"}, ["K009"]),
        ({"filter_patterns": ('{"data": {"a": ["b"]}}',)}, ["K014"]),
    ],
)
def test_each_risk_is_found(members: dict[str, object], found: list[str]) -> None:
    assert ids(changed(**members)) == found


def test_a_retention_that_is_not_known_is_no_risk() -> None:
    assert ids(changed(maximum_record_age_in_seconds=604_800), retention_hours=None) == []


def test_aws_defaults_never_end_and_never_tell() -> None:
    assert ids(EventSourceMapping()) == ["K001", "K002"]
