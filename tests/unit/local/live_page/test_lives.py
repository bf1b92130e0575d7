"""What became of a record, in the words of `put --follow`."""

from typing import Any

import pytest

from kinesis_cli.following.fact import Fact
from kinesis_cli.following.followed import Put, Reader
from kinesis_cli.following.settling import Settling
from kinesis_cli.following.words import ending_in_words
from kinesis_cli.local.live_page.lives import NOT_WHOLE, OVER, life

SHARD = "shardId-000000000000"
NOW = 1_000_000.0
READERS = [Reader("uuid", "f")]
RECORD = Put(0, SHARD, "1", NOW)


def fact(what: str, *numbers: str, **members: Any) -> Fact:  # noqa: ANN401 - any of the fields
    told: dict[str, Any] = {
        **{"number": 1, "stream": "arn:orders", "mapping": "uuid", "function": "f"},
        **{"shard_id": SHARD, "at": NOW, "what": what, "sequence_numbers": numbers or ("1",)},
    }
    return Fact(**(told | members))


CALLING = fact("calling", "1", "2", request_id="r", attempt=1)
FAILED = fact("called", "1", "2", request_id="r", attempt=1, outcome="failed", reason="why; retry")
NOT_CALLED = fact("notCalled", attempt=2, reason="too large")
DISCARDED = fact("ended", outcome="discarded", reason="RetryAttemptsExhausted")
HANDLED = fact("ended", outcome="handled")


def told(*facts: Fact, **members: Any) -> Any:  # noqa: ANN401 - a JSON document
    return life(facts, members.pop("readers", READERS), RECORD, NOW + 2, **members)


def words(*facts: Fact, **members: Any) -> list[str]:  # noqa: ANN401
    return [each["words"] for each in told(*facts, **members)["endings"]]


def test_a_record_is_where_the_last_fact_says() -> None:
    assert words() == ["waiting; no call has had it yet"]
    assert words(CALLING) == ["waiting after 1 delivery; in a call for 2.0 s"]
    assert words(CALLING, FAILED) == ["waiting after 1 delivery; why; retry"]
    assert words(CALLING, FAILED, NOT_CALLED) == [
        "waiting after 1 delivery; too large; last error why"
    ]
    document = told(CALLING, FAILED, NOT_CALLED, DISCARDED)
    assert [each["ended"] for each in document["endings"]] == ["discarded"]
    assert [step["what"] for step in document["steps"]] == [
        "f: handed over with 1 other",
        "f: failed, why; retry",
        "f: not called, attempt 2, too large",
        "f: discarded, RetryAttemptsExhausted",
    ]
    assert len(document["calls"]) == 1


@pytest.mark.parametrize(
    "facts",
    [
        (CALLING,),
        (CALLING, FAILED),
        (CALLING, FAILED, DISCARDED),
        (fact("called", outcome="partial", failures=("1",)), HANDLED),
        (fact("opened", attempt=0),),
        (fact("opened", attempt=2), HANDLED),
        (fact("opened", attempt=2), HANDLED, fact("ended", outcome="filtered")),
        (fact("ended", outcome="expired"),),
    ],
)
def test_the_end_is_told_as_put_follow_tells_it(facts: tuple[Fact, ...]) -> None:
    settling = Settling(READERS)
    settling.put([RECORD])
    settling.happened(facts)
    rows = [*settling.take_settled(), *settling.take_open(NOW + 2)]
    assert words(*facts) == [ending_in_words(row) for row in rows]


def test_each_mapping_has_an_end_of_its_own_one_too_that_is_gone() -> None:
    document = told(
        HANDLED,
        fact("ended", outcome="filtered", mapping="other", function="f:live"),
        fact("notCalled", mapping="gone", function="h", reason="too large"),
        readers=[*READERS, Reader("other", "f:live"), Reader("third", "g", why="disabled")],
    )
    ends = {each["function"]: each["ended"] for each in document["endings"]}
    assert ends == {"f": "handled", "f:live": "filtered", "g": "waiting", "h": "waiting"}
    assert [each["words"] for each in document["endings"]][2] == "waiting; disabled"


def test_what_is_forgotten_is_not_guessed() -> None:
    (end,) = told(silences={"uuid": OVER})["endings"]
    assert (end["ended"], end["words"]) == ("notTold", f"not told; {OVER}")
    assert words(HANDLED, silences={"uuid": OVER}) == ["handled"]
    assert told(HANDLED, missed=True)["remark"] == NOT_WHOLE
    assert told(HANDLED)["remark"] == told(missed=True)["remark"] == ""


def test_a_record_that_no_mapping_reads_goes_to_nobody() -> None:
    assert told(readers=[])["endings"] == []


def test_what_is_told_is_harmless() -> None:
    text = "\x1b[31m\u202e"
    document = told(
        fact("called", outcome="failed", error=text),
        fact("ended", outcome="discarded", reason=text, destination=f"arn:{text}"),
        readers=[Reader("uuid", text)],
    )
    assert "\x1b" not in str(document).replace("\\x1b", "")
    assert "\u202e" not in str(document).replace("\\u202e", "")
