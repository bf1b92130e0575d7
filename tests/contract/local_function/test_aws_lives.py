"""What became of records, told by logs and on-failure documents alone, as on AWS."""

import time
from collections.abc import Callable, Iterator

import pytest

from kinesis_cli.aws.following.lives import AwsLives
from kinesis_cli.aws.session import Connection
from kinesis_cli.following.followed import Followed, Put
from kinesis_cli.following.settling import Settling
from kinesis_cli.project.target import Target, TargetKind
from kinesis_cli.putting.entry import Entry
from tests.patience import PATIENCE

from .conftest import Local

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

BULK = "arn:aws:kinesis:us-east-1:000000000000:stream/bulk"
ORDERS = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"

Mapped = Callable[..., None]


@pytest.fixture
def connection(local: Local, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """As to any endpoint that is not this project's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    target = Target(
        kind=TargetKind.ENDPOINT,
        reason="the test",
        endpoint_url=local.server.endpoint,
        found_by_botocore=False,
        profile=None,
        region="us-east-1",
        stack=None,
        stream=None,
        function=None,
    )
    return Connection(target)


@pytest.fixture
def mapped(local: Local) -> Iterator[Mapped]:
    """`mapped(**settings)`: the stream bulk feeds the function that fails on "boom"."""
    client, made = local.client("lambda"), list[str]()

    def make(**settings: object) -> None:
        answer = client.create_event_source_mapping(
            EventSourceArn=BULK,
            FunctionName="orders-function",
            StartingPosition="LATEST",
            MaximumRetryAttempts=0,
            **settings,
        )
        made.append(answer["UUID"])

    yield make
    for uuid in made:
        client.delete_event_source_mapping(UUID=uuid)


def put(local: Local, stream: str, *payloads: bytes) -> list[Entry]:
    client, entries = local.client("kinesis"), []
    for index, data in enumerate(payloads):
        answer = client.put_record(StreamName=stream, PartitionKey="k", Data=data)
        entry = Entry(index, "k", None, data)
        entry.shard_id, entry.sequence_number = answer["ShardId"], answer["SequenceNumber"]
        entries.append(entry)
    return entries


def followed(lives: AwsLives, entries: list[Entry]) -> dict[tuple[int, str], Followed]:
    """What became of each record that a mapping which ends all of them has."""
    settling = Settling(lives.readers, tells_all=lives.tells_all)
    now = time.time()
    settling.put(Put(each.index, each.shard_id, each.sequence_number, now) for each in entries)
    lives.put(settling, entries)
    settling.all_put()
    until, rows = time.monotonic() + PATIENCE, list[Followed]()
    while settling.open_numbers(_mapping(lives, "orders-function")) and time.monotonic() < until:
        lives.look(settling)
    rows += settling.take_settled()
    rows += settling.take_open(time.time())
    return {(row.index, row.function): row for row in rows}


def _mapping(lives: AwsLives, function: str) -> str:
    return next(each.mapping for each in lives.readers if each.function == function)


def test_a_bucket_has_the_documents_of_what_was_given_up(
    local: Local, connection: Connection, mapped: Mapped
) -> None:
    bucket = "arn:aws:s3:::failures-of-orders"
    mapped(DestinationConfig={"OnFailure": {"Destination": bucket}})
    warned: list[str] = []
    lives = AwsLives(connection, BULK, warned.append, packed=False)
    rows = followed(lives, put(local, "bulk", b"boom"))
    row = rows[0, "orders-function"]
    assert (row.ended, row.reason, row.destination) == (
        *("discarded", "RetryAttemptsExhausted"),
        bucket,
    )
    assert not warned


def test_what_the_filter_keeps_back_has_ended_and_aggregates_are_not_judged(
    local: Local, connection: Connection, mapped: Mapped
) -> None:
    mapped(FilterCriteria={"Filters": [{"Pattern": '{"data": {"kind": ["a"]}}'}]})
    lives = AwsLives(connection, BULK, pytest.fail, packed=False)
    row = followed(lives, put(local, "bulk", b'{"kind": "b"}'))[0, "orders-function"]
    assert (row.ended, row.deliveries, row.latency_seconds) == ("filtered", 0, None)
    packed = AwsLives(connection, BULK, pytest.fail, packed=True)
    settling = Settling(packed.readers, tells_all=False)
    entries = put(local, "bulk", b'{"kind": "b"}')
    settling.put([Put(0, entries[0].shard_id, entries[0].sequence_number, time.time())])
    packed.put(settling, entries)
    assert settling.take_settled() == []


def test_a_topic_tells_nothing_and_that_is_said(
    local: Local, connection: Connection, mapped: Mapped
) -> None:
    topic = local.client("sns").create_topic(Name="told")["TopicArn"]
    mapped(DestinationConfig={"OnFailure": {"Destination": topic}})
    warned: list[str] = []
    AwsLives(connection, BULK, warned.append, packed=False)
    assert warned == [f"{topic} keeps no documents: which records go there is not told"]


def test_a_disabled_mapping_delivers_nothing(local: Local, connection: Connection) -> None:
    client = local.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName="Second")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        readers = AwsLives(connection, ORDERS, pytest.fail, packed=False).readers
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    why = {each.function: each.why for each in readers}
    assert why == {"orders-function": "", "Second": "the mapping is disabled"}


def test_a_function_that_logs_no_number_leaves_its_records_not_told(
    local: Local, connection: Connection
) -> None:
    lives = AwsLives(connection, ORDERS, pytest.fail, packed=False)
    settling = Settling(lives.readers, tells_all=lives.tells_all)
    (entry,) = put(local, "orders", b"fine")
    settling.put([Put(0, entry.shard_id, entry.sequence_number, time.time())])
    settling.all_put()
    local.wait()  # it was handled, and the log has all of it
    lives.look(settling)
    rows = {row.function: row for row in settling.take_open(time.time())}
    assert (rows["Second"].ended, rows["Second"].deliveries) == ("notTold", None)
