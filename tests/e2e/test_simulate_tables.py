"""`kcli simulate` and `kcli invoke` with the records of a table's stream."""

import json
from pathlib import Path
from textwrap import dedent

from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.stream.kinds.dynamodb import change_record
from tests.e2e.programs import Kcli

ARN = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/2026-09-17T13:26:53.746"
NUMBER = 9_900_000_000_000_000_000_000

HANDLER = """
    def handler(event, context):
        failed = [
            record["dynamodb"]["SequenceNumber"]
            for record in event["Records"]
            if record["dynamodb"].get("NewImage", {}).get("n") == {"N": "7"}
        ]
        for number in failed:
            print("ERROR cannot handle", number)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
"""
TEMPLATE = """
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Orders:
        Type: AWS::DynamoDB::Table
        Properties:
          TableName: orders
          StreamSpecification: {StreamViewType: NEW_IMAGE}
      OnChange:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: .
          Handler: h.handler
          Runtime: python3.13
          Events:
            Changes:
              Type: DynamoDB
              Properties:
                Stream: !GetAtt Orders.StreamArn
                StartingPosition: TRIM_HORIZON
                BatchSize: 5
                MaximumRetryAttempts: 1
                FunctionResponseTypes: [ReportBatchItemFailures]
"""


def a_project(folder: Path, *, template: bool = True) -> None:
    (folder / "h.py").write_text(dedent(HANDLER))
    if template:
        (folder / "template.yaml").write_text(dedent(TEMPLATE))
    records = [
        change_record(
            {
                "eventID": f"{n:032x}",
                "eventName": "INSERT",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-west-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1789651658.0 + n // 5,
                    "Keys": {"pk": {"S": f"item-{n}"}},
                    "NewImage": {"pk": {"S": f"item-{n}"}, "n": {"N": str(n)}},
                    "SequenceNumber": str(NUMBER + n * 10**20),
                    "SizeBytes": 12,
                    "StreamViewType": "NEW_IMAGE",
                },
                "eventSourceARN": ARN,
            },
            shard_id="shardId-00000001573078800519-53ac2f3c",
        )
        for n in range(10)
    ]
    write_recording(records, folder / "day.ndjson")
    event = {"Records": [json.loads(record.raw) for record in records]}
    (folder / "event.json").write_text(json.dumps(event))


def test_the_functions_mapping_on_the_tables_stream_delivers_a_recording(
    kcli: Kcli, tmp_path: Path
) -> None:
    a_project(tmp_path)
    ended = kcli("simulate", "day.ndjson", "--output", "json", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["mapping"]["BatchSize"] == 5
    assert result["summary"]["discarded"] == 3  # the bad one, and what stands behind it
    (document,) = result["destination"]
    info = document["DDBStreamBatchInfo"]
    assert info["startSequenceNumber"] == str(NUMBER + 7 * 10**20)
    assert info["shardId"] == "shardId-00000001573078800519-53ac2f3c"
    assert info["approximateArrivalOfFirstRecord"] == "2026-09-17T13:27:39Z"


def test_the_table_view_speaks_of_items_and_shows_what_changed(kcli: Kcli, tmp_path: Path) -> None:
    a_project(tmp_path)
    ended = kcli("simulate", "event.json", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "sequence number shard  item key" in ended.stdout
    assert '{"eventName":"INSERT","Keys":{"pk":{"S":"item-7"}}' in ended.stdout
    assert "ERROR cannot handle" in ended.stdout
    life = kcli("simulate", "event.json", "--explain", "10600000000000000000000", cwd=tmp_path)
    assert life.returncode == 0, life.stderr
    assert "item key item-7" in life.stdout
    assert "They ended" not in life.stdout
    assert "It ended: discarded" in life.stdout


def test_one_call_names_the_record_that_failed(kcli: Kcli, tmp_path: Path) -> None:
    a_project(tmp_path)
    for file in ("event.json", "day.ndjson"):
        ended = kcli("invoke", file, "--output", "json", cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout)["batchItemFailures"] == [str(NUMBER + 7 * 10**20)]
        assert "feeds this function" not in ended.stderr
    shown = kcli("invoke", "event.json", cwd=tmp_path)
    assert "item key" in shown.stdout


def test_a_handler_alone_has_awss_defaults_and_a_filter_on_numbers_is_warned_of(
    kcli: Kcli, tmp_path: Path
) -> None:
    a_project(tmp_path, template=False)
    pattern = '{"dynamodb": {"NewImage": {"n": {"N": [{"numeric": [">", 3]}]}}}}'
    command = ("simulate", "day.ndjson", "--handler", "h.py:handler", "--output", "json")
    ended = kcli(*command, "--filter", pattern, cwd=tmp_path)
    assert "can never match: numbers of an item are text" in ended.stderr
    assert json.loads(ended.stdout)["summary"]["filtered"] == 10
    typed = '{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"n": {"N": ["3"]}}}}'
    ended = kcli(*command, "--filter", typed, cwd=tmp_path)
    assert ended.stderr == ""
    assert json.loads(ended.stdout)["summary"]["succeeded"] == 1


def test_since_begins_when_the_mapping_goes_live(kcli: Kcli, tmp_path: Path) -> None:
    a_project(tmp_path)
    since = ("--since", "+1", "--output", "json")
    ended = kcli("simulate", "day.ndjson", *since, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["mapping"]["StartingPosition"] == "LATEST"
    assert result["summary"]["skipped"] == 5
    refused = kcli("simulate", "day.ndjson", *since, "--start-at", "+3", cwd=tmp_path)
    assert refused.returncode == 2
    assert "begins when it goes live" in refused.stderr


def test_windows_over_hours_are_said_to_be_cut_on_aws(kcli: Kcli, tmp_path: Path) -> None:
    a_project(tmp_path)
    lines = (tmp_path / "day.ndjson").read_text()
    (tmp_path / "day.ndjson").write_text(lines.replace("1.789651659E9", "1.789671659E9"))
    (tmp_path / "w.py").write_text("def handler(event, context): return {'state': {}}\n")
    options = ("--handler", "w.py:handler", "--tumbling-window-in-seconds", "60")
    ended = kcli("simulate", "day.ndjson", *options, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "the records span more than 4 hours" in ended.stderr


def test_what_does_not_fit_a_table_is_said_in_a_sentence(kcli: Kcli, tmp_path: Path) -> None:
    a_project(tmp_path)
    for options, problem in (
        (("--retention-hours", "48"), "a DynamoDB stream keeps a record for 24 hours"),
        (("--starting-position", "AT_TIMESTAMP", "--starting-position-timestamp", "1"), "'AT_TIME"),
        (("--tumbling-window-in-seconds", "9", "--parallelization-factor", "2"), "combined with"),
        (("--as-kinesis", "--handler", "nofile.py:f"), "there is no file nofile.py"),
    ):
        ended = kcli("simulate", "day.ndjson", *options, cwd=tmp_path)
        assert ended.returncode == 2
        assert problem in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_function_of_another_source_is_not_called_with_a_tables_records(
    kcli: Kcli, tmp_path: Path
) -> None:
    a_project(tmp_path)
    template = (tmp_path / "template.yaml").read_text()
    (tmp_path / "template.yaml").write_text(template.replace("Type: DynamoDB", "Type: Kinesis"))
    ended = kcli("simulate", "day.ndjson", cwd=tmp_path)
    assert ended.returncode == 2
    assert "is fed by Kinesis (Changes), not by DynamoDB Streams" in ended.stderr
    forced = kcli("simulate", "day.ndjson", "--as-kinesis", cwd=tmp_path)
    assert forced.returncode == 0, forced.stderr


def test_an_event_of_kafka_is_delivered_partition_by_partition(kcli: Kcli, tmp_path: Path) -> None:
    (tmp_path / "k.py").write_text(
        dedent(
            """
            def handler(event, context):
                ((partition, records),) = event["records"].items()
                if not any(record["offset"] == 3 for record in records):
                    return {}
                failed = {"partition": partition, "offset": 3}
                return {"batchItemFailures": [{"itemIdentifier": failed}]}
            """
        )
    )
    made = kcli("event", "--kafka", "--count", "6", "-o", "event.json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    options = ("--handler", "k.py:handler", "--report-batch-item-failures", "--output", "json")
    ended = kcli("simulate", "event.json", *options, "--maximum-retry-attempts", "0", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["summary"]["discarded"] >= 1
    assert result["destination"][0]["KafkaBatchInfo"]["recordsInfo"]
    refused = kcli(
        "simulate", "event.json", *options, "--parallelization-factor", "2", cwd=tmp_path
    )
    assert refused.returncode == 2
    assert "ParallelizationFactor is for streams" in refused.stderr
