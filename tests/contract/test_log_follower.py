"""Following a log group: at the local endpoint, and at a server that has AWS's awkward days."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from time import time
from typing import Any

import pytest

from kinesis_cli.aws.logs import LogFollower, LogQuery
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError
from kinesis_cli.local.kinesis_protocol import event_stream
from kinesis_cli.project.target import Target, TargetKind
from tests.servers import ours

pytestmark = pytest.mark.slow

_numbers = count()


def connection_to(endpoint: str) -> Connection:
    return Connection(
        Target(
            kind=TargetKind.ENDPOINT,
            reason="the test",
            endpoint_url=endpoint,
            found_by_botocore=False,
            profile=None,
            region="us-east-1",
            stack=None,
            stream=None,
            function=None,
        )
    )


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ours("--in-memory") as server:
        yield server.endpoint


class Group:
    """A new log group with a stream in it."""

    def __init__(self, endpoint: str, *, make: bool = True) -> None:
        self.connection = connection_to(endpoint)
        self.client = self.connection.client("logs")
        self.name = f"/aws/lambda/function-{next(_numbers)}"
        if make:
            self.make()

    def make(self) -> None:
        self.client.create_log_group(logGroupName=self.name)
        self.client.create_log_stream(logGroupName=self.name, logStreamName="a")

    def put(self, *messages: str, at: float | None = None, stream: str = "a") -> None:
        timestamp = int((time() if at is None else at) * 1000)
        self.client.put_log_events(
            logGroupName=self.name,
            logStreamName=stream,
            logEvents=[{"timestamp": timestamp, "message": message} for message in messages],
        )

    def follower(self, warn: Callable[[str], None] = print, **query: Any) -> LogFollower:  # noqa: ANN401
        return LogFollower(self.connection, LogQuery(self.name, **{"since": 0.0, **query}), warn)


@pytest.fixture
def group(endpoint: str) -> Group:
    return Group(endpoint)


def messages(follower: LogFollower) -> Iterator[str]:
    for events in follower.portions():
        yield from (event.message for event in events)


def test_everything_that_is_there_is_read_once(group: Group) -> None:
    now = time()
    group.put("second", at=now)
    group.put("first", at=now - 10)
    assert list(messages(group.follower(follow=False))) == ["first", "second"]


def test_events_of_one_millisecond_are_neither_lost_nor_shown_twice(group: Group) -> None:
    now = time()
    follower = messages(group.follower())
    group.put(*map(str, range(100)), at=now)
    seen = [next(follower) for _ in range(100)]
    group.put(*map(str, range(100, 10_000)), at=now)
    group.put(*map(str, range(10_000, 12_000)), at=now)  # more than a page holds
    seen += [next(follower) for _ in range(11_900)]
    group.put("last", at=now)
    assert [*seen, next(follower)] == [*map(str, range(12_000)), "last"]


def test_late_lines_appear(group: Group) -> None:
    now = time()
    follower = messages(group.follower())
    group.put("now", at=now)
    assert next(follower) == "now"
    group.put("late", at=now - 50)
    group.put("next", at=now)
    assert [next(follower), next(follower)] == ["late", "next"]


def test_a_line_from_the_future_hides_nothing(group: Group) -> None:
    follower = messages(group.follower())
    group.put("future", at=time() + 3600)
    assert next(follower) == "future"
    group.put("now")
    assert next(follower) == "now"


def test_since_is_where_it_begins_and_until_is_not_shown(group: Group) -> None:
    now = int(time())
    for at in (-3, -2, -1, 0):
        group.put(str(at), at=now + at)
    follower = group.follower(since=now - 2.0, until=float(now), follow=False)
    assert list(messages(follower)) == ["-2", "-1"]


def test_following_ends_at_until(group: Group) -> None:
    group.put("before", at=time() - 1)
    assert list(messages(group.follower(until=time() + 0.5))) == ["before"]


def test_a_log_group_that_is_not_there_yet_is_waited_for(endpoint: str) -> None:
    group = Group(endpoint, make=False)
    told: list[str] = []
    portions = group.follower(told.append).portions()

    def warned(sentence: str) -> None:
        told.append(sentence)
        group.make()
        group.put("born")

    portions = group.follower(warned).portions()
    assert next(event.message for events in portions for event in events) == "born"
    [sentence] = told
    assert sentence.startswith(f"there is no log group {group.name} yet, waiting for it.")


def test_a_log_group_that_is_not_there_says_what_to_do(group: Group, endpoint: str) -> None:
    missing = Group(endpoint, make=False)
    missing.name = f"{group.name}x"
    with pytest.raises(EndpointError) as raised:
        list(messages(missing.follower(follow=False)))
    assert f"There is {group.name}" in raised.value.advice
    assert "kcli invoke --remote" in raised.value.advice


def test_one_log_stream_can_be_chosen(group: Group) -> None:
    group.client.create_log_stream(logGroupName=group.name, logStreamName="b")
    group.put("in a")
    group.put("in b", stream="b")
    assert list(messages(group.follower(follow=False, log_stream="b"))) == ["in b"]
    assert list(messages(group.follower(follow=False, log_stream="b*"))) == ["in b"]


def test_cloudwatchs_filter_is_passed_on(group: Group) -> None:
    group.put("an ERROR here", "all is well")
    assert list(messages(group.follower(follow=False, pattern="ERROR"))) == ["an ERROR here"]


def test_nobody_at_the_other_end_is_said_at_once() -> None:
    group = Group("http://127.0.0.1:9", make=False)
    with pytest.raises(EndpointError, match="could not be reached"):
        next(messages(group.follower()))


# --- AWS's awkward days


Answer = tuple[int, dict[str, Any]] | list[bytes]  # status and document, or an event stream


@contextmanager
def scripted(*answers: Answer) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that gives these answers in order, the last one again and again, and what it got."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            answer = answers[min(len(asked), len(answers) - 1)]
            asked.append(json.loads(self.rfile.read(size)))
            if isinstance(answer, list):
                self._send(200, event_stream.CONTENT_TYPE, b"".join(answer))
            else:
                status, document = answer
                self._send(status, "application/x-amz-json-1.1", json.dumps(document).encode())

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def page(*ids: str, token: str | None = None) -> Answer:
    events = [
        {"eventId": id_, "timestamp": 1000, "ingestionTime": 2000, "logStreamName": "a",
         "message": id_}
        for id_ in ids
    ]  # fmt: skip
    return 200, {"events": events, **({"nextToken": token} if token else {})}


def refused(code: str) -> Answer:
    return 400, {"__type": code, "message": "no"}


def taken(endpoint: str, number: int) -> list[str]:
    follower = messages(Group(endpoint, make=False).follower())
    return [next(follower) for _ in range(number)]


def test_an_empty_page_with_a_token_is_not_the_end() -> None:
    with scripted(page(token="t1"), page(token="t2"), page("a"), page("a", "b")) as (url, asked):
        assert taken(url, 2) == ["a", "b"]
    starts = {each["startTime"] for each in asked[:3]}
    assert [each.get("nextToken") for each in asked[:4]] == [None, "t1", "t2", None]
    assert len(starts) == 1


def test_throttling_loses_nothing() -> None:
    throttled = [refused("ThrottlingException")] * 6
    with scripted(page("a", token="t"), *throttled, page("b"), page("c")) as (url, _):
        assert taken(url, 3) == ["a", "b", "c"]


def test_a_token_that_has_expired_begins_the_pass_anew() -> None:
    expired = refused("InvalidParameterException")
    with scripted(page("a", token="t"), expired, page("a", "b")) as (url, asked):
        assert taken(url, 2) == ["a", "b"]
    assert "nextToken" not in asked[2]


def test_an_answer_that_is_none_is_asked_for_again() -> None:
    with scripted(page("a", token="t"), [b"{nonsense"], page("b")) as (url, _):
        assert taken(url, 2) == ["a", "b"]


def test_a_refusal_is_the_end() -> None:
    with (
        scripted(page("a"), refused("AccessDeniedException")) as (url, _),
        pytest.raises(EndpointError, match="AccessDenied"),
    ):
        taken(url, 2)


# --- a live tail


def test_a_live_session_that_is_none_is_an_error_not_a_bug() -> None:
    name = f"/aws/lambda/function-{next(_numbers)}"
    with scripted(groups(name), [b"{nonsense"]) as (url, _):
        live = LogFollower(connection_to(url), LogQuery(name, None), print).live()
        with pytest.raises(EndpointError):
            next(live)


def update(*ids: str, sampled: bool = False) -> bytes:
    results = [
        {"logStreamName": "a", "message": id_, "timestamp": 1000, "ingestionTime": 2000}
        for id_ in ids
    ]
    document = {"sessionMetadata": {"sampled": sampled}, "sessionResults": results}
    content_type = "application/x-amz-json-1.1"
    return event_stream.event("sessionUpdate", content_type, json.dumps(document).encode())


def groups(name: str) -> Answer:
    return 200, {"logGroups": [{"logGroupName": name, "arn": f"arn:{name}:*"}]}


def test_a_live_tail_is_renewed_when_its_time_is_over() -> None:
    over = event_stream.exception(
        "SessionTimeoutException", "application/x-amz-json-1.1", b'{"message": "3 hours"}'
    )
    first = event_stream.event("initial-response", "application/x-amz-json-1.1", b"{}")
    sessions: list[Answer] = [
        [first, update("a"), update("b", sampled=True), over],
        [first, update("c")],
    ]
    told: list[str] = []
    name = f"/aws/lambda/function-{next(_numbers)}"
    with scripted(groups(name), *sessions) as (url, asked):
        query = LogQuery(name, None, pattern="?a", log_stream="x*")
        live = LogFollower(connection_to(url), query, told.append).live()
        seen = [event.message for _ in range(3) for event in next(live)]
        with pytest.raises(EndpointError, match="ended from the other side"):
            next(live)
    assert seen == ["a", "b", "c"]
    assert asked[1] == {
        "logGroupIdentifiers": [f"arn:{name}"],
        "logEventFilterPattern": "?a",
        "logStreamNamePrefixes": ["x"],
    }
    assert told == [
        "more than 500 lines a second: CloudWatch leaves some out",
        "CloudWatch renewed the live tail; lines between may be missing",
    ]
