"""`kcli check` of functions that a table's stream feeds."""

import json
from pathlib import Path

import pytest

from kinesis_cli.cli.main import main
from kinesis_cli.project.find import find_function
from kinesis_cli.project.mapping import choose_mapping
from kinesis_cli.testing import Kinesis, checks
from kinesis_cli.testing.search.checking import Plan, check_function, wanted_properties
from kinesis_cli.testing.search.report import CheckReport

pytestmark = pytest.mark.slow

CAREFUL = """
from decimal import Decimal

def handler(event, context):
    failures = []
    for record in event["Records"]:
        change = record["dynamodb"]
        try:
            image = change.get("NewImage", {})
            if record["eventName"] != "REMOVE":
                Decimal(image["total"]["N"])
        except Exception as error:
            print(type(error).__name__)
            failures.append({"itemIdentifier": change["SequenceNumber"]})
    return {"batchItemFailures": failures}
"""
TRUSTS_NEW_IMAGE = CAREFUL.replace('image = change.get("NewImage", {})', "pass").replace(
    'if record["eventName"] != "REMOVE":', 'image = change["NewImage"]\n            if image:'
)
RAISES = """
def handler(event, context):
    for record in event["Records"]:
        float(record["dynamodb"]["NewImage"]["total"]["N"])
    return {"batchItemFailures": []}
"""
REPORTS_EVENT_ID = CAREFUL.replace('change["SequenceNumber"]', 'record["eventID"]')
CHANGES_EVENT = CAREFUL.replace("try:", 'try:\n            change.pop("SizeBytes", None)')


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    items = [{"id": "1", "total": 12}, {"id": "2", "total": 3.5, "note": "x"}]
    records = Kinesis(mapping={}).changes(items, "put,update", keys="id")
    lines = b"".join(record.line + b"\n" for record in records)
    (tmp_path / "changes.ndjson").write_bytes(lines)
    return tmp_path


def report_of(folder: Path, code: str, *only: str, examples: int = 20) -> CheckReport:
    (folder / "app.py").write_text(code)
    function = find_function(handler="app.py:handler", directory=folder)
    plan = Plan(
        names=wanted_properties(only, idempotent=False, secrets=()),
        samples=str(folder / "changes.ndjson"),
        max_examples=examples,
    )
    settings = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 2}
    return check_function(function, choose_mapping(function, None, settings), plan, is_ours=False)


def broken(report: CheckReport) -> set[str]:
    return {each.name for each in report.results if each.failure}


def test_a_careful_function_breaks_no_property(folder: Path) -> None:
    report = report_of(folder, CAREFUL)
    assert broken(report) == set()
    assert report.samples == 4
    assert report.batches > 200


def test_a_function_that_needs_a_new_image_loses_its_batch_to_a_removal(folder: Path) -> None:
    report = report_of(folder, RAISES, "one-bad-record")
    (failure,) = report.failures
    assert failure.failure is not None
    assert (
        "the whole call fails for record 1, although record 2 is good" in failure.failure.sentence
    )
    assert failure.failure.made_of[0] == "a REMOVE, without NewImage"
    assert json.loads(failure.failure.records[0].raw)["eventName"] == "REMOVE"
    assert failure.failure.aftermath is not None
    assert "discarded" in failure.failure.aftermath.sentence


@pytest.mark.parametrize(
    ("code", "name"),
    [(REPORTS_EVENT_ID, "ids-of-batch"), (CHANGES_EVENT, "event-unchanged")],
)
def test_a_planted_mistake_is_found(code: str, name: str, folder: Path) -> None:
    assert broken(report_of(folder, code, name)) == {name}


def test_a_removal_that_is_reported_is_no_mistake(folder: Path) -> None:
    samples = folder / "changes.ndjson"
    samples.write_text(samples.read_text().splitlines()[0])  # removals are made of each
    assert broken(report_of(folder, TRUSTS_NEW_IMAGE)) == set()


def test_the_test_that_is_written_fails_until_the_function_is_mended(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "app.py").write_text(RAISES)
    options = ["--only", "one-bad-record", "--report-batch-item-failures", "--max-examples", "0"]
    assert main(["check", "changes.ndjson", "--handler", "app.py:handler", *options]) == 1
    assert "a REMOVE, without NewImage" in capfd.readouterr().out
    records = checks.records_of(folder / "tests" / "kinesis_counterexample_1.json")
    assert [type(each).__name__ for each in records] == ["ChangeRecord"] * len(records)
    with (
        pytest.raises(checks.CheckFailedError, match="the whole call fails"),
        checks.function_under_check(
            handler="app.py:handler",
            mapping={"FunctionResponseTypes": ["ReportBatchItemFailures"]},
            directory=folder,
        ) as function,
    ):
        checks.one_bad_record(function, records)


def test_a_sample_that_is_broken_is_one_sentence(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "app.py").write_text(RAISES)
    record = json.loads((folder / "changes.ndjson").read_text().splitlines()[0])
    record["dynamodb"]["NewImage"] = {"id": "1"}
    (folder / "bad.json").write_text(json.dumps({"Records": [record]}))
    assert main(["check", "bad.json", "--handler", "app.py:handler"]) == 2
    said = " ".join(capfd.readouterr().err.split())
    assert "bad.json, record 1, dynamodb.NewImage: the attribute 'id' has no type" in said


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Ship:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.13
      Events:
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Orders.StreamArn
            StartingPosition: TRIM_HORIZON
            FunctionResponseTypes: [ReportBatchItemFailures]
"""


def test_without_samples_the_template_tells_what_feeds_the_function(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(RAISES)
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "changes.ndjson").unlink()
    assert main(["check", "--only", "one-bad-record", "--max-examples", "0"]) == 1
    page = " ".join(capfd.readouterr().out.split())
    assert "items with the attributes that the code looks up: total" in page
    assert "from template.yaml, Ship" in page
    assert "a REMOVE, without NewImage" in page
    with checks.function_under_check(directory=folder) as function:
        assert function.mapping.report_batch_item_failures
        assert function.mapping.kind.name == "dynamodb"


def test_the_events_that_a_project_keeps_are_its_samples(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(CAREFUL)
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "events").mkdir()
    (folder / "changes.ndjson").rename(folder / "events" / "changes.ndjson")
    assert main(["check", "--only", "answer-shape", "--max-examples", "0", "--no-tests"]) == 0
    assert "of events/changes.ndjson" in " ".join(capfd.readouterr().out.split())


OF_TOPIC = """
import json
from base64 import b64decode

def handler(event, context):
    failures = []
    for partition, records in event["records"].items():
        for record in records:
            try:
                float(json.loads(b64decode(record["value"]))["total"])
            except Exception as error:
                print(type(error).__name__)
                item = {"partition": partition, "offset": record["offset"]}
                failures.append({"itemIdentifier": item})
    return {"batchItemFailures": failures}
"""


@pytest.mark.parametrize("options", [[], ["--self-managed"]])
def test_a_function_of_a_topic_is_checked_with_payloads(
    options: list[str], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = ["event", "--kafka", "--data", '{"total": 1}', "--count", "3", "-o", "topic.ndjson"]
    assert main([*made, *options]) == 0
    settings = ["--report-batch-item-failures", "--max-examples", "10", "--no-tests"]
    only = ["--only", "one-bad-record", "--only", "ids-of-batch", "--only", "neighbours"]
    check = ["check", "topic.ndjson", "--handler", "app.py:handler", *settings, *only]
    (folder / "app.py").write_text(OF_TOPIC)
    assert main(check) == 0, capfd.readouterr()
    raising = OF_TOPIC.replace("except Exception", "except KeyError")
    (folder / "app.py").write_text(raising)
    capfd.readouterr()
    assert main(check) == 1
    assert "one-bad-record: the whole call fails" in capfd.readouterr().out
