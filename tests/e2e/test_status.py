"""`kcli status`: one screen about a stream, what reads it, and what was given up."""

import json
from collections.abc import Mapping
from time import time

import pytest

from tests.e2e.answering_proxy import answering
from tests.e2e.local_endpoint import QUEUE, Clients, document, put_poison
from tests.e2e.programs import Completed, Kcli

pytestmark = pytest.mark.slow

FUNCTION = "NewMessageFunction"
MAPPINGS = "/2015-03-31/event-source-mappings"
ARN = "arn:aws:{}:us-east-1:000000000000:{}"
# What Lambda answers for a mapping that was made with a stream and a function alone.
DEFAULTS = {
    "UUID": "f1b6a5c0-0000-4000-8000-000000000001",
    "StartingPosition": "LATEST",
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "ParallelizationFactor": 1,
    "EventSourceArn": ARN.format("kinesis", "stream/Stream"),
    "FunctionArn": ARN.format("lambda", f"function:{FUNCTION}"),
    "LastModified": 1545084650.0,
    "LastProcessingResult": "No records processed",
    "State": "Enabled",
    "StateTransitionReason": "User action",
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": -1,
    "TumblingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
    "EventSourceMappingArn": ARN.format("lambda", "event-source-mapping:f1b6a5c0"),
}


def denied(action: str) -> tuple[int, object]:
    message = f"User: arn:aws:iam::000000000000:user/dev is not authorized to perform: {action}"
    return 403, {"__type": "AccessDeniedException", "message": f"{message} on resource: *"}


def mappings(*changes: Mapping[str, object]) -> dict[str, tuple[int, object]]:
    found = [{**DEFAULTS, "UUID": str(n), **each} for n, each in enumerate(changes)]
    return {MAPPINGS: (200, {"EventSourceMappings": found})}


def status_of(
    run: Kcli, endpoint: str, answers: dict[str, tuple[int, object]], *more: str
) -> Completed:
    with answering(endpoint, answers) as place:
        there = ("--endpoint-url", place, "--stream", "Stream", "--region", "us-east-1")
        keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        return run("status", *there, *more, **keys)


def test_the_status_shows_settings_and_what_waits(run: Kcli, queue: str) -> None:
    put_poison(run)
    result = document(run("status", "--output", "json"))
    assert result["stream"]["mode"] == "ON_DEMAND"
    [mapping] = result["mappings"]
    assert (mapping["state"], mapping["settings"]["BatchSize"]) == ("Enabled", 100)
    assert result["destinations"] == [{"place": queue, "waiting": 1, "inFlight": 0}]
    shown = run("status").stdout
    assert "a failed batch is halved until the bad record is alone" in " ".join(shown.split())
    assert "FailureQueue: 1 document waiting" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_what_the_function_and_the_stream_measured_is_plotted(run: Kcli, queue: str) -> None:
    put_poison(run)
    plots = " ".join(run("status").stdout.partition("The last hour")[2].split())
    for metric in document(run("status", "--output", "json"))["metrics"]:
        assert metric["name"] in plots
        assert any(value is not None for value in metric["perMinute"])
    assert "█ up to" in plots
    assert "no data" not in plots


def test_aws_defaults_are_shown_with_their_risks(run: Kcli, endpoint: str) -> None:
    shown = status_of(run, endpoint, mappings({})).stdout
    assert "Enabled, last result: No records processed" in shown
    assert "MaximumRetryAttempts -1 (no limit)" in shown
    text = " ".join(shown.split())
    assert "! K001 Retries have no limit and records no maximum age: one bad record" in text
    assert "about 1,445 calls in 24 h, then it and 99 good records leave the stream." in text
    assert "! K002 There is no on-failure destination" in text
    assert "On-failure destination none" in text
    assert max(map(len, shown.splitlines())) <= 80


def test_a_mapping_that_delivers_nothing_is_a_warning(run: Kcli, endpoint: str) -> None:
    disabled = {"State": "Disabled", "StateTransitionReason": "USER_INITIATED"}
    shown = status_of(run, endpoint, mappings(disabled)).stdout
    assert "Disabled (USER_INITIATED)" in shown
    assert "! Nothing is delivered: records are gone after 24 h." in shown


def test_a_stream_that_feeds_no_function_has_figures_of_its_own(run: Kcli, endpoint: str) -> None:
    shown = status_of(run, endpoint, mappings()).stdout
    assert "No event source mapping: the stream feeds no function." in shown
    assert "function errors" not in shown


def test_every_mapping_function_and_destination_is_shown(
    run: Kcli, endpoint: str, client: Clients, queue: str
) -> None:
    now = time()
    for name, value in (("first", 1), ("second", 3)):
        dimensions = [{"Name": "FunctionName", "Value": name}]
        datum = {"MetricName": "Errors", "Dimensions": dimensions, "Value": value}
        client("cloudwatch").put_metric_data(
            Namespace="AWS/Lambda", MetricData=[{**datum, "Timestamp": now - 300}]
        )
    answers = mappings(
        {
            "FunctionArn": ARN.format("lambda", "function:first:live"),
            "DestinationConfig": {"OnFailure": {"Destination": ARN.format("sqs", QUEUE)}},
        },
        {
            "FunctionArn": ARN.format("lambda", "function:second"),
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failures"}},
        },
    )
    result = document(status_of(run, endpoint, answers, "--output", "json"))
    assert [each["functionArn"].rpartition("function:")[2] for each in result["mappings"]] == [
        "first:live",
        "second",
    ]
    errors = {each["of"]: each for each in result["metrics"] if each["name"] == "function errors"}
    assert [sum(filter(None, errors[name]["perMinute"])) for name in ("first", "second")] == [1, 3]
    assert result["destinations"] == [
        {"place": queue, "waiting": 0, "inFlight": 0},
        {"place": "arn:aws:s3:::failures", "waiting": None, "inFlight": None},
    ]
    shown = status_of(run, endpoint, answers).stdout
    assert "Event source mapping to first:live" in shown
    assert "\n  second\n" in shown
    assert "failures: not counted here; `kcli redrive` reads the bucket" in shown


@pytest.mark.parametrize(
    ("call", "action", "missing"),
    [
        (
            *(MAPPINGS, "lambda:ListEventSourceMappings"),
            ["Event source mapping to", "On-failure destination"],
        ),
        ("GetMetricData", "cloudwatch:GetMetricData", ["The last hour"]),
        ("GetQueueAttributes", "sqs:GetQueueAttributes", ["On-failure destination"]),
    ],
)
def test_what_may_not_be_asked_does_not_hide_the_rest(
    run: Kcli, endpoint: str, call: str, action: str, missing: list[str]
) -> None:
    completed = status_of(run, endpoint, {call: denied(action)})
    assert completed.returncode == 0
    heads = ["Event source mapping to", "The last hour", "On-failure destination"]
    assert [head for head in heads if head not in completed.stdout] == missing
    text = " ".join(completed.stdout.split())
    assert "Not known: AccessDeniedException" in text
    assert f"lacks the permission {action}." in text
    found = document(status_of(run, endpoint, {call: denied(action)}, "--output", "json"))
    assert len(found["problems"]) == 1


def test_without_the_stream_there_is_no_status(run: Kcli, endpoint: str) -> None:
    action = "kinesis:DescribeStreamSummary"
    completed = status_of(run, endpoint, {"DescribeStreamSummary": denied(action)})
    assert (completed.returncode, completed.stdout) == (3, "")
    assert f"lacks the permission {action}." in completed.stderr


def test_what_names_hold_cannot_act_on_a_terminal(run: Kcli, endpoint: str) -> None:
    evil = "\x1b[31m \x9b1m [red]x[/] \u202e"
    filters = {"FilterCriteria": {"Filters": [{"Pattern": json.dumps({"data": [evil]})}]}}
    answers = mappings({**filters, "LastProcessingResult": evil, "FunctionArn": evil})
    for more in ((), ("--output", "json")):
        shown = status_of(run, endpoint, answers, *more).stdout
        assert "red" in shown
        assert shown.replace("\n", "").isprintable(), more
