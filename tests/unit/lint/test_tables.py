"""The rules for mappings from DynamoDB tables' streams."""

import pytest

from kinesis_cli.lint.linting import Located
from kinesis_cli.lint.rule import Severity
from tests.unit.lint.careful import CAREFUL, FILES, spoilt
from tests.unit.lint.conftest import Linted

TABLE = """\
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
"""
STREAM = """\
  Orders:
    Type: AWS::Kinesis::Stream
    Properties:
      ShardCount: 2
      RetentionPeriodHours: 48
"""
REPORTS = "            FunctionResponseTypes: [ReportBatchItemFailures]\n"
AGE = "            MaximumRecordAgeInSeconds: 3600\n"
WINDOW = "            MaximumBatchingWindowInSeconds: 300\n"
POSITION = "StartingPosition: TRIM_HORIZON"
OF_TABLE = spoilt(
    (STREAM, TABLE),
    ("Type: Kinesis", "Type: DynamoDB"),
    ("!GetAtt Orders.Arn", "!GetAtt Orders.StreamArn"),
)


def pattern(text: str) -> tuple[str, str]:
    return REPORTS, f"{REPORTS}            FilterCriteria: {{Filters: [{{Pattern: '{text}'}}]}}\n"


def found(lint: Linted, *changes: tuple[str, str]) -> list[Located]:
    linted = lint(spoilt(*changes, template=OF_TABLE), FILES)
    assert linted.mappings == 1
    return linted.findings


def ids(findings: list[Located]) -> set[str]:
    return {each.finding.rule.id for each in findings}


def test_nothing_is_found_in_a_careful_template(lint: Linted) -> None:
    assert found(lint) == []


@pytest.mark.parametrize(
    ("changes", "id_"),
    [
        ([("            MaximumRetryAttempts: 5\n", ""), (AGE, "")], "K001"),
        ([(REPORTS, "")], "K003"),
        ([("            BisectBatchOnFunctionError: true\n", "")], "K005"),
        ([(AGE, AGE.replace("3600", "60") + WINDOW)], "K006"),
        ([("3600", "90000")], "K007"),
        ([(POSITION, "StartingPosition: LATEST")], "K009"),
        ([(POSITION, "StartingPosition: AT_TIMESTAMP")], "K026"),
        ([("BatchSize: 100", "BatchSize: 10001")], "K026"),
        ([(AGE, f"{AGE}            TumblingWindowInSeconds: 901\n")], "K026"),
        ([("      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}\n", "")], "K028"),
    ],
)
def test_a_rule_finds_the_same_in_a_mapping_from_a_table(
    changes: list[tuple[str, str]], id_: str, lint: Linted
) -> None:
    assert id_ in ids(found(lint, *changes))


def test_no_destination_is_found_too(lint: Linted) -> None:
    destination = OF_TABLE[OF_TABLE.index("            DestinationConfig:") :]
    destination = destination[: destination.index("\n\n") + 1]
    assert "K002" in ids(found(lint, (destination, "")))


def test_record_age_beyond_a_day_is_pointless_and_retention_cannot_be_longer(lint: Linted) -> None:
    (late,) = found(lint, ("3600", "172800"))
    assert "the stream keeps records 24 h" in late.finding.message
    assert late.finding.advice == "Set it below 86,400."
    assert found(lint, ("3600", "86400")) == []


def test_a_table_has_no_start_at_a_timestamp(lint: Linted) -> None:
    (latest,) = found(lint, (POSITION, "StartingPosition: LATEST"))
    assert latest.finding.advice == "Set it to TRIM_HORIZON."


def test_a_window_with_filters_is_refused_for_sure(lint: Linted) -> None:
    name, text = pattern('{"eventName": ["INSERT"]}')
    (window,) = found(lint, (name, f"{text}            TumblingWindowInSeconds: 60\n"))
    assert (window.finding.rule.id, window.finding.level) == ("K011", Severity.ERROR)
    assert window.finding.unsure == ()


NEW = '{"dynamodb": {"NewImage": %s}}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (NEW % '{"n": {"N": [{"numeric": [">", 5]}]}}', "numbers of an item are text"),
        (NEW % '{"n": {"N": [5]}}', "numbers of an item are text"),
        (NEW % '{"kind": ["order"]}', "names no type at dynamodb.NewImage.kind"),
        (NEW % '{"kind": [{"exists": true}]}', "names no type at dynamodb.NewImage.kind"),
        ('{"NewImage": {"kind": {"S": ["a"]}}}', "it looks at NewImage, which no record of a"),
        ('{"data": {"kind": ["a"]}}', "it looks at data, which no record of a table"),
        ('{"eventName": ["insert"]}', "eventName of a DynamoDB Streams record is INSERT or MODIFY"),
        ('{"eventName": ["aws:kinesis:record"]}', "is INSERT or MODIFY or REMOVE"),
        ('{"eventSource": ["aws:kinesis"]}', "is always aws:dynamodb"),
    ],
)
def test_a_filter_that_no_change_can_match_is_found(text: str, reason: str, lint: Linted) -> None:
    (never,) = found(lint, pattern(text))
    assert never.finding.rule.id == "K012"
    assert reason in never.finding.message
    assert never.finding.advice


@pytest.mark.parametrize(
    "text",
    [
        '{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["order"]}}}}',
        '{"eventName": ["REMOVE"], "userIdentity": {"type": ["Service"]}}',
        '{"dynamodb": {"OldImage": {"n": {"N": ["5"]}}}}',
        '{"dynamodb": {"Keys": {"id": {"S": [{"prefix": "a"}]}}}}',
        '{"dynamodb": {"SizeBytes": [{"numeric": [">", 5]}]}}',
    ],
)
def test_a_filter_that_says_what_it_means_is_left_alone(text: str, lint: Linted) -> None:
    assert found(lint, pattern(text)) == []


@pytest.mark.parametrize(
    ("text", "severity", "message"),
    [
        (NEW % '{"kind": [{"exists": false}]}', Severity.WARNING, "matches every record"),
        (NEW % '{"kind": {"S": [{"exists": false}]}}', Severity.WARNING, "holds for every REMOVE"),
        (NEW % '{"kind": {"S": ["order"]}}', Severity.NOTE, "a REMOVE has no NewImage"),
    ],
)
def test_a_filter_that_matches_other_changes_than_it_seems_to_is_found(
    text: str, severity: Severity, message: str, lint: Linted
) -> None:
    (says,) = found(lint, pattern(text))
    assert (says.finding.rule.id, says.finding.level) == ("K027", severity)
    assert message in says.finding.message


@pytest.mark.parametrize(
    ("view", "image", "never"),
    [
        ("KEYS_ONLY", "NewImage", True),
        ("OLD_IMAGE", "NewImage", True),
        ("NEW_IMAGE", "OldImage", True),
        ("NEW_IMAGE", "NewImage", False),
        ("OLD_IMAGE", "OldImage", False),
        ("KEYS_ONLY", "Keys", False),
    ],
)
def test_a_filter_on_an_image_that_the_stream_does_not_show_never_matches(
    view: str, image: str, never: bool, lint: Linted
) -> None:
    text = f'{{"eventName": ["MODIFY"], "dynamodb": {{"{image}": {{"id": {{"S": ["a"]}}}}}}}}'
    findings = found(
        lint, pattern(text), ("StreamViewType: NEW_AND_OLD_IMAGES", f"StreamViewType: {view}")
    )
    assert ids(findings) == ({"K012"} if never else set())
    if never:
        assert (
            f"the stream of Orders is {view}, and shows no {image}" in findings[0].finding.message
        )


def test_a_table_whose_stream_is_off_is_mended(lint: Linted) -> None:
    view = "      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}\n"
    (off,) = found(lint, (view, ""))
    assert (off.finding.rule.id, off.finding.level) == ("K028", Severity.ERROR)
    assert "+      StreamSpecification:" in off.diff


def test_a_table_of_another_stack_is_not_judged(lint: Linted) -> None:
    imported = spoilt(
        (TABLE, "  Unused:\n    Type: AWS::SNS::Topic\n"),
        ("!GetAtt Orders.StreamArn", "!ImportValue OrdersStream"),
        template=OF_TABLE,
    )
    linted = lint(imported, FILES)
    assert (linted.mappings, linted.findings) == (1, [])


def test_both_kinds_of_mapping_of_a_template_are_judged(lint: Linted) -> None:
    second = OF_TABLE[OF_TABLE.index("  Worker:") : OF_TABLE.index("  Failures:")]
    second = second.replace("Worker", "Second")
    table = TABLE.replace("Orders", "Bills")
    second = second.replace("Orders", "Bills").replace(AGE, AGE.replace("3600", "90000"))
    linted = lint(f"{CAREFUL}\n{table}\n{second}", FILES)
    assert linted.mappings == 2
    assert "K007" in ids(linted.findings)
