"""Enhanced fan-out: records are pushed to a consumer, no poll brings them."""

import pytest

from kinesis_cli import simulate
from kinesis_cli.event_source_mapping.polling import PUSH_SECONDS
from kinesis_cli.stream.record import Record
from tests.unit.streams import FIRST_NUMBER, START, STREAM_ARN, record

CONSUMER = f"{STREAM_ARN}/consumer/app:1545084650"


def nothing(event: object, context: object) -> object:
    return None


def pushed(index: int, at: float) -> Record:
    plain = record(index, at=at)
    raw = plain.raw.replace(STREAM_ARN.encode(), CONSUMER.encode())
    return Record(plain.shard_id, plain.sequence_number, "k", plain.arrival, raw)


def calls(records: list[Record], seed: int = 0) -> list[tuple[float, list[int]]]:
    result = simulate(records, nothing, {"BatchSize": 3}, start_at=START, seed=seed)
    return [
        (round(call.at - START, 3), [int(n) - FIRST_NUMBER for n in call.sequence_numbers])
        for call in result.invocations
    ]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_record_is_delivered_70_ms_after_its_arrival_whatever_the_seed(seed: int) -> None:
    arrivals = [0.5, 1.25, 30.001, 30.5]
    records = [pushed(index, at) for index, at in enumerate(arrivals)]
    assert calls(records, seed) == [
        (round(at + PUSH_SECONDS, 3), [index]) for index, at in enumerate(arrivals)
    ]


def test_what_is_pushed_during_a_call_goes_out_when_it_has_ended() -> None:
    records = [pushed(index, 10 + index * 0.02) for index in range(6)]
    # A call takes 0.1 s: 1 and 2 are there after the first, 3 and 4 and 5 a little later.
    assert calls(records) == [(10.07, [0]), (10.17, [1, 2, 3]), (10.27, [4, 5])]


def test_what_waits_in_the_stream_is_there_at_once() -> None:
    records = [pushed(index, -60 + index) for index in range(7)]
    assert [batch for _, batch in calls(records)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert calls(records)[0][0] == 0.0


def test_a_plain_stream_is_polled_still() -> None:
    at, batch = calls([record(0, at=0.5)])[0]
    assert batch == [0]
    assert at != 0.57


def test_many_records_at_the_same_moment_are_all_delivered() -> None:
    records = [pushed(index, 0.1 * (index // 50)) for index in range(1000)]
    assert sum(len(batch) for _, batch in calls(records)) == 1000
