"""From put to handled through `kcli local`, against its parts one after the other.

A ratio is the time from the first PutRecords to the last record handled, divided by the sum of what
the same takes alone: the puts, the reads, and isolated invocations of the same batches.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.measure import Row, row
from tests.templates import fed_function

RECORDS = 50_000
TARGET = 1.3
ACCOUNT = "000000000000"

TEMPLATE = fed_function(stream="stream")
APP = """\
import base64


def handler(event, context):
    for record in event["Records"]:
        base64.b64decode(record["kinesis"]["data"])
"""


def run(records: int = RECORDS) -> list[Row]:
    """One row, in seconds."""
    if sys.platform != "linux":  # where AWS's runtime client runs
        return []
    from kinesis_cli.local.client.process import ensure_running, stop_server
    from kinesis_cli.local.options import LocalOptions

    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "src").mkdir()
        (project / "src" / "app.py").write_text(APP)
        (project / "template.yaml").write_text(TEMPLATE)
        options = LocalOptions.of_project(project, region="us-east-1")
        server = ensure_running(options, directory=project).server
        try:
            together, alone = _measure(server, project, records)
        finally:
            stop_server(project / ".kcli")
    return [row(f"put to handled, {records:,} records (s)", together, alone, TARGET)]


def _measure(server: Any, project: Path, records: int) -> tuple[float, float]:  # noqa: ANN401
    from kinesis_cli.local.client.waiting import wait_until_idle

    kinesis, functions = client_of(server, "kinesis"), client_of(server, "lambda")
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.invoke(FunctionName="Fn", Payload=b'{"Records": []}')  # warm

    def put() -> None:
        for start in range(0, records, 500):
            entries = [
                {"Data": b"x" * 100, "PartitionKey": str(start + each)} for each in range(500)
            ]
            kinesis.put_records(StreamName="stream", Records=entries)

    def put_and_wait() -> None:
        put()
        assert wait_until_idle(server, 300)

    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    read: list[Any] = []
    alone = _seconds(put) + _seconds(lambda: read.extend(_read(kinesis)))
    alone += _invocations(project, read)
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert wait_until_idle(server, 300)
    return _seconds(put_and_wait), alone


def _read(kinesis: Any) -> list[Any]:  # noqa: ANN401 - boto3 makes classes as it runs
    iterator = kinesis.get_shard_iterator(
        StreamName="stream", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records: list[Any] = []
    while True:
        page = kinesis.get_records(ShardIterator=iterator)
        records += page["Records"]
        if not page["MillisBehindLatest"]:
            return records
        iterator = page["NextShardIterator"]


def _invocations(project: Path, read: list[Any]) -> float:
    from kinesis_cli.event_source_mapping.invocation import InvocationRequest
    from kinesis_cli.handlers.isolated import IsolatedHandler
    from kinesis_cli.project.find import find_function
    from kinesis_cli.stream.event import kinesis_event, lambda_record

    batch = [
        lambda_record(
            shard_id="shardId-000000000000",
            sequence_number=each["SequenceNumber"],
            partition_key=each["PartitionKey"],
            arrival=each["ApproximateArrivalTimestamp"].timestamp(),
            data=each["Data"],
        )
        for each in read
    ]
    events = [kinesis_event(batch[start : start + 100]) for start in range(0, len(batch), 100)]
    handler = IsolatedHandler(find_function(directory=project))
    try:
        handler.invoke(InvocationRequest("warm", b'{"Records": []}'))
        return _seconds(lambda: [handler.invoke(InvocationRequest("id", each)) for each in events])
    finally:
        handler.close()


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def client_of(server: Any, service: str) -> Any:  # noqa: ANN401
    """A client of the local endpoint."""
    import boto3

    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="secret",
    )


if __name__ == "__main__":
    print(*run(), sep="\n")
