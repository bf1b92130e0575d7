from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli.stream import record_source
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordQueue, Taking
from tests.examples import examples

UNTIL = 5.0


def records(arrivals: list[int], sizes: list[int]) -> list[Record]:
    return [
        Record("shardId-000000000000", str(number), "key", float(arrival), b"x" * size)
        for number, (arrival, size) in enumerate(zip(arrivals, sizes, strict=False))
    ]


def moved_one_by_one(queue: deque[Record], taken: list[Record], limit: int, max_bytes: int) -> bool:
    """What `move_due` does, as it is said in words."""
    while queue and len(taken) < limit:
        size = sum(len(record.raw) for record in [*taken, queue[0]])
        if queue[0].arrival > UNTIL or (size > max_bytes and taken):
            return False
        taken.append(queue.popleft())
    return len(taken) < limit


@given(
    arrivals=st.lists(st.integers(0, 8), max_size=12),
    sizes=st.lists(st.integers(0, 5), min_size=12, max_size=12),
    before=st.integers(0, 3),
    least=st.integers(1, 4),
    most=st.integers(1, 5),
    is_measured=st.booleans(),
    pieces=st.lists(st.integers(1, 5), min_size=12, max_size=12),
    limit=st.integers(0, 14),
    max_bytes=st.integers(0, 40),
)
@settings(max_examples=examples(200))
def test_records_that_have_arrived_are_moved_up_to_a_number_and_a_size(
    arrivals: list[int],
    sizes: list[int],
    before: int,
    least: int,
    most: int,
    is_measured: bool,
    pieces: list[int],
    limit: int,
    max_bytes: int,
) -> None:
    found = records(arrivals, sizes)
    before = min(before, limit)
    taking, queue = Taking(UNTIL, limit, max_bytes), RecordQueue()
    taking.records += found[:before]
    taking.size = sum(len(record.raw) for record in taking.records)
    taken_one_by_one, queue_one_by_one = found[:before], deque(found[before:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record_source, "LEAST_PIECE", least)
        patch.setattr(record_source, "MOST_PIECE", most)
        rest = found[before:]
        for length in pieces:
            some, rest = rest[:length], rest[length:]
            if some and is_measured:
                latest = max(record.arrival for record in some)
                queue.extend_measured(some, latest, sum(len(record.raw) for record in some))
            else:
                queue.extend(some)
        while True:  # until all has gone that can
            has_room = moved_one_by_one(queue_one_by_one, taken_one_by_one, limit, max_bytes)
            assert queue.move_due(taking) == has_room
            assert taking.records == taken_one_by_one
            assert taking.size == sum(len(record.raw) for record in taking.records)
            assert len(queue) == len(queue_one_by_one)
            first = queue_one_by_one[0].arrival if queue_one_by_one else None
            assert queue.next_arrival == first
            if not taken_one_by_one:
                break
            taking, taken_one_by_one = Taking(UNTIL, limit, max_bytes), []
