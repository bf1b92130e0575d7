"""Calls, as the mappings' history tells of them."""

import asyncio
from typing import Any

from kinesis_cli.following.fact import Fact
from kinesis_cli.local.live_page.calls import MAX_CALL_SECONDS, MAX_SHOWN, CallWatch
from kinesis_cli.local.mapping.history import History

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
NOW = 1_000_000.0


def add(history: History, what: str, at: float, *numbers: str, **members: Any) -> None:  # noqa: ANN401 - any of the fields
    history.add(
        Fact(
            number=history.newest + 1,
            stream=ARN,
            mapping=members.pop("mapping", "uuid"),
            function="f",
            shard_id="shardId-000000000000",
            at=at,
            what=what,  # type: ignore[arg-type]
            sequence_numbers=numbers,
            **members,
        )
    )


def call(history: History, at: float, outcome: str = "success", request: str = "r") -> None:
    add(history, "calling", at, "1", "2", request_id=request, attempt=1)
    ended = {"outcome": outcome, "began": at, "reason": "because"}
    add(history, "called", at + 1, "1", "2", request_id=request, attempt=1, **ended)


def look(watch: CallWatch, history: History, now: float = NOW) -> None:
    asyncio.run(watch.look(history, now))


def lanes(watch: CallWatch, now: float = NOW) -> list[str]:
    timeline: Any = watch.timeline(60, now)
    return [lane for row in timeline["shards"] for lane in row["lanes"]]


def test_a_call_runs_until_it_has_ended() -> None:
    watch, history = CallWatch(), History()
    add(history, "calling", NOW - 5, "1", "2", request_id="r", attempt=2)
    look(watch, history)
    (running,) = watch.running()
    assert (running.attempt, running.records, running.lane) == (2, 2, 0)
    assert set(lanes(watch)[0]) == {".", "r"}
    add(
        history, "called", NOW, "1", "2", request_id="r", attempt=2, outcome="failed", began=NOW - 5
    )
    look(watch, history)
    assert watch.running() == []
    assert set(lanes(watch)[0]) == {".", "f"}
    shown: Any = watch.calls([])
    assert [each.duration_ms for each in shown["shown"]] == [5000.0]
    assert shown["problems"] == shown["shown"]


def test_each_fact_is_taken_in_once_however_much_comes_at_once() -> None:
    watch, history = CallWatch(), History()
    for n in range(3_000):
        call(history, NOW - 2 - n / 1_000, "failed" if n % 3 == 0 else "success", f"r{n}")
    look(watch, history)
    look(watch, history)
    shown: Any = watch.calls([])
    assert len(shown["shown"]) == len(shown["problems"]) == MAX_SHOWN
    assert shown["shown"][0].request_id == "r2999"
    timeline: Any = watch.timeline(60, NOW)
    assert sum(timeline["shards"][0]["calls"]) == 3_000
    assert watch.row_of(2 * 999) is None  # succeeded, and there are so many newer ones
    assert watch.row_of(2 * 1_000)  # failed
    assert watch.row_of(history.newest)


def test_calls_whose_end_was_missed_do_not_run_for_ever() -> None:
    watch, history = CallWatch(), History(max_weight=60)
    add(history, "calling", NOW, "1", request_id="lost", attempt=1)
    look(watch, history)
    for n in range(100):
        call(history, NOW, request=f"r{n}")
    look(watch, history)
    assert watch.running() == []
    add(history, "calling", NOW, "1", request_id="stopped", attempt=1)
    look(watch, history, NOW + MAX_CALL_SECONDS - 1)
    assert len(watch.running()) == 1
    look(watch, history, NOW + MAX_CALL_SECONDS + 1)
    assert watch.running() == []


def test_an_empty_timeline_says_so_and_does_not_change() -> None:
    watch = CallWatch()
    assert watch.timeline(60, NOW) == watch.timeline(60, NOW + 7)
    assert watch.timeline(60, NOW)["start"] is None


def test_what_the_history_says_is_harmless() -> None:
    watch, history = CallWatch(), History()
    add(history, "called", NOW, "1", outcome="failed", error="\x1b[31m", reason="\u202e", began=NOW)
    look(watch, history)
    shown: Any = watch.calls([])
    assert (shown["shown"][0].error, shown["shown"][0].reason) == ("\\x1b[31m", "\\u202e")
