"""`kcli status --find-poison`: the record that a shard stands still for, and the ways past it.

`KCLI_POISON_SEEDS` says how many streams with one bad record are tried.
"""

import base64
import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

from kinesis_cli.local.client.failing import failing_batches
from kinesis_cli.local.client.process import change_faults
from kinesis_cli.local.state import Server, running_server
from kinesis_cli.manual.schemas import schema_text
from kinesis_cli.poison.stuck_batch import StuckBatch
from kinesis_cli.stream.aggregate import aggregated
from kinesis_cli.stream.payload import Payload
from tests.e2e.local_endpoint import Clients, clients_of, document, write_project
from tests.e2e.programs import KCLI, Completed, Kcli, Terminal, without_aws
from tests.patience import PATIENCE
from tests.templates import table

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

SEEDS = range(int(os.environ.get("KCLI_POISON_SEEDS", "3")))
FUNCTION = "  {}: {{Type: AWS::Serverless::Function, Properties: {{Handler: app.{}}}}}\n"
HANDLERS = ("raises", "reports", "hangs", "needs", "hoards", "differs", "writes", "stands")
GLOBALS = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12, CodeUri: src, Timeout: 2}
"""
CHANGES = """\
  Changes:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.changes
      Events:
        In:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Table.StreamArn, StartingPosition: TRIM_HORIZON}
"""
TEMPLATE = (
    f"{GLOBALS}Resources:\n"
    + table("Table", view="NEW_IMAGE")
    + CHANGES
    + "".join(FUNCTION.format(name.title(), name) for name in HANDLERS)
)
APP = """\
import base64, os, time

DEPLOYED = "AWS_LAMBDA_RUNTIME_API" in os.environ  # `kcli local`, and not this call of kcli's


def data(record):
    return base64.b64decode(record["kinesis"]["data"])


def raises(event, context):
    for record in event["Records"]:
        if b"poison" in data(record):
            raise ValueError(f"cannot read {data(record)!r}")


def stands(event, context):
    raises(event, context)


def reports(event, context):
    for record in event["Records"]:
        if b"poison" in data(record):
            number = record["kinesis"]["sequenceNumber"]
            print(f"WARN could not take {number}")
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}


def hangs(event, context):
    if any(b"poison" in data(record) for record in event["Records"]):
        time.sleep(60)


def needs(event, context):
    raise KeyError("TABLE_NAME")


def hoards(event, context):
    seen = [data(record) for record in event["Records"]]
    if b"left poison" in seen and b"right poison" in seen:
        raise MemoryError("both at once")


def differs(event, context):
    if DEPLOYED:
        raises(event, context)


def changes(event, context):
    for record in event["Records"]:
        if "poison" in record["dynamodb"]["Keys"]["pk"]["S"]:
            raise ValueError("cannot take it")


def writes(event, context):
    for record in event["Records"]:
        if b"poison" in data(record):
            import boto3
            boto3.client("sts").get_caller_identity()
            raise ValueError("it reached somebody's account")
"""
POISON = b'{"n": "poison \x1b[31m \xe2\x80\xae [red]"}'


@dataclass(frozen=True)
class Local:
    """A project and its endpoint."""

    run: Kcli
    server: Server
    clients: Clients

    def batches(self, uuid: str, count: int = 1) -> list[StuckBatch]:
        """Those that fail and stay; waited for."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            found = [each for each in failing_batches(self.server) if each.mapping == uuid]
            # what is halved, or was reported, is tried again for the second time once it stays
            if len(found) == count and all(each.attempt > 2 for each in found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"nothing fails: {failing_batches(self.server)}")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    project = write_project(tmp_path_factory.mktemp("poison") / "project", APP, TEMPLATE)
    run = Kcli(project, without_aws())
    started = run("local", "start", "--detach", "--in-memory")
    assert started.returncode == 0, started.stderr
    server = running_server(project / ".kcli")
    assert server is not None
    yield Local(run, server, clients_of(server.endpoint))
    run.stop_local_streams()


@contextmanager
def fed(
    local: Local, name: str, function: str, records: list[dict[str, Any]], **settings: object
) -> Iterator[str]:
    """A stream with records, and a mapping that feeds a function; the mapping's UUID."""
    kinesis, functions = local.clients("kinesis"), local.clients("lambda")
    kinesis.create_stream(StreamName=name, ShardCount=settings.pop("shards", 1))
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    arn = summary["StreamARN"]
    if settings.pop("consumer", False):
        made = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="app")
        arn = made["Consumer"]["ConsumerARN"]
    for start in range(0, len(records), 500):
        put = kinesis.put_records(StreamName=name, Records=records[start : start + 500])
        assert not put["FailedRecordCount"]
    mapping = functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName=function, StartingPosition="TRIM_HORIZON", **settings
    )
    try:
        yield mapping["UUID"]
    finally:
        functions.delete_event_source_mapping(UUID=mapping["UUID"])
        kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


def records_with(random: Random, count: int, *poison: bytes) -> list[dict[str, Any]]:
    """Good records with bad ones among them, wherever."""
    payloads = [json.dumps({"n": n, "t": random.random()}).encode() for n in range(count)]
    for each in poison:
        payloads.insert(random.randrange(len(payloads) + 1), each)
    return [{"Data": each, "PartitionKey": f"k{random.randrange(500)}"} for each in payloads]


def stuck(local: Local, stream: str, *more: str, **variables: str) -> list[dict[str, Any]]:
    """What is found of a stream."""
    options = ("--stream", stream, "--endpoint-url", "local", "--output", "json", *more)
    found = document(local.run("status", "--find-poison", *options, **variables))
    jsonschema.validate(found, json.loads(schema_text("status", "json")))
    return list(found["stuck"])


def payloads_of(found: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(each["record"]["kinesis"]["data"]) for each in found["records"]]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_bad_record_in_sixteen_shards_is_found(local: Local, seed: int) -> None:
    random = Random(seed)
    records = records_with(random, random.choice([300, 1_000, 3_000]), POISON)
    function = random.choice(["Raises", "Reports"])
    settings: dict[str, Any] = {
        "BatchSize": random.choice([1, 7, 100, 1_000]),
        "BisectBatchOnFunctionError": random.random() < 0.5,
        "ParallelizationFactor": random.choice([1, 1, 3]),
    }
    if function == "Reports":
        settings["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    name = f"seed-{seed}"
    with fed(local, name, function, records, shards=16, **settings) as uuid:
        [batch] = local.batches(uuid)
        [found] = stuck(local, name)
    assert (found["verdict"], found["shardId"]) == ("record", batch.shard_id)
    assert payloads_of(found) == [POISON]
    [record] = found["records"]
    assert record["sequenceNumber"] in record["record"]["eventID"]
    assert 23.9 < record["hoursLeft"] <= 24
    assert found["read"]["reads"] <= 3


def test_a_record_that_filters_leave_out_is_none_of_them(local: Local) -> None:
    random = Random(5)
    other = b'{"kind": "other", "text": "poison"}'
    payloads = [b'{"kind": "meant", "n": %d}' % n for n in range(200)]
    for each in (other, other, b'{"kind": "meant", "text": "poison"}', other):
        payloads.insert(random.randrange(100), each)
    records = [{"Data": each, "PartitionKey": "k"} for each in payloads]
    filters = {"Filters": [{"Pattern": json.dumps({"data": {"kind": ["meant"]}})}]}
    with fed(local, "filtered", "Raises", records, FilterCriteria=filters) as uuid:
        local.batches(uuid)
        [found] = stuck(local, "filtered")
    assert payloads_of(found) == [b'{"kind": "meant", "text": "poison"}']


def test_a_user_record_of_an_aggregate_is_found_within_it(local: Local) -> None:
    data = [b'{"n": %d}' % n for n in range(250)]
    data[170] = POISON
    whole = aggregated([Payload(f"k{n}", None, each) for n, each in enumerate(data)])
    records = [{"Data": whole, "PartitionKey": "k"}]
    with fed(local, "aggregates", "Raises", records, consumer=True) as uuid:
        [batch] = local.batches(uuid)
        [found] = stuck(local, "aggregates")
    assert (batch.records, batch.first) == (100, batch.last)  # they share a number
    assert payloads_of(found) == [POISON]
    assert found["records"][0]["partitionKey"] == "k170"


def test_an_aggregate_that_is_passed_on_whole_is_shown_opened(local: Local) -> None:
    data = [b'{"n": 1}', b'{"n": "poison"}']
    whole = aggregated([Payload("k", None, each) for each in data])
    records = [{"Data": each, "PartitionKey": "k"} for each in (b'{"n": 0}', whole, b'{"n": 2}')]
    with fed(local, "whole", "Raises", records) as uuid:
        local.batches(uuid)
        [found] = stuck(local, "whole")
    assert found["records"][0]["payload"].startswith("[KPL aggregate of 2] ")


def test_each_of_several_functions_on_a_stream_is_told_of(local: Local) -> None:
    records = records_with(Random(1), 50, POISON)
    functions = local.clients("lambda")
    with fed(local, "several", "Raises", records, BatchSize=10) as uuid:
        arn = functions.get_event_source_mapping(UUID=uuid)["EventSourceArn"]
        both = functions.create_event_source_mapping(
            EventSourceArn=arn, FunctionName="Hangs", StartingPosition="TRIM_HORIZON"
        )["UUID"]
        fine = functions.create_event_source_mapping(
            EventSourceArn=arn, FunctionName="Hoards", StartingPosition="TRIM_HORIZON"
        )["UUID"]
        try:
            local.batches(uuid)
            local.batches(both)
            found = stuck(local, "several")
        finally:
            functions.delete_event_source_mapping(UUID=both)
            functions.delete_event_source_mapping(UUID=fine)
    assert sorted(each["functionArn"].rpartition(":")[2] for each in found) == ["Hangs", "Raises"]
    reasons = {each["records"][0]["reason"].partition(":")[0] for each in found}
    assert reasons == {"ValueError", "Sandbox.Timedout"}
    assert all(payloads_of(each) == [POISON] for each in found)


def test_a_function_that_fails_on_everything_blames_no_record(local: Local) -> None:
    with fed(local, "needs", "Needs", records_with(Random(2), 30)) as uuid:
        local.batches(uuid)
        [found] = stuck(local, "needs")
        shown = local.run("status", "--find-poison", "--stream", "needs", "--endpoint-url", "local")
    assert found["verdict"] == "every"
    assert "no record is to blame" in " ".join(shown.stdout.split())
    assert "KeyError" in found["meaning"]
    assert not found["steps"]  # to give records up would lose them all


def test_records_that_fail_only_together_are_named_together(local: Local) -> None:
    records = records_with(Random(3), 60, b"left poison", b"right poison")
    with fed(local, "hoards", "Hoards", records) as uuid:
        local.batches(uuid)
        [found] = stuck(local, "hoards")
    assert found["verdict"] == "together"
    assert sorted(payloads_of(found)) == [b"left poison", b"right poison"]


def test_other_code_than_the_deployed_is_said_to_be(local: Local, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return None\n")
    with fed(local, "differs", "Raises", records_with(Random(4), 30, POISON)) as uuid:
        local.batches(uuid)
        [found] = stuck(local, "differs", "--handler", f"{tmp_path}/app.py:handler")
    assert found["verdict"] == "none"
    assert "the deployed code or its environment is another one" in found["meaning"]
    assert "cannot read" in found["failing"]["error"]


def test_code_that_cannot_be_loaded_blames_no_record(local: Local, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import nowhere_to_be_found\n")
    with fed(local, "unloaded", "Raises", records_with(Random(4), 30, POISON)) as uuid:
        local.batches(uuid)
        [found] = stuck(local, "unloaded", "--handler", f"{tmp_path}/app.py:handler")
    assert found["verdict"] == "every"
    assert "nowhere_to_be_found" in found["meaning"]


def test_the_handler_gets_nobodys_credentials(local: Local) -> None:
    """Those of the shell neither: with --aws none not even the local endpoint's."""
    shell = {"AWS_ACCESS_KEY_ID": "AKIASOMEBODYS", "AWS_SECRET_ACCESS_KEY": "secret"}
    with fed(local, "writes", "Writes", records_with(Random(6), 20, POISON)) as uuid:
        local.batches(uuid)
        [found] = stuck(local, "writes", "--aws", "none", **shell)
        [here] = stuck(local, "writes", **shell)
    assert "NoCredentialsError" in found["records"][0]["reason"]
    assert "it reached somebody's account" in here["records"][0]["reason"]  # `kcli local`'s own


def test_a_change_of_a_table_is_found_in_its_stream(local: Local) -> None:
    table = local.clients("dynamodb")
    for n in range(12):
        key = "poison" if n == 7 else f"good-{n}"
        table.put_item(TableName="orders", Item={"pk": {"S": key}, "n": {"N": str(n)}})
    functions = local.clients("lambda")
    [mapping] = functions.list_event_source_mappings(FunctionName="Changes")["EventSourceMappings"]
    local.batches(mapping["UUID"])
    found = document(local.run("status", "--table", "orders", "--find-poison", "--output", "json"))
    [each] = found["stuck"]
    assert each["verdict"] == "record"
    assert each["records"][0]["record"]["dynamodb"]["Keys"]["pk"]["S"] == "poison"
    assert any("--table orders" in step for step in each["steps"][0]["commands"])
    functions.delete_event_source_mapping(UUID=mapping["UUID"])


@contextmanager
def minutes_ago(local: Local, minutes: int) -> Iterator[None]:
    """What is put meanwhile arrives so long ago."""
    change_faults(local.server, {"clock": -60.0 * minutes})
    try:
        yield
    finally:
        change_faults(local.server, {"clock": None})


def measure_ages(local: Local, function: str, arrival: float, minutes: int) -> None:
    """What CloudWatch has of a batch that was called with again and again, until just now."""
    first = time.time() // 60 * 60 - minutes * 60
    ages = [
        {
            "MetricName": "IteratorAge",
            "Dimensions": [{"Name": "FunctionName", "Value": function}],
            "Timestamp": first + minute * 60 + 40,
            "Value": (first + minute * 60 + 40 - arrival) * 1000,
        }
        for minute in range(minutes)
    ]
    local.clients("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=ages)


def from_elsewhere(local: Local, folder: Path, *arguments: str) -> Completed:
    """kcli as somebody runs it for whom the endpoint might as well be AWS."""
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    there = ("--endpoint-url", local.server.endpoint, "--region", "us-east-1")
    code = ("--handler", str(local.run.folder / "src" / "app.py") + ":stands")
    arguments = ("status", "--find-poison", *there, *arguments, *code)
    return Kcli(folder, {**without_aws(), **keys})(*arguments)


def test_where_nobody_tells_the_batch_it_is_found_by_the_iterator_age(
    local: Local, tmp_path: Path
) -> None:
    records = records_with(Random(11), 600, POISON)
    with minutes_ago(local, 15):
        arrival = time.time() - 15 * 60
        stream = fed(local, "aged", "Stands", records, shards=16, Enabled=False)
        uuid = stream.__enter__()
    try:
        functions = local.clients("lambda")
        functions.update_event_source_mapping(UUID=uuid, Enabled=True)
        [batch] = local.batches(uuid)
        measure_ages(local, "Stands", arrival, 12)
        shown = from_elsewhere(local, tmp_path, "--stream", "aged", "--output", "json")
        [found] = document(shown)["stuck"]
    finally:
        stream.__exit__(None, None, None)
    assert (found["verdict"], found["shardId"]) == ("record", batch.shard_id)
    assert payloads_of(found) == [POISON]
    assert found["failing"] is None
    [update] = [c for c in found["steps"][2]["commands"] if "update-event-source-mapping" in c]
    assert f"--endpoint-url {local.server.endpoint} --region us-east-1" in update


def test_the_stream_of_a_table_is_refused_where_nobody_tells_the_batch(
    local: Local, tmp_path: Path
) -> None:
    refused = from_elsewhere(local, tmp_path, "--table", "orders")
    assert refused.returncode == 2
    assert "cannot be read from a moment on" in refused.stderr


def test_what_is_shown_is_harmless_and_fits(local: Local) -> None:
    with fed(local, "shown", "Raises", records_with(Random(7), 40, POISON)) as uuid:
        local.batches(uuid)
        shown = local.run("status", "--find-poison", "--stream", "shown", "--endpoint-url", "local")
        hint = local.run("status", "--stream", "shown", "--endpoint-url", "local")
        lines = local.run(
            *("status", "--find-poison", "--stream", "shown", "--endpoint-url", "local"),
            *("--output", "ndjson"),
        )
    assert shown.returncode == 0, shown.stderr
    for text in (shown.stdout, shown.stderr, lines.stdout):
        assert not {"\x1b", "\u202e"} & set(text)
    prose = [line for line in shown.stdout.splitlines() if not line.startswith("      ")]
    assert max(map(len, prose)) <= 80
    assert "\\x1b[31m" in shown.stdout
    assert "in 24.0 h it leaves the stream" in shown.stdout
    assert "`kcli status --find-poison`" in hint.stderr
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    for row in rows:
        jsonschema.validate(row, json.loads(schema_text("status", "ndjson")))
    assert [row["type"] for row in rows] == ["stuck", "summary"]


def test_the_commands_get_past_it_when_they_are_followed_to_the_letter(
    local: Local, aws_cli: Path, tmp_path: Path
) -> None:
    records = records_with(Random(8), 60, POISON)
    shell = {**without_aws(), "PATH": f"{tmp_path}:{aws_cli.parent}:{os.environ['PATH']}"}
    kcli = tmp_path / "kcli"
    kcli.write_text(f'#!/bin/sh\nexec {shlex.join(KCLI)} "$@"\n')
    kcli.chmod(0o755)

    def follow(step: dict[str, Any]) -> str:
        done = subprocess.run(
            ["bash", "-ec", "\n".join(step["commands"])],
            cwd=local.run.folder,
            env=shell,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{step}\n{done.stderr}"
        return done.stdout

    functions = local.clients("lambda")
    with fed(local, "followed", "Raises", records, BatchSize=25) as uuid:
        local.batches(uuid)
        [found] = stuck(local, "followed")
        see, deploy, give_up, take_up, restore = found["steps"]
        assert "ValueError" in follow(see)
        assert not deploy["commands"]
        follow(give_up)
        assert local.run("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
        assert not stuck(local, "followed")
        app = local.run.folder / "src" / "app.py"
        app.write_text(APP.replace("raise ValueError(f", "str(f"))
        try:
            assert "1 handled; 1 deleted" in follow(take_up)
        finally:
            app.write_text(APP)
        follow(restore)
        now = functions.get_event_source_mapping(UUID=uuid)
    assert (now["MaximumRetryAttempts"], now["BisectBatchOnFunctionError"]) == (-1, False)
    assert now["DestinationConfig"]["OnFailure"]["Destination"].endswith(":Raises-given-up")
    assert (local.run.folder / "poison.ndjson").read_text().count("\n") == 1


def test_a_stream_that_goes_on_has_no_stuck_shard(local: Local) -> None:
    with fed(local, "fine", "Raises", records_with(Random(9), 40)):
        assert local.run("local", "wait", "--idle", "--timeout", str(PATIENCE)).returncode == 0
        shown = local.run("status", "--find-poison", "--stream", "fine", "--endpoint-url", "local")
        assert not stuck(local, "fine")
    assert "No shard of fine stands still" in shown.stdout


def test_an_option_of_the_hunt_alone_is_refused(local: Local, tmp_path: Path) -> None:
    for option in (
        ("--handler", "app.raises"),
        ("--save", "x"),
        ("--aws", "none"),
        ("--isolated",),
    ):
        refused = local.run("status", *option)
        assert refused.returncode == 2
        assert f"{option[0]} is about the handler that --find-poison calls" in refused.stderr
    there = tmp_path / "there.ndjson"
    there.write_text("kept\n")
    kept = local.run("status", "--find-poison", "--table", "orders", "--save", str(there))
    assert (kept.returncode, there.read_text()) == (2, "kept\n")


def test_a_function_whose_code_is_not_here_is_named(local: Local, tmp_path: Path) -> None:
    with fed(local, "elsewhere", "Raises", records_with(Random(9), 20, POISON)) as uuid:
        local.batches(uuid)
        refused = local.run(
            *("status", "--find-poison", "--stream", "elsewhere", "--endpoint-url", "local"),
            *("--function", "Nobody"),
        )
    assert refused.returncode == 2
    assert "Nobody" in refused.stderr


def test_ctrl_c_ends_it_with_what_was_found(
    local: Local, terminal: Callable[..., Terminal]
) -> None:
    with fed(local, "slow", "Hangs", records_with(Random(9), 20, POISON)) as uuid:
        local.batches(uuid)
        slow = local.run.folder / "slow.py"
        slow.write_text("import time\n\ndef handler(event, context):\n    time.sleep(3000)\n")
        shown = terminal(
            *KCLI,
            *("status", "--find-poison", "--stream", "slow", "--endpoint-url", "local"),
            *("--isolated", "--handler", f"{slow}:handler"),
            cwd=local.run.folder,
        )
        shown.see("calling ")
        shown.type(b"\x03")
        shown.read_all()
        assert shown.process.wait(PATIENCE) == 130, shown.written[-3000:]
