"""Settings: AWS's names, defaults, limits and forbidden combinations, and where they come from."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli import EventSourceMapping, InputError
from kinesis_cli.event_source_mapping.settings import members_not_acted_on
from kinesis_cli.event_source_mapping.settings_document import LIMITS
from kinesis_cli.project.function import Function
from kinesis_cli.project.mapping import choose_mapping, read_mapping
from kinesis_cli.stream.times import epoch_seconds

SQS = "arn:aws:sqs:eu-west-1:111111111111:failures"
ANSWER: dict[str, Any] = {  # of `aws lambda get-event-source-mapping`
    "UUID": "14e0db71-5d35-4eb5-b481-8945cf9d10c2",
    "StartingPosition": "LATEST",
    "BatchSize": 200,
    "MaximumBatchingWindowInSeconds": 5,
    "ParallelizationFactor": 2,
    "EventSourceArn": "arn:aws:kinesis:eu-west-1:111111111111:stream/readings",
    "FunctionArn": "arn:aws:lambda:eu-west-1:111111111111:function:readings",
    "LastModified": "2026-01-31T12:00:00.123000+01:00",
    "LastProcessingResult": "OK",
    "State": "Enabled",
    "StateTransitionReason": "User action",
    "DestinationConfig": {"OnFailure": {"Destination": SQS}},
    "MaximumRecordAgeInSeconds": 3600,
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 4,
    "TumblingWindowInSeconds": 0,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "EventSourceMappingArn": "arn:aws:lambda:eu-west-1:111111111111:event-source-mapping:14e0db71",
}
OTHER_SERVICES = {
    "AmazonManagedKafkaEventSourceConfig": "Amazon MSK",
    "DocumentDBEventSourceConfig": "DocumentDB",
    "ProvisionedPollerConfig": "Kafka and SQS",
    "Queues": "Amazon MQ",
    "ScalingConfig": "SQS",
    "SelfManagedEventSource": "self-managed Kafka",
    "SelfManagedKafkaEventSourceConfig": "self-managed Kafka",
    "SourceAccessConfigurations": "Kafka and Amazon MQ",
    "Topics": "Kafka",
}


def refusal(document: dict[str, object], place: str = "") -> InputError:
    with pytest.raises(InputError) as caught:
        EventSourceMapping.from_aws(document, place=place)
    return caught.value


# Limits


def attribute(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


@pytest.mark.parametrize(
    ("name", "least", "most", "default"),
    [
        ("BatchSize", 1, 10_000, 100),
        ("MaximumBatchingWindowInSeconds", 0, 300, 0),
        ("ParallelizationFactor", 1, 10, 1),
        ("MaximumRetryAttempts", -1, 10_000, -1),
        ("MaximumRecordAgeInSeconds", 60, 604_800, -1),
        ("TumblingWindowInSeconds", 0, 900, 0),
    ],
)
def test_a_number_is_accepted_within_awss_limits_and_refused_beyond(
    name: str, least: int, most: int, default: int
) -> None:
    assert getattr(EventSourceMapping.from_aws({}), attribute(name)) == default
    for value in (least, most, default, None):
        mapping = EventSourceMapping.from_aws({name: value})
        assert getattr(mapping, attribute(name)) == (default if value is None else value)
    for value in (least - 1, most + 1, -2, 10**30):
        error = refusal({name: value}, "mapping.json")
        assert str(error).startswith(f"mapping.json: {name} is {value}, AWS accepts ")
    wrong: object
    for wrong in (1.5, "100", True, [], float("nan")):
        error = refusal({name: wrong})
        assert str(error) == f"{name} is {wrong!r}, it must be a whole number"


def test_no_limit_is_named_where_aws_has_one() -> None:
    accepts = str(refusal({"MaximumRecordAgeInSeconds": 59}))
    assert accepts.endswith("is 59, AWS accepts 60 to 604800 or -1 (no limit)")


def lambda_model() -> dict[str, Any]:
    loaders = pytest.importorskip("botocore.loaders")
    shapes: dict[str, Any] = loaders.Loader().load_service_model("lambda", "service-2")["shapes"]
    return shapes


def test_the_limits_are_those_of_awss_own_model() -> None:
    shapes = lambda_model()
    members = shapes["CreateEventSourceMappingRequest"]["members"]
    for name, limit in LIMITS.items():
        shape = shapes[members[name]["shape"]]
        # What the model does not say: CloudFormation and the service refuse ages below 60.
        least = -1 if limit.unlimited else limit.least
        assert (least, limit.most) == (shape["min"], shape["max"]), name
    assert shapes["EventSourcePosition"]["enum"] == ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
    assert shapes["FunctionResponseType"]["enum"] == ["ReportBatchItemFailures"]


def test_every_member_that_aws_knows_is_known() -> None:
    shapes = lambda_model()
    request = set(shapes["CreateEventSourceMappingRequest"]["members"])
    known = request | set(shapes["EventSourceMappingConfiguration"]["members"])
    others = {name for name in known if name in OTHER_SERVICES}
    assert EventSourceMapping.from_aws(dict.fromkeys(known - others)) == EventSourceMapping()
    for name in others:
        assert "not for a Kinesis stream" in str(refusal({name: None}))


@pytest.mark.parametrize("batch_size", [11, 101, 10_000])
def test_a_large_batch_needs_no_window_although_the_api_text_says_so(batch_size: int) -> None:
    mapping = EventSourceMapping.from_aws({"BatchSize": batch_size})
    assert mapping.maximum_batching_window_in_seconds == 0


# What else is refused


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (
            {"TumblingWindowInSeconds": 1, "ParallelizationFactor": 2},
            "TumblingWindowInSeconds cannot be combined with ParallelizationFactor above 1",
        ),
        (
            {
                "TumblingWindowInSeconds": 1,
                "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"a": [1]}}'}]},
            },
            "TumblingWindowInSeconds cannot be combined with FilterCriteria",
        ),
        (
            {"StartingPosition": "AT_TIMESTAMP"},
            "StartingPosition AT_TIMESTAMP needs StartingPositionTimestamp",
        ),
        (
            {"StartingPositionTimestamp": 1.0},
            "StartingPositionTimestamp goes with StartingPosition AT_TIMESTAMP only",
        ),
        (
            {"StartingPosition": "LATEST", "StartingPositionTimestamp": 1.0},
            "StartingPositionTimestamp goes with StartingPosition AT_TIMESTAMP only",
        ),
        (
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": "soon"},
            "StartingPositionTimestamp is 'soon', it must be epoch seconds or an ISO 8601 time",
        ),
        (
            {"StartingPosition": "latest"},
            "StartingPosition is 'latest', AWS accepts TRIM_HORIZON, LATEST or AT_TIMESTAMP",
        ),
        (
            {"FunctionResponseTypes": ["ReportBatchItemFailure"]},
            "FunctionResponseTypes is ['ReportBatchItemFailure'], AWS accepts [] or "
            '["ReportBatchItemFailures"]',
        ),
        (
            {"FunctionResponseTypes": ["ReportBatchItemFailures"] * 2},
            "FunctionResponseTypes is ['ReportBatchItemFailures', 'ReportBatchItemFailures'], "
            'AWS accepts [] or ["ReportBatchItemFailures"]',
        ),
        (
            {"BisectBatchOnFunctionError": "true"},
            "BisectBatchOnFunctionError is 'true', it must be true or false",
        ),
        ({"EventSourceArn": 3}, "EventSourceArn is 3, it must be text"),
        (
            {"FilterCriteria": []},
            'FilterCriteria must have the form {"Filters": [{"Pattern": "..."}]}',
        ),
        (
            {"FilterCriteria": {"Filters": "data"}},
            'FilterCriteria must have the form {"Filters": [{"Pattern": "..."}]}',
        ),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": "{}"}, {"Pattern": {"data": {}}}]}},
            "FilterCriteria, filter 2: Pattern must be a JSON text",
        ),
        (
            {"DestinationConfig": {"OnFailure": SQS}},
            'DestinationConfig must have the form {"OnFailure": {"Destination": "arn:..."}}',
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "failures"}}},
            "DestinationConfig.OnFailure.Destination is 'failures', it must be the ARN of an SQS "
            "queue, an SNS topic or an S3 bucket",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": f"{SQS}.fifo"}}},
            "a FIFO queue or topic cannot be the on-failure destination of a stream",
        ),
    ],
)
def test_what_aws_refuses_is_refused_with_a_sentence(
    document: dict[str, object], problem: str
) -> None:
    assert str(refusal(document)) == problem
    assert str(refusal(document, "m.yaml")) == f"m.yaml: {problem}"


@pytest.mark.parametrize(("name", "service"), OTHER_SERVICES.items())
def test_another_services_setting_is_refused_by_name(name: str, service: str) -> None:
    error = refusal({"BatchSize": 1, name: {}})
    assert str(error) == f"{name} is a setting for {service}, not for a Kinesis stream"
    assert error.advice == "Remove it."


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("BatchSzie", "Did you mean BatchSize?"),
        ("batch_size", "Did you mean BatchSize?"),
        ("MaximumRetryAttempt", "Did you mean MaximumRetryAttempts?"),
        ("BisectBatchOnError", "Did you mean BisectBatchOnFunctionError?"),
        ("x", "Settings have the names of CreateEventSourceMapping, e.g. BatchSize."),
    ],
)
def test_a_misspelt_setting_is_refused_with_a_suggestion(name: str, advice: str) -> None:
    error = refusal({name: 1})
    assert str(error) == f"{name!r} is not a setting of an event source mapping"
    assert error.advice == advice


# What is accepted


def test_a_saved_answer_of_get_event_source_mapping_is_a_mapping() -> None:
    mapping = EventSourceMapping.from_aws(json.loads(json.dumps(ANSWER)))
    assert mapping == EventSourceMapping(
        starting_position="LATEST",
        batch_size=200,
        maximum_batching_window_in_seconds=5,
        parallelization_factor=2,
        maximum_retry_attempts=4,
        maximum_record_age_in_seconds=3600,
        bisect_batch_on_function_error=True,
        report_batch_item_failures=True,
        destination=SQS,
        event_source_arn=ANSWER["EventSourceArn"],
        function_name=ANSWER["FunctionArn"],
    )
    assert members_not_acted_on(ANSWER) == ()


def test_settings_that_change_nothing_are_named() -> None:
    document = {"Enabled": False, "BatchSize": 1, "Tags": {}, "KMSKeyArn": "arn:aws:kms:x"}
    EventSourceMapping.from_aws(document)
    assert members_not_acted_on(document) == (
        "Enabled: kcli does not act on it",
        "Tags: kcli does not act on it",
        "KMSKeyArn: kcli does not act on it",
    )
    assert members_not_acted_on({"Enabled": True}) == ()  # as kcli delivers


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    """Mappings that AWS accepts."""
    document: dict[str, object] = {}
    for name, limit in LIMITS.items():
        values = st.none() | st.integers(limit.least, limit.most)
        document[name] = draw(values | st.just(-1) if limit.unlimited else values)
    position = draw(st.sampled_from(["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]))
    document["StartingPosition"] = position
    if position == "AT_TIMESTAMP":
        document["StartingPositionTimestamp"] = draw(st.floats(0, 1e10))
    document["BisectBatchOnFunctionError"] = draw(st.none() | st.booleans())
    document["FunctionResponseTypes"] = draw(
        st.sampled_from([None, [], ["ReportBatchItemFailures"]])
    )
    patterns = draw(st.lists(st.just({"Pattern": '{"data": {"a": [1]}}'}), max_size=2))
    document["FilterCriteria"] = {"Filters": patterns}
    destinations: list[object] = [None, {}, {"OnFailure": {}}, {"OnFailure": {"Destination": SQS}}]
    document["DestinationConfig"] = draw(st.sampled_from(destinations))
    if document["ParallelizationFactor"] not in (None, 1) or patterns:
        document["TumblingWindowInSeconds"] = 0
    return document


@given(documents())
def test_effective_settings_written_and_read_are_the_same(document: dict[str, object]) -> None:
    mapping = EventSourceMapping.from_aws(document)
    written = json.loads(json.dumps(mapping.to_aws()))
    assert EventSourceMapping.from_aws(written) == mapping
    assert set(LIMITS) <= set(written)
    for name, value in document.items():
        if isinstance(value, int | float | str):
            assert written[name] == value


# Times


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1.5, 1.5),
        (0, 0.0),
        ("1700000000.25", 1_700_000_000.25),
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14T22:13:20.250", 1_700_000_000.25),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000.0),
        ("2023-11-14", 1_699_920_000.0),
        (datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), 1_700_000_000.0),
        (datetime(2023, 11, 14, 22, 13, 20), 1_700_000_000.0),
        (datetime(2023, 11, 14).date(), 1_699_920_000.0),
    ],
)
def test_a_time_is_epoch_seconds_or_iso_utc_without_a_zone(value: object, seconds: float) -> None:
    assert epoch_seconds(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -1,
        "-1",
        "nan",
        float("nan"),
        "inf",
        "1e12",
        "",
        "noon",
        [],
        "1900-01-01",
        "9999-01-01",
        10**400,
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is the caller's business
        epoch_seconds(value)


# Which mapping applies


def function_with(mapping: dict[str, object] | None) -> Function:
    return Function(
        name="Readings",
        code_uri=Path(),
        handler="app.handler",
        timeout=3.0,
        memory_size=128,
        environment={},
        mapping=mapping,
        origin="template.yaml, Readings",
        mapping_origin="template.yaml, Readings, event Stream",
        notes=(),
    )


NOTHING_GIVEN = {"BatchSize": None, "FilterCriteria": None}


def test_without_a_mapping_awss_defaults_apply() -> None:
    choice = choose_mapping(function_with(None), None, NOTHING_GIVEN)
    assert choice.mapping == EventSourceMapping()
    assert (choice.origin, choice.notes) == ("AWS's defaults", ())


def test_the_templates_mapping_applies_and_flags_change_single_settings() -> None:
    function = function_with({"BatchSize": 10, "MaximumRetryAttempts": 2, "Enabled": False})
    choice = choose_mapping(function, None, NOTHING_GIVEN)
    assert choice.mapping == EventSourceMapping(batch_size=10, maximum_retry_attempts=2)
    assert choice.origin == "template.yaml, Readings, event Stream"
    assert choice.notes == ("Enabled: kcli does not act on it",)

    choice = choose_mapping(function, None, {"BatchSize": 7, "TumblingWindowInSeconds": None})
    assert choice.mapping == EventSourceMapping(batch_size=7, maximum_retry_attempts=2)
    assert choice.origin == (
        "template.yaml, Readings, event Stream, with BatchSize from the command line"
    )


def test_a_mapping_file_replaces_the_templates_mapping_wholly(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text("MaximumRetryAttempts: 5\nBisectBatchOnFunctionError: yes\n")
    choice = choose_mapping(function_with({"BatchSize": 10}), file, {"BatchSize": None})
    assert choice.mapping == EventSourceMapping(
        maximum_retry_attempts=5, bisect_batch_on_function_error=True
    )
    assert choice.origin == str(file)


def test_another_starting_position_drops_the_timestamp_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text("StartingPosition: AT_TIMESTAMP\nStartingPositionTimestamp: 2023-11-14\n")
    at_timestamp = choose_mapping(function_with(None), file, {}).mapping
    assert at_timestamp.starting_position_timestamp == 1_699_920_000.0
    latest = choose_mapping(function_with(None), file, {"StartingPosition": "LATEST"}).mapping
    assert latest == EventSourceMapping(starting_position="LATEST")


def test_an_error_names_the_file_or_the_template_unless_a_flag_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "mapping.json"
    file.write_text('{"BatchSize": 0}')
    with pytest.raises(InputError, match=r"mapping\.json: BatchSize is 0, AWS accepts 1 to 10000"):
        choose_mapping(function_with(None), file, {"MaximumRetryAttempts": 1})
    with pytest.raises(InputError, match=r"^mapping of template\.yaml, .*: BatchSize is 0, "):
        choose_mapping(function_with({"BatchSize": 0}), None, {})
    with pytest.raises(InputError, match=r"^BatchSize is 10001, AWS accepts"):
        choose_mapping(function_with({"BatchSize": 1}), None, {"BatchSize": 10_001})


@pytest.mark.parametrize("name", ["mapping.json", "mapping.yaml", "mapping", "mapping.yml"])
def test_json_is_read_under_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(ANSWER, indent=2))
    assert read_mapping(tmp_path / name)["BatchSize"] == 200


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("mapping.json", '{"BatchSize": 1', ": not readable: "),
        ("mapping.json", "", ": not readable: "),
        ("mapping.json", "[1]", ": not a mapping"),
        ("mapping.yaml", "BatchSize: 1\nx: [\n", ", line 3: is not YAML: "),
        ("mapping.yaml", "", ": not a mapping"),
        ("mapping.yaml", "just text", ": not a mapping"),
        ("mapping.yaml", "a: !Ref B", ", line 1: is not YAML: "),
        ("mapping.yaml", "a: \x1b", ": is not YAML: "),
        ("mapping.yaml", "[" * 10_000, ", line 1: is not YAML: "),
        ("mapping.json", "[" * 100_000, ": not readable: "),
    ],
)
def test_a_broken_mapping_file_is_named_with_the_line(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_mapping(file)
    assert str(caught.value).startswith(f"{file}{problem}")
    assert "\n" not in str(caught.value)


def test_a_mapping_file_that_is_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\xd8")
    for name in ("binary.yaml", "none.yaml", "."):
        with pytest.raises(InputError) as caught:
            read_mapping(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: ")
