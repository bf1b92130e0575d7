"""What AWS recorded and documents, delivered by each server that runs here without Docker.

``python -m benchmarks.recorded [SERVER…]`` runs the cases of `tests/unit/data/esm_cases.json` whose
records wait before the mapping goes live, all at once, through boto3: a stream, a function that
behaves as the case says and writes down what it was called with, a mapping, an on-failure queue.
Prints which servers called the function as AWS did, and sent the same documents.
"""

import io
import json
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from tests.servers import Started, ours, peer

CASES = Path(__file__).parents[1] / "tests" / "unit" / "data" / "esm_cases.json"
SERVERS = ("kcli local", "ministack", "moto")
CALM = 20.0  # seconds without a call after which a server has done what it will do
MOST = 150.0  # seconds that a server may take for all of them

HANDLER = """
import fcntl, json, pathlib

HERE = pathlib.Path(FOLDER)
RULES = json.loads(RULES_TEXT)


def handler(event, context):
    numbers = json.loads((HERE / "numbers.json").read_text())
    batch = [numbers.index(each["kinesis"]["sequenceNumber"]) for each in event["Records"]]
    with (HERE / "calls").open("a+") as calls:
        fcntl.flock(calls, fcntl.LOCK_EX)
        calls.seek(0)
        call = len(calls.readlines())
        calls.write(json.dumps(batch) + "\\n")
    for rule in RULES:
        condition, do = rule["if"], rule["do"]
        if not (
            condition.get("always")
            or set(condition.get("contains_any", ())) & set(batch)
            or condition.get("invocation") == call
        ):
            continue
        if "raise" in do or "timeout" in do:
            raise RuntimeError("boom")
        if "report" in do:
            named = [numbers[index] for index in do["report"] if index in batch]
            return {"batchItemFailures": [{"itemIdentifier": each} for each in named]}
        return do.get("return")
    return {"batchItemFailures": []}
"""


class Run:
    """One case on one server.

    Args:
        case: as recorded.
        folder: where its function writes.
        client: makes clients of the server.
    """

    def __init__(self, case: Mapping[str, Any], folder: Path, client: Any) -> None:  # noqa: ANN401
        self.case, self.folder, self.client = case, folder, client
        self.name = f"c-{folder.name}"
        self.queue = ""
        self.numbers: list[str] = []
        self.refused = ""

    def start(self) -> None:
        """Put the records, then let the mapping go live."""
        try:
            self._start()
        except ClientError as error:
            self.refused = str(error)

    def _start(self) -> None:
        kinesis, functions = self.client("kinesis"), self.client("lambda")
        shards = 1 + max(record.get("shard", 0) for record in self.case["records"])
        large = any(record.get("size", 0) > 1 << 20 for record in self.case["records"])
        sizes = {"MaxRecordSizeInKiB": 10240} if large else {}
        kinesis.create_stream(StreamName=self.name, ShardCount=shards, **sizes)
        kinesis.get_waiter("stream_exists").wait(StreamName=self.name)
        stream = kinesis.describe_stream(StreamName=self.name)["StreamDescription"]
        for record in self.case["records"]:
            of = stream["Shards"][record.get("shard", 0)]
            put = kinesis.put_record(
                StreamName=self.name,
                PartitionKey=record["pk"],
                ExplicitHashKey=of["HashKeyRange"]["StartingHashKey"],
                Data=record["data"].encode() if "data" in record else b"x" * record["size"],
            )
            self.numbers.append(put["SequenceNumber"])
        (self.folder / "numbers.json").write_text(json.dumps(self.numbers))
        functions.create_function(
            FunctionName=self.name,
            Runtime=f"python3.{sys.version_info.minor}",
            Role=self._role(),
            Handler="app.handler",
            Timeout=30,
            Code={"ZipFile": self._code()},
        )
        mapping = {**self.case["esm"], "FunctionName": self.name}
        if "DestinationConfig" in mapping:
            mapping["DestinationConfig"] = {"OnFailure": {"Destination": self._queue()}}
        functions.create_event_source_mapping(EventSourceArn=stream["StreamARN"], **mapping)

    def _role(self) -> str:
        """A role that Lambda may take, where the server looks at it."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
        policy = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
        made = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(policy))
        return str(made["Role"]["Arn"])

    def _queue(self) -> str:
        sqs = self.client("sqs")
        self.queue = sqs.create_queue(QueueName=self.name)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def _code(self) -> bytes:
        rules = json.dumps(self.case.get("handler", {}).get("rules", []))
        given = f"FOLDER = {str(self.folder)!r}\nRULES_TEXT = {rules!r}\n"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", given + HANDLER)
        return packed.getvalue()

    def calls(self) -> list[list[int]]:
        """The records of each call so far."""
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def problem(self) -> str:
        """What is not as AWS has it; empty: nothing."""
        if self.refused:
            return self.refused
        expected, calls = self.case["expect"], self.calls()
        wanted = expected.get("invocations")
        if expected.get("invocation_order") == "any":
            wanted, calls = sorted(wanted), sorted(calls)
        if wanted is not None and calls != wanted:
            return f"called with {calls[:8]}, not {wanted}"
        first = expected.get("first_invocations", [])
        if calls[: len(first)] != first:
            return f"called with {calls[:8]}, not first {first}"
        if self.queue and isinstance(expected.get("destination"), list):
            found, wanted = sorted(self._documents()), sorted(map(_told, expected["destination"]))
            return "" if found == wanted else f"documents {found}, not {wanted}"
        return ""

    def _documents(self) -> Iterator[tuple[Any, ...]]:
        sqs = self.client("sqs")
        while got := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in got:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                document = json.loads(message["Body"])
                context, batch = document["requestContext"], document["KinesisBatchInfo"]
                yield _told(
                    {
                        **context,
                        "first": self.numbers.index(batch["startSequenceNumber"]),
                        "last": self.numbers.index(batch["endSequenceNumber"]),
                        "batchSize": batch["batchSize"],
                    }
                )


def _told(document: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("condition", "approximateInvokeCount", "first", "last", "batchSize")
    return tuple(document[name] for name in names)


def cases() -> list[dict[str, Any]]:
    """Those whose records all wait when the mapping goes live, and that fit any destination."""
    every: list[dict[str, Any]] = json.loads(CASES.read_text())
    return [each for each in every if each["kind"] == "delivery" and _waits(each)]


def _waits(case: Mapping[str, Any]) -> bool:
    if case["esm"].get("StartingPosition") != "TRIM_HORIZON":
        return False
    on_failure = case["esm"].get("DestinationConfig", {}).get("OnFailure", {})
    if on_failure.get("Destination", "sqs") != "sqs" or not case.get("expect"):
        return False
    return all(record.get("t", 0) == 0 for record in case["records"])


@contextmanager
def server(name: str) -> Iterator[Started]:
    """One of `SERVERS`."""
    with ours() if name == "kcli local" else peer(name) as started:
        yield started


def deliver(name: str, folder: Path) -> list[Run]:
    """Let a server deliver all cases, and wait until it does no more."""
    with server(name) as started:
        session = Session()
        session.set_credentials("local", "local")
        patient = Config(read_timeout=30, retries={"max_attempts": 1})
        made: dict[str, Any] = {}

        def client(service: str) -> Any:  # noqa: ANN401 - botocore makes classes as it runs
            if service not in made:
                made[service] = session.create_client(
                    service,
                    region_name="us-east-1",
                    endpoint_url=started.endpoint,
                    config=patient,
                )
            return made[service]

        runs = []
        for number, case in enumerate(cases()):
            own = folder / str(number)
            own.mkdir()
            runs.append(Run(case, own, client))
            runs[-1].start()
        _wait(runs)
        for run in runs:
            found = run.problem()
            run.refused = run.refused or found  # asked while the queues are there
        return runs


def _wait(runs: list[Run]) -> None:
    begun = changed = time.monotonic()
    before = -1
    while time.monotonic() - changed < CALM and time.monotonic() - begun < MOST:
        count = sum(len(run.calls()) for run in runs)
        if count != before:
            before, changed = count, time.monotonic()
        time.sleep(0.5)


def subject(case: Mapping[str, Any]) -> str:
    """What a case is about."""
    esm = case["esm"]
    if "FilterCriteria" in esm:
        return "filters"
    if esm.get("TumblingWindowInSeconds"):
        return "tumbling windows"
    if esm.get("BisectBatchOnFunctionError"):
        return "bisect"
    if "FunctionResponseTypes" in esm:
        return "partial failures"
    return "retries and documents" if "DestinationConfig" in esm else "batches"


def main(names: list[str]) -> None:
    """Print what came of each case on each server."""
    for name in names or SERVERS:
        with TemporaryDirectory(prefix="kcli-recorded-") as folder:
            runs = deliver(name, Path(folder))
        good = [run for run in runs if not run.refused]
        print(f"{name}: {len(good)} of {len(runs)} as on AWS", flush=True)
        every = Counter(subject(run.case) for run in runs)
        held = Counter(subject(run.case) for run in good)
        for each, count in sorted(every.items()):
            print(f"  {each}: {held[each]} of {count}")
        for run in runs:
            if run.refused:
                print(f"  {run.case['name']}: {run.refused[:200]}")


if __name__ == "__main__":
    main(sys.argv[1:])
