"""A template's mappings on the streams of DynamoDB tables."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from kinesis_cli import InputError
from kinesis_cli.project.find import find_function
from kinesis_cli.project.mapping import choose_mapping
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.project.template.template import Template
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB
from kinesis_cli.stream.kinds.kafka import KAFKA, SELF_MANAGED_KAFKA
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS

SAM = """
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Orders:
        Type: AWS::DynamoDB::Table
        Properties:
          TableName: orders
          StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      Readings:
        Type: AWS::Kinesis::Stream
      OnChange:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: .
          Handler: app.on_change
          Runtime: python3.13
          Events:
            Changes:
              Type: DynamoDB
              Properties:
                Stream: !GetAtt Orders.StreamArn
                StartingPosition: TRIM_HORIZON
                BatchSize: 7
                FunctionResponseTypes: [ReportBatchItemFailures]
      OnReading:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: .
          Handler: app.on_reading
          Runtime: python3.13
          Events:
            Readings:
              Type: Kinesis
              Properties: {Stream: !GetAtt Readings.Arn, StartingPosition: LATEST}
"""


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")


def project(folder: Path, template: str, name: str = "template.yaml") -> Path:
    (folder / "app.py").write_text("def on_change(event, context): pass\non_reading = on_change\n")
    (folder / name).write_text(dedent(template))
    return folder


def test_the_function_that_the_kind_of_source_feeds_is_the_one(tmp_path: Path) -> None:
    folder = project(tmp_path, SAM)
    fed_by_table = find_function(directory=folder, kind=DYNAMODB)
    assert (fed_by_table.handler, fed_by_table.kind) == ("app.on_change", DYNAMODB)
    assert find_function(directory=folder, kind=KINESIS).handler == "app.on_reading"
    mapping = choose_mapping(fed_by_table, None, {}).mapping
    assert (mapping.kind, mapping.batch_size) == (DYNAMODB, 7)
    assert mapping.event_source_arn is not None
    assert mapping.event_source_arn.startswith(
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/"
    )


def test_a_function_that_reads_both_has_the_mapping_of_the_kind(tmp_path: Path) -> None:
    both = SAM.replace("      OnReading:", "      Other:").replace(
        "            Changes:\n",
        "            Readings:\n"
        "              Type: Kinesis\n"
        "              Properties: {Stream: !GetAtt Readings.Arn, BatchSize: 3}\n"
        "            Changes:\n",
    )
    folder = project(tmp_path, both)
    for kind, size in ((DYNAMODB, 7), (KINESIS, 3)):
        found = find_function(directory=folder, kind=kind, function="OnChange")
        assert choose_mapping(found, None, {}).mapping.batch_size == size
        assert found.other_feeders == (
            ("Kinesis (Readings)",) if kind is DYNAMODB else ("DynamoDB (Changes)",)
        )


@pytest.mark.parametrize(
    "source",
    [
        "!GetAtt Orders.StreamArn",
        "arn:aws:dynamodb:eu-west-1:111111111111:table/t/stream/2026-09-17T13:26:53.746",
        "!ImportValue orders-table-stream",
        "!Ref OrdersTableStreamArn",
    ],
)
def test_a_mapping_of_cloudformation_on_a_tables_stream_is_one(tmp_path: Path, source: str) -> None:
    folder = project(
        tmp_path,
        f"""
        Resources:
          Orders:
            Type: AWS::DynamoDB::Table
            Properties: {{StreamSpecification: {{StreamViewType: KEYS_ONLY}}}}
          Code:
            Type: AWS::Lambda::Function
            Properties: {{Code: ., Handler: app.on_change, Runtime: python3.13}}
          Changes:
            Type: AWS::Lambda::EventSourceMapping
            Properties:
              FunctionName: !Ref Code
              EventSourceArn: {source}
              StartingPosition: LATEST
              MaximumRetryAttempts: 2
        """,
    )
    found = find_function(directory=folder, kind=DYNAMODB)
    mapping = choose_mapping(found, None, {}).mapping
    assert (mapping.kind, mapping.maximum_retry_attempts) == (DYNAMODB, 2)
    assert find_function(directory=folder, kind=KINESIS).mapping is None


def terraform(**table: object) -> dict[str, Any]:
    values: dict[str, dict[str, object]] = {
        "aws_dynamodb_table.orders": {"name": "orders", **table},
        "aws_lambda_function.code": {
            "function_name": "code",
            "handler": "app.on_change",
            "runtime": "python3.13",
            "filename": ".",
        },
        "aws_lambda_event_source_mapping.changes": {"batch_size": 9, "starting_position": "LATEST"},
    }
    references = {
        "event_source_arn": ["aws_dynamodb_table.orders.stream_arn"],
        "function_name": ["aws_lambda_function.code.arn"],
    }
    resources, written = [], []
    for address, each in values.items():
        type_, _, name = address.partition(".")
        one = {"address": address, "mode": "managed", "type": type_, "name": name}
        resources.append({**one, "values": each})
        expressions = {member: {"references": found} for member, found in references.items()}
        written.append({**one, "expressions": expressions if "mapping" in type_ else {}})
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": resources}},
        "configuration": {"root_module": {"resources": written}},
    }


def test_a_plan_of_terraform_leads_from_a_table_to_its_function(tmp_path: Path) -> None:
    plan = terraform(stream_enabled=True, stream_view_type="NEW_IMAGE")
    folder = project(tmp_path, json.dumps(plan), "plan.json")
    found = find_function(directory=folder, template=folder / "plan.json", kind=DYNAMODB)
    mapping = choose_mapping(found, None, {}).mapping
    assert mapping.batch_size == 9
    assert ":table/orders/stream/" in str(mapping.event_source_arn)


def test_a_setting_that_a_table_has_not_is_refused_with_its_place(tmp_path: Path) -> None:
    folder = project(tmp_path, SAM.replace("TRIM_HORIZON", "AT_TIMESTAMP"))
    found = find_function(directory=folder, kind=DYNAMODB)
    with pytest.raises(InputError, match=r"template\.yaml, OnChange: StartingPosition is 'AT_TIME"):
        choose_mapping(found, None, {})


def test_an_age_beyond_what_a_table_keeps_is_said_to_do_nothing(tmp_path: Path) -> None:
    age = "BatchSize: 7\n                MaximumRecordAgeInSeconds: 604800"
    folder = project(tmp_path, SAM.replace("BatchSize: 7", age))
    choice = choose_mapping(find_function(directory=folder, kind=DYNAMODB), None, {})
    (note,) = choice.notes
    assert note.startswith("MaximumRecordAgeInSeconds 604,800 does nothing: a DynamoDB stream")


CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-2"


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        pytest.param({"Stream": CLUSTER}, KAFKA, id="MSK"),
        pytest.param({"KafkaBootstrapServers": ["a:9092"]}, SELF_MANAGED_KAFKA, id="self-managed"),
    ],
)
def test_a_function_that_kafka_feeds_has_its_mapping(
    tmp_path: Path, members: dict[str, object], kind: SourceKind
) -> None:
    properties = {"Topics": ["t"], "BatchSize": 9, "ConsumerGroupId": "g", **members}
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "CodeUri": ".",
            "Handler": "app.on_change",
            "Runtime": "python3.13",
            "Events": {"Topic": {"Type": kind.event_type, "Properties": properties}},
        },
    }
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Code": function}}
    folder = project(tmp_path, json.dumps(template))
    found = find_function(directory=folder, kind=kind)
    mapping = choose_mapping(found, None, {}).mapping
    assert (mapping.kind, mapping.batch_size) == (kind, 9)
    assert found.other_feeders == ()
    assert not [note for note in found.notes if "not acted on" in note]


def test_a_table_of_terraform_has_keys_indexes_and_time_to_live(tmp_path: Path) -> None:
    plan = terraform(
        hash_key="pk",
        range_key="sk",
        attribute=[{"name": each, "type": "S"} for each in ("pk", "sk", "day")],
        global_secondary_index=[
            {"name": "by-day", "hash_key": "day", "projection_type": "KEYS_ONLY"}
        ],
        local_secondary_index=[
            {
                "name": "of-day",
                "range_key": "day",
                "projection_type": "INCLUDE",
                "non_key_attributes": ["n"],
            }
        ],
        ttl=[{"enabled": True, "attribute_name": "expires"}],
    )
    folder = project(tmp_path, json.dumps(plan), "plan.json")
    template = Template.read(TemplateFile(folder / "plan.json"))
    ((_, table),) = template.resources("AWS::DynamoDB::Table").items()
    pk, sk, day = ({"AttributeName": each, "KeyType": "HASH"} for each in ("pk", "sk", "day"))
    assert table["Properties"] == {
        "TableName": "orders",
        "AttributeDefinitions": [
            {"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk", "day")
        ],
        "KeySchema": [pk, {**sk, "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-day",
                "KeySchema": [day],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "LocalSecondaryIndexes": [
            {
                "IndexName": "of-day",
                "KeySchema": [pk, {**day, "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["n"]},
            }
        ],
        "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"},
    }
