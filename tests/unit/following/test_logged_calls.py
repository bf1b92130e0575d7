"""What a function's log tells of the records that its lines name."""

from itertools import count

import pytest

from kinesis_cli.following.fact import Fact
from kinesis_cli.following.logged_calls import DONE_AFTER_SECONDS, LoggedCalls, LoggedFunction
from kinesis_cli.function_log.entries import LogEvent, LogReader

SHARD = "shardId-000000000000"
ONE, TWO = "4968065753080378338249529920193088050114391353226952707" + "4", "1" * 56
SHARDS = {ONE: SHARD, TWO: SHARD}
FIRST = "11111111-1111-4111-8111-111111111111"
SECOND = "22222222-2222-4222-8222-222222222222"
REPORT = "\tDuration: 2.00 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t"
moments = count(1_000)


class Log:
    """A log that grows, and what it tells."""

    def __init__(self, *, reports: bool) -> None:
        self._calls = LoggedCalls(LoggedFunction("arn:orders", "m", "f", reports=reports))
        self._reader = LogReader()

    def add(self, *messages: str, now: float = 0.0) -> list[Fact]:
        events = [
            LogEvent(next(moments), 0, "group", "stream", f"{n}", message)
            for n, message in enumerate(messages)
        ]
        entries = [entry for block in self._reader.read(events) for entry in block]
        return list(self._calls.read(entries, SHARDS, now))

    def done(self, now: float) -> list[Fact]:
        return list(self._calls.done(now))


def call(request_id: str, *lines: str, status: str = "") -> list[str]:
    return [
        f"START RequestId: {request_id} Version: $LATEST",
        *lines,
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}{REPORT}{status}",
    ]


def told(facts: list[Fact]) -> list[tuple[str, str, str]]:
    return [(fact.what, fact.outcome, fact.error) for fact in facts]


def test_a_call_has_the_records_that_its_lines_name() -> None:
    log = Log(reports=False)
    facts = log.add(*call(FIRST, f"got {ONE}", f'{{"n": "{TWO}"}}', f"again {ONE}"))
    assert [(fact.what, fact.sequence_numbers) for fact in facts] == [
        ("calling", (ONE,)),
        ("calling", (TWO,)),
        ("called", (ONE, TWO)),
        ("ended", (ONE, TWO)),
    ]
    assert {fact.request_id for fact in facts} == {FIRST}
    assert facts[-1].outcome == "called"  # a report without a status shows no error, no more


def test_a_call_that_names_no_record_tells_nothing() -> None:
    log = Log(reports=True)
    assert log.add(*call(FIRST, "got a reading", "9" * 56)) == []
    assert log.done(1e9) == []


def test_a_status_of_success_is_handled_where_nothing_can_be_reported() -> None:
    log = Log(reports=False)
    facts = log.add(
        f'{{"time":"t","type":"platform.start","record":{{"requestId":"{FIRST}"}}}}',
        f'{{"level":"INFO","message":"got {ONE}","requestId":"{FIRST}"}}',
        f'{{"time":"t","type":"platform.report","record":{{"requestId":"{FIRST}",'
        '"status":"success","metrics":{"durationMs":2.0}}}',
    )
    assert told(facts)[-1] == ("ended", "handled", "")


@pytest.mark.parametrize(
    ("line", "status", "error"),
    [
        ("[ERROR] ValueError: boom", "", "ValueError: boom"),
        (
            f"2026-01-01T00:00:00.000Z\t{FIRST}\tERROR\tInvoke Error \t"
            '{"errorType":"Error","errorMessage":"boom"}',
            "",
            '{"errorType":"Error","errorMessage":"boom"}',
        ),
        (
            f"2026-01-01T00:00:00.000Z {FIRST} Task timed out after 3.00 seconds",
            "Status: timeout",
            "Task timed out after 3.00 seconds",
        ),
        ("", "Status: error\tError Type: Runtime.ExitError", "Runtime.ExitError"),
        ("", "Status: timeout", "the call ended with status timeout"),
        (
            f'{{"log_level":"ERROR","errorType":"ValueError","errorMessage":"boom","stackTrace":[],'
            f'"requestId":"{FIRST}"}}',
            "",
            "ValueError: boom",
        ),
    ],
)
def test_a_call_that_failed_ends_no_record(line: str, status: str, error: str) -> None:
    log = Log(reports=True)
    facts = log.add(*call(FIRST, f"got {ONE}", *filter(None, (line,)), status=status))
    assert told(facts)[1:] == [("called", "failed", error)]
    assert log.done(1e9) == []


def test_an_error_that_the_function_logs_itself_is_no_failure_of_its_call() -> None:
    log = Log(reports=False)
    logged = (
        f'{{"level":"ERROR","logger":"app","message":"{ONE} failed","errorType":"ValueError",'
        f'"errorMessage":"boom","stackTrace":[],"requestId":"{FIRST}"}}'
    )
    assert told(log.add(*call(FIRST, logged)))[1][:2] == ("called", "success")
    text = f"[ERROR]\t2026-01-01T00:00:00.000Z\t{SECOND}\trecord {TWO} failed"
    assert told(log.add(*call(SECOND, text)))[1][:2] == ("called", "success")


def test_a_retry_has_the_same_request_id_and_so_the_same_records() -> None:
    log = Log(reports=False)
    log.add(*call(FIRST, f"got {ONE}", "[ERROR] ValueError: boom"))
    again = log.add(*call(FIRST, "nothing is named"))
    assert [(fact.what, fact.sequence_numbers) for fact in again] == [
        ("calling", (ONE,)),
        ("called", (ONE,)),
        ("ended", (ONE,)),
    ]


def test_what_may_have_been_reported_has_ended_when_no_call_names_it_any_more() -> None:
    log = Log(reports=True)
    facts = log.add(*call(FIRST, f"got {ONE}"), now=100.0)
    assert told(facts)[-1][0] == "called"
    assert log.done(100.0 + DONE_AFTER_SECONDS - 0.1) == []
    log.add(*call(SECOND, f"got {ONE}"), now=105.0)  # it had been reported
    assert log.done(100.0 + DONE_AFTER_SECONDS) == []
    (ended,) = log.done(105.0 + DONE_AFTER_SECONDS)
    assert (ended.what, ended.outcome, ended.sequence_numbers) == ("ended", "called", (ONE,))
    assert log.done(1e9) == []


def test_lines_between_calls_belong_to_none() -> None:
    assert Log(reports=False).add("INIT_START Runtime Version: x", f"loaded {ONE}") == []
