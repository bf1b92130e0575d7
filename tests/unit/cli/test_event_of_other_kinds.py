"""`kcli event` where it makes changes of a table, or a topic's records."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.cli.main import main
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.stream.kinds.change_record import ChangeRecord

Captured = pytest.CaptureFixture[bytes]
ITEMS = [{"pk": "a", "sk": 1, "n": 1.5}, {"pk": "b", "sk": 1, "tags": ["x", None]}]
CHANGES = "put,update,delete,ttl"


@pytest.fixture(autouse=True)
def items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("items.json").write_text(json.dumps(ITEMS))
    Path("models.py").write_text(
        "from pydantic import BaseModel\n"
        "class Item(BaseModel):\n    pk: str\n    sk: int\n    price: float\n"
    )


def run(*arguments: str) -> int:
    return main(["event", *arguments])


def printed(captured: Captured) -> Any:  # noqa: ANN401 - JSON
    return json.loads(captured.readouterr().out)


def test_items_are_put_changed_and_removed(capfdbinary: Captured) -> None:
    options = ["--dynamodb", "--items", "items.json", "--keys", "pk,sk", "--changes", CHANGES]
    assert run(*options, "--view", "NEW_AND_OLD_IMAGES", "--table", "orders") == 0
    records = printed(capfdbinary)["Records"]
    assert [(each["eventName"], each["dynamodb"]["Keys"]["pk"]["S"]) for each in records] == [
        *(("INSERT", "a"), ("MODIFY", "a"), ("REMOVE", "a"), ("REMOVE", "b"))
    ]
    assert ["userIdentity" in each for each in records] == [False, False, False, True]
    assert records[3]["dynamodb"]["OldImage"]["tags"] == {"L": [{"S": "x"}, {"NULL": True}]}
    assert {each["eventSourceARN"].split("/")[1] for each in records} == {"orders"}


def test_a_count_is_how_many_records(capfdbinary: Captured) -> None:
    for count in (0, 1, 7):
        options = ["--dynamodb", "--items", "items.json", "--keys", "pk,sk", "--changes", CHANGES]
        assert run(*options, "--count", str(count)) == 0
        assert len(printed(capfdbinary)["Records"]) == count


def test_a_model_makes_a_new_item_for_each_life(capfdbinary: Captured) -> None:
    options = ["--dynamodb", "--model", "models:Item", "--keys", "pk,sk", "--changes", CHANGES]
    assert run(*options, "--seed", "1") == 0
    output = capfdbinary.readouterr().out
    first, second, third, fourth = json.loads(output)["Records"]
    assert first["dynamodb"]["NewImage"] == second["dynamodb"]["OldImage"]
    assert second["dynamodb"]["NewImage"] == third["dynamodb"]["OldImage"]
    assert second["dynamodb"]["NewImage"] != first["dynamodb"]["NewImage"]
    assert third["dynamodb"]["Keys"] != fourth["dynamodb"]["Keys"]
    assert first["dynamodb"]["NewImage"]["sk"].keys() == {"N"}
    assert run(*options, "--seed", "1") == 0
    assert capfdbinary.readouterr().out == output


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "a.json"])
def test_a_file_is_read_again_with_its_shards(name: str, capfdbinary: Captured) -> None:
    options = ["--dynamodb", "--sensors", "9", "--count", "30", "--shards", "3", "--seed", "1"]
    assert run(*options, "-o", name) == 0
    kind = "an event" if name == "a.json" else "a recording"
    said = capfdbinary.readouterr().err.decode()
    assert f"{name}: {kind} of 30 records" in said
    assert ("an event does not tell the shards" in said) == (name == "a.json")
    with Recording.open([name]) as recording:
        records = list(recording.records())
        assert len(recording.shard_ids) == (1 if name == "a.json" else 3)
    assert len(records) == 30
    assert all(isinstance(each, ChangeRecord) for each in records)
    assert {each.arrival for each in records} == {1735689600.0 + index for index in range(30)}


def test_changes_on_a_kinesis_stream_are_payloads(capfdbinary: Captured) -> None:
    arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/changes"
    options = [
        "--dynamodb-on-kinesis",
        "--items",
        "items.json",
        "--keys",
        "pk",
        "--table",
        "orders",
    ]
    assert run(*options, "--event-source-arn", arn) == 0
    records = printed(capfdbinary)["Records"]
    assert [each["eventSource"] for each in records] == ["aws:kinesis"] * 2
    first = json.loads(b64decode(records[0]["kinesis"]["data"]))
    assert (first["tableName"], first["awsRegion"]) == ("orders", "eu-west-1")
    assert first["dynamodb"]["NewImage"]["n"] == {"N": "1.5"}


@pytest.mark.parametrize("options", [[], ["--self-managed"]])
def test_an_event_of_kafka_has_a_list_for_each_partition(
    options: list[str], capfdbinary: Captured
) -> None:
    assert run("--kafka", "--count", "8", "--sensors", "4", "--shards", "2", *options) == 0
    event = printed(capfdbinary)
    assert event["eventSource"] == ("SelfManagedKafka" if options else "aws:kafka")
    assert ("eventSourceArn" in event) == (not options)
    assert sum(map(len, event["records"].values())) == 8
    for name, records in event["records"].items():
        assert [each["offset"] for each in records] == list(range(len(records)))
        assert {f"{each['topic']}-{each['partition']}" for each in records} == {name}
    keys = [{each["key"] for each in records} for records in event["records"].values()]
    assert len(keys) == 1 or not keys[0] & keys[1]
    assert json.loads(b64decode(records[0]["value"])).keys() == {"temperature", "readingTimestamp"}


def test_in_a_project_of_the_users_readings_are_not_made_up(
    capfdbinary: Captured,
) -> None:
    Path("template.yaml").write_text("Resources: {T: {Type: AWS::DynamoDB::Table}}\n")
    assert run("--dynamodb") == 2
    said = " ".join(capfdbinary.readouterr().err.decode().split())
    assert "nothing says which items are changed" in said
    assert "Add --items FILE --keys PK[,SK]" in said
    assert run("--dynamodb", "--temperature", "20") == 0


@pytest.mark.parametrize("name", ["topic.ndjson", "topic.json"])
@pytest.mark.parametrize("options", [[], ["--self-managed"]])
def test_a_file_of_kafka_is_read_again(
    options: list[str], name: str, capfdbinary: Captured
) -> None:
    made = ["--kafka", "--sensors", "4", "--count", "9", "--shards", "3", "--seed", "1"]
    assert run(*made, *options, "-o", name) == 0
    kind = "a recording" if name == "topic.ndjson" else "an event"
    assert f"{name}: {kind} of 9 records" in capfdbinary.readouterr().err.decode()
    with Recording.open([name]) as recording:
        assert recording.kind.event_source == ("SelfManagedKafka" if options else "aws:kafka")
        records = list(recording.records())
    assert {each.arrival for each in records} == {1735689600.0 + index for index in range(9)}
    assert {each.partition_key for each in records} == {f"sensor-{n}" for n in range(1, 5)}


ALL = ("--dynamodb", "--items", "items.json", "--keys", "pk,sk")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--items", "items.json"], "--items is about the changes of a table. Add --dynamodb"),
        (["--view", "KEYS_ONLY"], "--view is about the changes of a table"),
        (["--topic", "a"], "--topic is about Kafka. Add --kafka."),
        (["--dynamodb", "--kafka"], "--kafka and --dynamodb cannot be used together"),
        (["--dynamodb", "--dynamodb-on-kinesis"], "cannot be used together"),
        (["--dynamodb", "--items", "items.json"], "nothing says which attributes are the table's"),
        (["--dynamodb", "--keys", "id"], "--keys names the key of your own items, and none are"),
        ([*ALL, "--model", "models:Item"], "--items and --model both give items"),
        ([*ALL, "--sensors", "2"], "--items and --sensors both give items"),
        ([*ALL, "--changes", "put,drop"], "--changes: 'drop' is not a change: put, update, delete"),
        ([*ALL, "--view", "ALL"], "--view: 'ALL' is not a StreamViewType: NEW_AND_OLD_IMAGES"),
        ([*ALL, "--table", "a"], "--table: 'a' is not the name of a table"),
        ([*ALL, "--shards", "0"], "0 shards: from 1 to 10,000 are possible"),
        ([*ALL, "--aggregate"], "--aggregate packs payloads for Kinesis, and --dynamodb makes"),
        ([*ALL, "--partition-key", "a"], "--partition-key is about payloads"),
        (["--dynamodb", "--invalid-rate", "1"], "--invalid-rate is about payloads"),
        ([*ALL, "--event-source-arn", "orders"], "'orders' is not an ARN of a table's stream"),
        (
            [
                *(*ALL, "--table", "bills", "--event-source-arn"),
                "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-31T12:00:00.0",
            ],
            "--table is bills, and --event-source-arn names orders",
        ),
        (["--dynamodb-on-kinesis", "--view", "KEYS_ONLY"], "on a Kinesis stream both images are"),
        (["--dynamodb-on-kinesis", "--event-source-arn", "x"], "'x' is not an ARN of a stream"),
        (["--kafka", "--topic", "a b"], "--topic: 'a b' is not the name of a topic"),
        (["--kafka", "--shards", "0"], "0 partitions: from 1 to 10,000"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], sentence: str, capfdbinary: Captured
) -> None:
    assert run(*arguments) == 2
    output = capfdbinary.readouterr()
    assert output.out == b""
    assert sentence in " ".join(output.err.decode().split())
    assert "Traceback" not in output.err.decode()
