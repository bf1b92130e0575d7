"""What is around a mapping: how it starts, and who notices when it goes wrong. Pure."""

from collections.abc import Iterator

from kinesis_cli.lint.checks import checks
from kinesis_cli.lint.facts import MappingFacts
from kinesis_cli.lint.rule import Change, Finding, Rule, Severity

STARTS_LATEST = Rule(
    "K009",
    "starts-at-latest",
    Severity.WARNING,
    "LATEST loses what is put while the mapping starts",
    "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html",
)
AGE_UNWATCHED = Rule(
    "K017",
    "iterator-age-unwatched",
    Severity.NOTE,
    "No alarm tells when delivery falls behind",
    "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
)
FAILURES_UNWATCHED = Rule(
    "K018",
    "failures-unwatched",
    Severity.NOTE,
    "Nobody is told of what arrives in the on-failure destination",
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
)
_MINUTES = 5  # that delivery may lag before the alarm goes off


@checks(STARTS_LATEST)
def starts_latest(mapping: MappingFacts) -> Iterator[Finding]:
    """A mapping takes minutes to be there; LATEST begins when it is."""
    if mapping.values.get("StartingPosition") != "LATEST":
        return
    other = ""
    if "AT_TIMESTAMP" in mapping.kind.rules.starting_positions:
        other = ", or to AT_TIMESTAMP with the moment of the deployment"
    yield Finding(
        STARTS_LATEST,
        "StartingPosition is LATEST: records that are put while the mapping is being made are "
        "never delivered.",
        "AWS says that it may take several minutes: at 100 records/s, 6,000 records a minute.",
        f"Set it to TRIM_HORIZON{other}.",
        mapping.at("StartingPosition"),
        changes=(Change(mapping.place, "StartingPosition", "TRIM_HORIZON"),),
    )


@checks(AGE_UNWATCHED)
def age_unwatched(mapping: MappingFacts) -> Iterator[Finding]:
    """No alarm of the template is on IteratorAge."""
    if mapping.age_is_watched is not False or mapping.function is None:
        return
    hours = mapping.retention_hours or 24
    yield Finding(
        AGE_UNWATCHED,
        "No alarm of this template is on the function's IteratorAge.",
        f"When delivery stops, nothing tells; {hours:,} h later records begin to be lost.",
        "Add an alarm on IteratorAge (AWS/Lambda, Maximum), or ignore this where one is elsewhere.",
        mapping.place[:-1],
        changes=_age_alarm(mapping),
    )


def _age_alarm(mapping: MappingFacts) -> tuple[Change, ...]:
    assert mapping.function is not None
    function = mapping.function.name
    alarm = _alarm(
        "AWS/Lambda",
        "IteratorAge",
        "FunctionName",
        {"Ref": function},
        periods=_MINUTES,
        threshold=_MINUTES * 60_000,
    )
    return (Change(("Resources",), mapping.new_name(f"{function}IteratorAgeAlarm"), alarm),)


@checks(FAILURES_UNWATCHED)
def failures_unwatched(mapping: MappingFacts) -> Iterator[Finding]:
    """The destination is the template's, and neither alarm nor reader nor subscriber is there."""
    destination = mapping.destination
    if destination is None or destination.is_watched is not False:
        return
    if destination.kind == "SNS":
        yield Finding(
            FAILURES_UNWATCHED,
            f"Nothing in this template subscribes to {destination.name}.",
            "A topic without subscribers delivers a document to 0 places, and keeps none.",
            "Add a subscription, or ignore this where one is made elsewhere.",
            destination.place[:-1],
        )
        return
    yield Finding(
        FAILURES_UNWATCHED,
        f"No alarm of this template is on {destination.name}, and no function of it reads it.",
        f"Documents wait unseen; the records that they name leave the stream after "
        f"{mapping.retention_hours or 24:,} h.",
        "Add an alarm on ApproximateNumberOfMessagesVisible (AWS/SQS, Maximum).",
        destination.place[:-1],
        changes=(
            Change(
                ("Resources",),
                mapping.new_name(f"{destination.name}Alarm"),
                queue_alarm(destination.name),
            ),
        ),
    )


def queue_alarm(queue: str) -> dict[str, object]:
    """An alarm that goes off with the first document in a queue of the template."""
    return _alarm(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "QueueName",
        {"Fn::GetAtt": [queue, "QueueName"]},
        periods=1,
        threshold=0,
    )


def _alarm(
    namespace: str,
    metric: str,
    dimension: str,
    value: object,
    *,
    periods: int,
    threshold: int,
) -> dict[str, object]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": dimension, "Value": value}],
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        },
    }
