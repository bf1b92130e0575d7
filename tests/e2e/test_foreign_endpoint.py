"""An endpoint that is not AWS: any web server, and a Kinesis whose answers lack something."""

# ruff: noqa: E501, N815 - data, and the names of http.server
import itertools
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from kinesis_cli.cli.main import main

pytestmark = pytest.mark.slow

EVERYTHING = "KCLI_HOSTILE_INPUTS" in os.environ  # in `make soak`

SUMMARY = {
    "StreamName": "s",
    "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    "StreamStatus": "ACTIVE",
    "RetentionPeriodHours": 24,
    "StreamCreationTimestamp": 1.0,
    "EnhancedMonitoring": [],
    "OpenShardCount": 1,
}
SHARD = {
    "ShardId": "shardId-000000000000",
    "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "340282366920938463463374607431768211455"},
    "SequenceNumberRange": {"StartingSequenceNumber": "49590338271490256608559692538361571095921575989136588898"},
}  # fmt: skip
KINESIS: dict[str, object] = {
    "DescribeStreamSummary": {"StreamDescriptionSummary": SUMMARY},
    "ListShards": {"Shards": [SHARD]},
    "GetShardIterator": {"ShardIterator": "AAAA"},
    "GetRecords": {"Records": [], "NextShardIterator": "AAAA", "MillisBehindLatest": 0},
    "PutRecords": {
        "FailedRecordCount": 0,
        "Records": [{"ShardId": "shardId-000000000000", "SequenceNumber": "49590338271490256608559692538361571095921575989136588898"}],
    },
}  # fmt: skip

PAGES = {
    "a page": (200, b"<!doctype html><p>It works!"),
    "XML": (200, b"<a><b>1</b></a>"),
    "no members": (200, b"{}"),
    "other members": (200, b'{"status": "ok", "Records": 3, "Shards": {}, "events": "x", "Stacks": 1}'),
    "nothing": (200, b""),
    "a list": (200, b"[]"),
    "null": (200, b"null"),
    "a text": (200, b'"ok"'),
    "no UTF-8": (200, b"\xff\xfe\x00"),
    "deep": (200, b"[" * 100_000),
    "not found": (404, b"<p>not here"),
    "no such method": (405, b'{"detail": "Method Not Allowed"}'),
    "not implemented": (501, b"<p>Unsupported method ('POST')"),
    "a list of errors": (400, b"[1]"),
}  # fmt: skip
COMMANDS = (
    "put --count 1 --stream s",
    "put --count 1 --stream s --dry-run",
    "put --count 1 --stream s --dry-run --check-access",
    "tail --stream s --no-follow",
    "tail --stream s --efo --no-follow",
    "record --stream s --no-follow -o -",
    "replay event.json --stream s",
    "replay event.json --stream s --dry-run",
    "status --stream s",
    "status --stream s --function-name f",
    "redrive http://127.0.0.1:1/123456789012/q --stream s",
    "redrive s3://bucket/prefix --stream s",
    "redrive --stream s --function-name f",
    "redrive document.json --stream s",
    "tail-logs --function-name f --no-follow",
    "tail-logs --log-group g --no-follow",
    "invoke --remote --function-name f event.json",
    "config --stack app",
    "put --count 1 --stack app",
)
DOCUMENT = {
    "requestContext": {"requestId": "a", "condition": "RetryAttemptsExhausted"},
    "KinesisBatchInfo": {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": "49590338271490256608559692538361571095921575989136588898",
        "endSequenceNumber": "49590338271490256608559692538361571095921575989136588899",
        "batchSize": 1,
        "streamArn": SUMMARY["StreamARN"],
    },
}


TRIED = [
    (command, page)
    for number, command in enumerate(COMMANDS)
    for page in PAGES
    if page in ("a page", "not implemented") or number in (0, 8) or EVERYTHING
]


@contextmanager
def server(answers: dict[str, object]) -> Iterator[str]:
    """A web server; `answers` by operation, "": any other's. Each is a document or (status, text)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
            answer = answers.get(operation, answers.get("", {}))
            status, body = (
                answer if isinstance(answer, tuple) else (200, json.dumps(answer).encode())
            )
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        listening.server_close()


@pytest.fixture(autouse=True)
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with an event and a document; keys that are nobody's, and no second tries."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main(["event", "-o", "event.json"]) == 0
    (tmp_path / "document.json").write_text(json.dumps(DOCUMENT))
    capsys.readouterr()


def run(command: str, url: str) -> int:
    return main(
        [
            *command.replace("http://127.0.0.1:1/", f"{url}/").split(),
            "--endpoint-url",
            url,
            "--region",
            "us-east-1",
        ]
    )


@pytest.mark.parametrize(("command", "page"), TRIED)
def test_a_web_server_is_said_not_to_answer_like_the_service(
    command: str, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with server({"": PAGES[page]}) as url:
        code = run(command, url)
    said = capsys.readouterr().err
    assert "bug" not in said
    assert code in (0, 2, 3), said
    if code == 3 and page not in ("nothing",):
        assert "does not answer like" in said or "400" in said


def places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Where a document can lose something."""
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


def damaged(value: object, path: tuple[object, ...], instead: object) -> object:
    """A copy of a document that has something else at a place; `...`: nothing."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if instead is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = instead
    return copy


def damages() -> list[tuple[str, tuple[object, ...], object]]:
    """What to ask, and what is where in the answers; the same few each time, or all."""
    commands = ["put --count 1 --stream s", "tail --stream s --no-follow", "status --stream s"]
    instead: list[object] = [..., None, 7, "x", [], {}, True, "9" * 5000]
    everything = list(itertools.product(commands, places(KINESIS), instead))
    return everything if EVERYTHING else Random(1).sample(everything, 40)


@pytest.mark.parametrize(("command", "path", "instead"), damages(), ids=itertools.count())
def test_an_answer_that_lacks_something_is_no_bug_of_kcli(
    command: str, path: tuple[object, ...], instead: object, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = damaged(KINESIS, path, instead)
    assert isinstance(answers, dict)
    more = "--give-up-after 10ms" if command.startswith("put") else ""
    with server({"": (404, b""), **answers}) as url:
        code = run(f"{command} {more}", url)
    said = capsys.readouterr().err
    assert "bug" not in said
    assert code in (0, 3), said
