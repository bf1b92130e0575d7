"""What the page says of a record whose life began with another process, or not at all."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.local.client.process import stop_server
from kinesis_cli.local.live_page.lives import LEFT, OVER, TOO_EARLY
from tests.contract.live_page.browsers import Browser
from tests.contract.local_function.conftest import Local, make_project, start

pytestmark = pytest.mark.slow


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[], Local]]:
    """`started()`: the endpoint, by another process each time."""
    project = make_project(tmp_path / "project")

    def anew() -> Local:
        stop_server(project / ".kcli")
        return start(project)

    yield anew
    stop_server(project / ".kcli")


def put(local: Local, stream: str) -> dict[str, str]:
    answer = local.client("kinesis").put_record(StreamName=stream, PartitionKey="k", Data="x")
    return {"stream": stream, "shard": answer["ShardId"], "number": answer["SequenceNumber"]}


def words(local: Local, placed: dict[str, str]) -> dict[str, str]:
    query = "&".join(f"{name}={value}" for name, value in placed.items())
    document: Any = Browser(local.server).enter().get(f"record?{query}").document
    return {each["function"]: each["words"] for each in document["endings"]}


def test_a_record_that_ended_before_the_server_was_started_is_not_said_to_wait(
    started: Callable[[], Local],
) -> None:
    local = started()
    placed = put(local, "orders")
    local.wait()
    local = started()
    assert words(local, placed) == dict.fromkeys(["orders-function", "Second"], f"not told; {OVER}")
    later = put(local, "orders")
    local.wait()
    assert set(words(local, later).values()) == {"handled at delivery 1"}
    gone = {**placed, "number": "1"}
    assert set(words(local, gone).values()) == {f"not told; {LEFT}"}


def test_a_record_from_before_the_mappings_start_does_not_wait_for_it(
    started: Callable[[], Local],
) -> None:
    local = started()
    client = local.client("kinesis")
    client.create_stream(StreamName="late", ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName="late")
    early = put(local, "late")
    assert words(local, early) == {}
    arn = client.describe_stream_summary(StreamName="late")["StreamDescriptionSummary"]["StreamARN"]
    local.client("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName="Second", StartingPosition="LATEST"
    )
    local.wait()
    assert words(local, early) == {"Second": f"not told; {TOO_EARLY}"}
