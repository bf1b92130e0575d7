"""Reading a table's stream as AWS may answer: shards with parents, empty answers, faults.

`kcli local` has one shard for a stream and no such faults; so a small server plays AWS.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from kinesis_cli.aws.consuming.consumer import Consumer, ReadPlan, ShardRecords
from kinesis_cli.aws.consuming.table_stream import EMPTY_AT_TIP, TableStream, stream_of_table
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError
from kinesis_cli.project.settings import read_settings
from kinesis_cli.project.target import resolve_target
from kinesis_cli.stream.kinds.change_record import ChangeRecord
from kinesis_cli.stream.selection import Start, StartKind

pytestmark = pytest.mark.slow

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-09-17T13:26:53.746"
ALL = Start(StartKind.TRIM_HORIZON)
Answer = tuple[int, dict[str, Any]]


def shard_id(number: int) -> str:
    return f"shardId-{number:020}-00000000"


def record(number: int) -> dict[str, Any]:
    return {
        "eventID": f"{number:032x}",
        "eventName": "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"},
        "dynamodb": {
            "ApproximateCreationDateTime": 1789651658,
            "Keys": {"pk": {"B": "AP8="}},
            "SequenceNumber": str(10**21 + number),
            "SizeBytes": 4,
            "StreamViewType": "KEYS_ONLY",
        },
    }


def error(code: str) -> Answer:
    return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}


@dataclass
class Shard:
    """What GetRecords answers, one after the other; a list is a page, and None the end."""

    answers: list[list[int] | Answer | None]
    parent: int | None = None
    is_open: bool = False


@dataclass
class Aws:
    """What the server has, and what it was asked."""

    shards: dict[int, Shard]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def answer(self, operation: str, request: dict[str, Any]) -> Answer:
        self.asked.append((operation, request))
        match operation:
            case "ListStreams":
                arns = [ARN, ARN.replace("2026", "2025")]
                page = bool(request.get("ExclusiveStartStreamArn"))
                streams = [{"StreamArn": arns[page], "StreamLabel": arns[page][-23:]}]
                more = {} if page else {"LastEvaluatedStreamArn": arns[0]}
                return 200, {"Streams": streams, **more}
            case "DescribeStream":
                return 200, {"StreamDescription": self._description(request)}
            case "GetShardIterator":
                return 200, {"ShardIterator": request["ShardId"]}
        return self._records(request["ShardIterator"])

    def _description(self, request: dict[str, Any]) -> dict[str, Any]:
        """A shard in each page."""
        after = request.get("ExclusiveStartShardId", "")
        left = [number for number in sorted(self.shards) if shard_id(number) > after]
        described = [self._shard(number) for number in left[:1]]
        more = {"LastEvaluatedShardId": shard_id(left[0])} if len(left) > 1 else {}
        return {"StreamArn": ARN, "Shards": described, **more}

    def _shard(self, number: int) -> dict[str, Any]:
        shard = self.shards[number]
        range_ = {"StartingSequenceNumber": str(10**21)}
        if not shard.is_open:
            range_["EndingSequenceNumber"] = str(10**22)
        parent = {} if shard.parent is None else {"ParentShardId": shard_id(shard.parent)}
        return {"ShardId": shard_id(number), "SequenceNumberRange": range_, **parent}

    def _records(self, iterator: str) -> Answer:
        shard = self.shards[int(iterator.split("-")[1])]
        answer = shard.answers.pop(0) if shard.answers else []
        if isinstance(answer, tuple):
            return answer
        is_end = answer is None or (not shard.answers and not shard.is_open)
        more = {} if is_end else {"NextShardIterator": iterator}
        return 200, {"Records": [record(number) for number in answer or []], **more}


Serve = Callable[[Aws], Connection]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ThreadingHTTPServer] = []

    def start(aws: Aws) -> Connection:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                operation = self.headers["x-amz-target"].rpartition(".")[2]
                status, document = aws.answer(operation, body)
                answer = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        flags = {
            "endpoint_url": f"http://127.0.0.1:{server.server_port}",
            "region": "us-east-1",
        }
        settings = read_settings(flags, environment={}, directory=Path("/"))
        return Connection(resolve_target(settings, Path("/"), with_template=False))

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")


def read(
    connection: Connection, plan: ReadPlan, warn: Callable[[str], None] = pytest.fail
) -> list[ShardRecords]:
    with closing(Consumer(connection, ARN, plan, warn).poll()) as batches:
        return [each for each in batches if each.shard_id]


def numbers(batches: list[ShardRecords]) -> list[int]:
    return [int(each.sequence_number) - 10**21 for batch in batches for each in batch.records]


def test_a_child_is_read_after_its_parent(serve: Serve) -> None:
    shards = {
        3: Shard([[5], None], parent=2),
        2: Shard([[], [3, 4], None], parent=1),
        1: Shard([[1], [2]]),
    }
    batches = read(serve(Aws(shards)), ReadPlan(ALL, follow=False))
    assert numbers(batches) == [1, 2, 3, 4, 5]
    first = batches[0].records[0]
    assert isinstance(first, ChangeRecord)
    assert first.shard_id == shard_id(1)
    sent = json.loads(first.raw)
    assert sent["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert sent["dynamodb"]["Keys"] == {"pk": {"B": "AP8="}}
    assert sent["eventSourceARN"] == ARN


def test_a_parent_that_is_listed_no_more_holds_up_nobody(serve: Serve) -> None:
    batches = read(serve(Aws({2: Shard([[1], None], parent=1)})), ReadPlan(ALL, follow=False))
    assert numbers(batches) == [1]


def test_faults_of_a_shard_pass(serve: Serve) -> None:
    aws = Aws(
        {
            1: Shard(
                [
                    error("LimitExceededException"),
                    [1],
                    error("ExpiredIteratorException"),
                    error("InternalServerError"),
                    [2],
                    None,
                ]
            )
        }
    )
    assert numbers(read(serve(aws), ReadPlan(ALL, follow=False))) == [1, 2]
    asked = [request for operation, request in aws.asked if operation == "GetShardIterator"]
    assert [each["ShardIteratorType"] for each in asked] == [
        "TRIM_HORIZON",
        "AFTER_SEQUENCE_NUMBER",
    ]
    assert asked[-1]["SequenceNumber"] == str(10**21 + 1)


def test_records_that_have_left_the_stream_are_told_of_and_the_rest_is_read(serve: Serve) -> None:
    aws = Aws({1: Shard([[1], error("TrimmedDataAccessException"), [7], None])})
    told: list[str] = []
    assert numbers(read(serve(aws), ReadPlan(ALL, follow=False), told.append)) == [1, 7]
    (sentence,) = told
    assert sentence.startswith(f"{shard_id(1)} lost records")


def test_an_empty_answer_of_a_shard_elsewhere_is_not_its_tip(serve: Serve) -> None:
    empty: list[list[int] | Answer | None] = [[] for _ in range(EMPTY_AT_TIP - 1)]
    connection = serve(Aws({1: Shard([*empty, [1], *empty, [2]], is_open=True)}))

    consumer = Consumer(connection, ARN, ReadPlan(ALL, follow=False), pytest.fail)
    stream = TableStream(connection, ARN, None)
    stream._empty_at_tip = EMPTY_AT_TIP  # this test's server is on this machine
    consumer._api = stream
    with closing(consumer.poll()) as batches:
        assert numbers([each for each in batches if each.shard_id]) == [1, 2]


def test_the_stream_of_a_table_is_its_newest(serve: Serve) -> None:
    connection = serve(Aws({}))
    assert stream_of_table(connection, "orders") == ARN
    assert stream_of_table(connection, ARN.partition("/stream/")[0]) == ARN
    assert stream_of_table(connection, ARN) == ARN


def test_what_is_no_record_is_refused_in_a_sentence(serve: Serve) -> None:
    nonsense: Answer = (403, {"__type": "AccessDeniedException", "message": "not you"})
    with pytest.raises(EndpointError, match="not you"):
        read(serve(Aws({1: Shard([nonsense])})), ReadPlan(ALL, follow=False))
