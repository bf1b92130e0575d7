"""The last minutes of a delivery that goes on."""

import math

import pytest

from kinesis_cli.picture.drawing import Mark
from kinesis_cli.picture.rates import Rate
from kinesis_cli.picture.rolling import COLUMNS, MAX_LANES, Rolling, RollingCall

ROW = ("orders", "shardId-000000000000", "fn")
NOW = 1_000_000.0


def call(at: float, end: float, outcome: str = "success", attempt: int = 1) -> RollingCall:
    return RollingCall(ROW, at, end, attempt, outcome, 1.5)  # type: ignore[arg-type]


def test_a_call_is_in_each_column_that_it_ran_in_and_counted_where_it_began() -> None:
    rolling = Rolling(120)
    rolling.call(call(NOW - 10, NOW - 7.5, "failed", 2))
    row = rolling.columns(NOW)[ROW]
    assert [i for i, cell in enumerate(row.lanes[0]) if cell.kind == "failed"] == [
        109,
        110,
        111,
    ]
    assert [cell.calls for cell in row.lanes[0]][109:112] == [1, 0, 0]
    assert row.lanes[0][109].failed_again
    assert row.lanes[0][111].age == 1.5
    assert len(row.lanes[0]) == COLUMNS


def test_what_has_left_the_picture_is_forgotten() -> None:
    rolling = Rolling(120)
    rolling.call(call(NOW, NOW + 1))
    rolling.lost(ROW, NOW, Mark(discarded=3))
    assert rolling.columns(NOW + 60)[ROW].marks[COLUMNS - 61].discarded == 3
    assert rolling.columns(NOW + 200) == {}
    assert rolling.columns(NOW) == {}  # for good


def test_calls_beside_each_other_have_lanes_of_their_own() -> None:
    rolling = Rolling(60)
    for n in range(3):
        rolling.call(call(NOW - 5, NOW - 4 + n))
    rolling.call(call(NOW - 3, NOW - 2))  # where the first was
    assert len(rolling.columns(NOW)[ROW].lanes) == 3


def test_there_are_only_so_many_lanes_however_many_run() -> None:
    rolling = Rolling(60)
    for _ in range(100):
        rolling.call(call(NOW - 5, NOW - 1))
    row = rolling.columns(NOW, [(ROW, NOW - 1.0)] * 50)[ROW]
    assert len(row.lanes) == len(row.running) == MAX_LANES
    assert sum(cell.calls for lane in row.lanes for cell in lane) == 100


def test_a_call_that_has_not_ended_runs_up_to_now() -> None:
    rolling = Rolling(120)
    rolling.call(call(NOW - 20, NOW - 10))
    row = rolling.columns(NOW, [(ROW, NOW - 9), (ROW, NOW - 500)])[ROW]
    assert sorted(map(len, row.running)) == [10, COLUMNS]
    again = rolling.columns(NOW)[ROW]
    assert again.running == [set()]  # it is told anew each time


def test_a_clock_that_is_set_back_leaves_no_calls_of_the_future() -> None:
    rolling = Rolling(60)
    rolling.call(call(NOW + 1000, NOW + 1001))
    assert rolling.columns(NOW) == {}


def test_a_rate_is_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.per_second == 0.0
    for second in range(10):
        rate.add(second, second * 100)
    assert rate.per_second == 100.0
    for second in range(10, 20):
        rate.add(second, 900)
    assert rate.per_second == 0.0


def test_a_rate_begins_anew_when_something_is_counted_anew() -> None:
    rate = Rate()
    rate.add(0, 1_000)
    rate.add(1, 5)
    assert rate.per_second == 0.0


@pytest.mark.parametrize("seconds", [60, 600, 3600])
def test_the_columns_stay_where_they_are_while_time_goes_on(seconds: int) -> None:
    rolling = Rolling(seconds)
    width = seconds / COLUMNS
    assert math.isclose(rolling.start(NOW) + COLUMNS * width, NOW, abs_tol=width)
    assert rolling.start(NOW) == rolling.start(NOW + width / 3) or width < 1
