"""From facts to what became of each record, in whatever order they come."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.following.fact import Fact, What
from kinesis_cli.following.followed import Figures, Followed, Put, Reader
from kinesis_cli.following.settling import NEVER_TOLD, NOT_ALL_TOLD, QUIET_SECONDS, Settling
from kinesis_cli.following.words import ending_in_words

SHARD = "shardId-000000000000"
numbers = count(1)


def fact(
    what: What,
    *sequence_numbers: str,
    mapping: str = "m",
    at: float = 10.0,
    attempt: int = 1,
    request_id: str = "r1",
    outcome: str = "",
    reason: str = "",
    error: str = "",
    destination: str = "",
    failures: tuple[str, ...] = (),
) -> Fact:
    return Fact(
        next(numbers),
        "arn:orders",
        mapping,
        "f",
        SHARD,
        at,
        what,
        sequence_numbers,
        request_id,
        attempt,
        outcome,
        reason,
        error,
        destination,
        failures,
    )


def put(*sequence_numbers: str, at: float = 9.0, records: int = 1) -> list[Put]:
    return [Put(n, SHARD, each, at, records) for n, each in enumerate(sequence_numbers)]


@pytest.fixture
def settling() -> Settling:
    return Settling([Reader("m", "f")])


def call(*sequence_numbers: str, outcome: str = "success", at: float = 10.0) -> list[Fact]:
    return [
        fact("calling", *sequence_numbers, at=at),
        fact("called", *sequence_numbers, outcome=outcome, at=at),
    ]


HANDLED = [*call("1"), fact("ended", "1", outcome="handled", at=11.5)]


def test_a_record_that_is_handled_ends_with_its_call_and_its_latency(settling: Settling) -> None:
    settling.put(put("1"))
    assert settling.open == 1
    settling.happened(HANDLED)
    (row,) = settling.take_settled()
    assert (row.ended, row.deliveries, row.calls, row.latency_seconds) == (
        *("handled", 1, ("r1",)),
        2.5,
    )
    assert (settling.open, settling.take_settled()) == (0, [])


def test_what_happened_before_the_answer_to_the_put_counts_too(settling: Settling) -> None:
    settling.happened(HANDLED)
    assert settling.take_settled() == []
    settling.put(put("1", at=20.0))
    (row,) = settling.take_settled()
    assert (row.ended, row.latency_seconds) == ("handled", 0.0)


def test_the_clock_of_the_endpoint_may_be_ahead(settling: Settling) -> None:
    settling.put(put("1", at=9.0))
    settling.happened([*call("1"), fact("ended", "1", outcome="handled", at=3_610.0)], ahead=3600.0)
    (row,) = settling.take_settled()
    assert row.latency_seconds == 1.0


def test_a_reported_record_that_is_handled_at_last_tells_of_its_reports(settling: Settling) -> None:
    settling.put(put("1"))
    again = [fact("calling", "1"), fact("called", "1", outcome="partial", failures=("1",))]
    settling.happened([*again, *HANDLED])
    (row,) = settling.take_settled()
    assert (row.ended, row.deliveries, row.reported, row.calls) == ("handled", 2, 1, ("r1",))
    assert ending_in_words(row) == "handled at delivery 2; reported once"


def test_a_bystander_of_a_report_is_not_reported(settling: Settling) -> None:
    settling.put(put("1"))
    settling.happened([fact("called", "0", "1", outcome="partial", failures=("0",)), *HANDLED])
    (row,) = settling.take_settled()
    assert (row.deliveries, row.reported) == (2, 0)


def test_a_discarded_record_names_its_reason_and_its_document(settling: Settling) -> None:
    settling.put(put("1"))
    settling.happened(
        [
            fact("calling", "1"),
            fact("called", "1", outcome="failed", error="ValueError: boom\nat line 3"),
            fact(
                "ended",
                "1",
                outcome="discarded",
                reason="RetryAttemptsExhausted",
                destination="arn:aws:sqs:us-east-1:000000000000:failures",
            ),
        ]
    )
    (row,) = settling.take_settled()
    assert not row.is_good
    assert ending_in_words(row) == (
        "discarded after 1 delivery; RetryAttemptsExhausted; last error ValueError: boom; "
        "document sent to failures"
    )


def test_a_record_that_was_given_up_with_its_batch_says_so(settling: Settling) -> None:
    settling.put(put("2"))
    settling.happened(
        [
            fact("called", "1", "2", outcome="partial", failures=("1",)),
            fact("ended", "1", "2", outcome="discarded", reason="RetryAttemptsExhausted"),
        ]
    )
    (row,) = settling.take_settled()
    assert "given up with its batch, though never reported itself" in ending_in_words(row)


def test_a_document_that_was_refused_says_so(settling: Settling) -> None:
    settling.put(put("1"))
    arn = "arn:aws:sqs:us-east-1:000000000000:failures"
    ended = fact(
        "ended",
        "1",
        outcome="discarded",
        reason="RecordAgeExceeded",
        error="no such queue",
        destination=arn,
    )
    settling.happened([ended])
    (row,) = settling.take_settled()
    assert ending_in_words(row) == (
        "discarded; RecordAgeExceeded; failures did not take its document: no such queue"
    )


@pytest.mark.parametrize("outcome", ["filtered", "expired"])
def test_a_record_may_end_without_any_call(settling: Settling, outcome: str) -> None:
    settling.put(put("1"))
    settling.happened([fact("ended", "1", outcome=outcome)])
    (row,) = settling.take_settled()
    assert (row.ended, row.deliveries, row.is_good) == (outcome, 0, outcome == "filtered")


def test_each_mapping_has_its_own_ending() -> None:
    settling = Settling([Reader("m", "f"), Reader("n", "g")])
    settling.put(put("1"))
    settling.happened(HANDLED)
    assert [row.function for row in settling.take_settled()] == ["f"]
    settling.happened([fact("ended", "1", mapping="n", outcome="filtered")])
    assert [(row.function, row.ended) for row in settling.take_settled()] == [("g", "filtered")]


def test_a_throttled_attempt_is_no_delivery(settling: Settling) -> None:
    settling.put(put("1"))
    settling.happened([*call("1", outcome="throttled"), *HANDLED])
    (row,) = settling.take_settled()
    assert row.deliveries == 1


def test_an_aggregate_ends_with_the_last_of_its_records(settling: Settling) -> None:
    settling.put(put("1", records=3))
    settling.happened([fact("opened", "1", attempt=3)])
    settling.happened([fact("ended", "1", outcome="filtered"), *call("1", "1")])
    assert settling.take_settled() == []
    settling.happened([fact("ended", "1", "1", outcome="discarded", reason="RecordAgeExceeded")])
    (row,) = settling.take_settled()
    assert (row.ended, row.reason, row.records) == ("discarded", "2 discarded, 1 filtered", 3)


def test_an_aggregate_of_which_some_was_handled_is_handled(settling: Settling) -> None:
    settling.put(put("1", records=3))
    settling.happened([fact("opened", "1", attempt=3), fact("ended", "1", outcome="filtered")])
    settling.happened([*call("1", "1"), fact("ended", "1", "1", outcome="handled")])
    (row,) = settling.take_settled()
    assert (row.ended, row.reason) == ("handled", "2 handled, 1 filtered")


def test_an_answer_that_was_not_as_it_must_be_is_the_error(settling: Settling) -> None:
    settling.put(put("1"))
    reason = "the answer has no state; retries exhausted, 1 record discarded"
    settling.happened([fact("called", "1", outcome="failed", reason=reason)])
    settling.happened([fact("ended", "1", outcome="discarded", reason="RetryAttemptsExhausted")])
    (row,) = settling.take_settled()
    assert row.error == "the answer has no state"


def test_an_aggregate_of_which_nothing_belongs_here_is_dropped(settling: Settling) -> None:
    settling.put(put("1"))
    settling.happened([fact("opened", "1", attempt=0)])
    (row,) = settling.take_settled()
    assert (row.ended, row.is_good) == ("dropped", False)


def test_what_has_not_ended_says_what_it_waits_for(settling: Settling) -> None:
    settling.put(put("1", "2", "3"))
    settling.happened([fact("calling", "1", at=10.0, request_id="r9")])
    settling.happened(call("2", outcome="failed"))
    failed = fact("called", "2", outcome="failed", reason="boom; retry 1 in 0.2 s")
    settling.happened([failed])
    assert settling.in_call == 1
    rows = list(settling.take_open(now=22.0))
    assert [(row.ended, row.reason) for row in rows] == [
        ("waiting", "in a call for 12.0 s"),
        ("waiting", "boom; retry 1 in 0.2 s"),
        ("waiting", "no call has had it yet"),
    ]
    assert (rows[0].calls, rows[0].deliveries) == (("r9",), 1)
    assert settling.open == 0


def test_it_is_over_when_the_mapping_stops_but_not_within_a_call(settling: Settling) -> None:
    settling.put(put("1"))
    settling.happened([fact("calling", "1")])
    settling.read_by([Reader("m", "f", why="the mapping is disabled")], 0.0)
    assert not settling.is_over
    settling.happened([fact("called", "1", outcome="failed")])
    assert settling.is_over
    (row,) = settling.take_open(30.0)
    assert (row.ended, row.reason) == ("waiting", "the mapping is disabled")


def test_a_mapping_that_is_gone_delivers_no_more(settling: Settling) -> None:
    settling.put(put("1"))
    settling.read_by([], 0.0)
    assert settling.is_over
    assert [row.reason for row in settling.take_open(0.0)] == ["its mapping was deleted"]


def test_a_mapping_with_nothing_left_is_not_waited_for_and_nothing_is_guessed(
    settling: Settling,
) -> None:
    settling.put(put("1"))
    for moment, backlog in ((0.0, 0), (1.0, 3), (2.0, 0), (2.0 + QUIET_SECONDS / 2, 0)):
        settling.read_by([Reader("m", "f", backlog=backlog)], moment)
        assert settling.take_settled() == []
    settling.missed()
    settling.read_by([Reader("m", "f", backlog=0)], 2.0 + QUIET_SECONDS)
    (row,) = settling.take_settled()
    assert (row.ended, row.reason, row.is_whole) == ("notTold", NEVER_TOLD, False)


def test_calls_that_ran_when_the_server_was_started_anew_have_ended(settling: Settling) -> None:
    settling.put(put("1", "2"))
    settling.happened([fact("calling", "1", request_id="r1")])
    settling.started_anew()
    assert settling.in_call == 0
    settling.happened([*call("1"), fact("ended", "1", outcome="handled")])
    (row,) = settling.take_settled()
    assert (row.deliveries, row.calls, row.is_whole) == (2, ("r1",), False)
    (other,) = settling.take_open(20.0)
    assert (other.ended, other.deliveries, other.reason) == ("waiting", None, NOT_ALL_TOLD)


def test_where_not_all_is_told_a_record_that_nothing_names_is_not_told() -> None:
    settling = Settling([Reader("m", "f")], tells_all=False)
    settling.put(put("1", "2"))
    settling.happened([fact("calling", "2"), fact("called", "2", outcome="failed", error="boom")])
    rows = list(settling.take_open(20.0))
    assert [(row.ended, row.deliveries) for row in rows] == [("notTold", None), ("waiting", 1)]
    assert settling.open_numbers("m") == set()


def test_records_of_others_are_forgotten_once_all_is_put(settling: Settling) -> None:
    settling.happened(call("others"))
    settling.put(put("1"))
    settling.all_put()
    settling.happened([fact("ended", "others", outcome="handled"), *call("later"), *HANDLED])
    assert [row.sequence_number for row in settling.take_settled()] == ["1"]


@given(st.permutations(["0", "1", "2"]), st.integers(0, 6))
def test_each_record_ends_once_whenever_the_answers_come(order: list[str], when: int) -> None:
    settling = Settling([Reader("m", "f")])
    facts = [each for number in order for each in _life(number)]
    settling.happened(facts[:when])
    settling.put(put("0", "1", "2"))
    settling.all_put()
    settling.happened(facts[when:])
    rows = settling.take_settled()
    assert sorted(row.sequence_number for row in rows) == ["0", "1", "2"]
    assert all((row.ended, row.deliveries) == ("handled", 1) for row in rows)
    assert list(settling.take_open(0.0)) == []


def _life(number: str) -> list[Fact]:
    return [fact("called", number, outcome="success"), fact("ended", number, outcome="handled")]


def test_figures_count_and_tell_the_latencies_that_shares_do_not_exceed() -> None:
    figures = Figures()
    for each in range(100):
        figures.add(_row("handled", 1 + (each == 7), each + 1.0))
    figures.add(_row("waiting", 0, None))
    assert (figures.records, figures.bad, figures.again) == (101, 1, 1)
    assert figures.latencies(0.5, 0.99, 1.0) == (51.0, 100.0, 100.0)
    assert Figures().latencies(0.5) == ()


def _row(ended: str, deliveries: int, latency: float | None) -> Followed:
    return Followed(
        0,
        SHARD,
        "1",
        1,
        "m",
        "f",
        ended,  # type: ignore[arg-type]
        deliveries=deliveries,
        latency_seconds=latency,
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (_row("filtered", 0, 0.1), "matches no filter"),
        (_row("called", 1, 0.1), "called once, the last time without an error in its log"),
        (_row("waiting", 0, None), "waiting"),
        (_row("expired", 2, None), "expired after 2 deliveries"),
        (
            _row("discarded", 3, None),
            "discarded after 3 deliveries; no document: the mapping has no on-failure destination",
        ),
    ],
)
def test_an_ending_reads_as_a_sentence(row: Followed, words: str) -> None:
    assert ending_in_words(row) == words
