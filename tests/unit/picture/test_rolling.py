"""The last minutes of a delivery that goes on."""

import math

import pytest

from kinesis_cli.picture.drawing import Mark
from kinesis_cli.picture.rates import Rate
from kinesis_cli.picture.rolling import (
    COLUMNS,
    MAX_LANES,
    MAX_ROWS,
    Key,
    Rolling,
    RollingCall,
    RollingPicture,
    RunningLanes,
)

ROW: Key = ("orders", "shardId-000000000000", "fn")
NOW = 1_000_000.0


def call(
    at: float, end: float, outcome: str = "success", attempt: int = 1, *, lane: int = 0
) -> RollingCall:
    return RollingCall(ROW, lane, at, end, attempt, outcome, 1.5)  # type: ignore[arg-type]


def drawn(rolling: Rolling, now: float, *running: tuple[Key, int, float]) -> RollingPicture:
    picture = rolling.picture(now, running)
    assert picture is not None
    return picture


def test_a_call_is_in_each_column_that_it_ran_in_and_counted_where_it_began() -> None:
    rolling = Rolling(120)
    rolling.call(call(NOW - 10, NOW - 7.5, "failed", 2))
    picture = drawn(rolling, NOW)
    (row,) = picture.rows
    assert row.lanes == ["." * 109 + "fff" + "." * 8]
    assert row.calls == [0] * 109 + [1] + [0] * 10
    assert row.again == [(109, 2)]
    assert [n for n, age in enumerate(picture.ages) if age == 1.5] == [111]


def test_the_worst_is_shown_of_what_ran_in_a_column() -> None:
    rolling = Rolling(120)
    for outcome in ("success", "partial", "failed", "throttled"):
        rolling.call(call(NOW - 0.5, NOW - 0.4, outcome))
    assert drawn(rolling, NOW).rows[0].lanes[0].strip(".") == "f"


def test_what_has_left_the_picture_is_forgotten() -> None:
    rolling = Rolling(120)
    rolling.call(call(NOW, NOW + 1))
    rolling.lost(ROW, NOW, Mark(discarded=3))
    assert drawn(rolling, NOW + 60).rows[0].discarded == [(59, 3)]
    assert rolling.picture(NOW + 200) is None
    assert rolling.picture(NOW) is None  # for good


def test_a_clock_that_is_set_back_leaves_no_calls_of_the_future() -> None:
    rolling = Rolling(60)
    rolling.call(call(NOW + 1000, NOW + 1001))
    assert rolling.picture(NOW) is None


def test_a_call_that_has_not_ended_runs_up_to_now_in_its_lane() -> None:
    rolling = Rolling(120)
    rolling.call(call(NOW - 20, NOW - 10))
    rolling.lost(ROW, NOW, Mark(expired=2))
    (row,) = drawn(rolling, NOW, (ROW, 0, NOW - 8), (ROW, 1, NOW - 500)).rows
    assert row.lanes == ["." * 99 + "h" * 11 + "." + "r" * 9, "r" * COLUMNS]
    assert row.expired == [(119, 2)]
    assert drawn(rolling, NOW).rows[0].lanes == ["." * 99 + "h" * 11 + "." * 10]


def test_calls_that_run_beside_each_other_have_lanes_of_their_own() -> None:
    lanes = RunningLanes()
    assert [lanes.take(ROW, each) for each in "abc"] == [0, 1, 2]
    lanes.leave(ROW, "b")
    assert lanes.take(ROW, "d") == 1
    assert lanes.take(("other", "", ""), "e") == 0
    assert max(lanes.take(ROW, each) for each in range(100)) == MAX_LANES - 1


def test_the_busiest_rows_are_drawn_and_the_others_counted() -> None:
    rolling = Rolling(60)
    for n in range(MAX_ROWS + 5):
        for at in range(1 + n % 7):
            key = ("orders", f"shardId-{n:012}", "fn")
            rolling.call(RollingCall(key, 0, NOW - at * 3, NOW - at * 3, 1, "success"))
    picture = drawn(rolling, NOW)
    assert (len(picture.rows), picture.more) == (MAX_ROWS, 5)
    assert [row.key for row in picture.rows] == sorted(row.key for row in picture.rows)
    assert min(sum(row.calls) for row in picture.rows) == 1


@pytest.mark.parametrize("seconds", [60, 600, 3600])
def test_the_picture_ends_with_the_column_of_now(seconds: int) -> None:
    rolling = Rolling(seconds)
    rolling.call(call(NOW, NOW))
    picture = drawn(rolling, NOW)
    assert math.isclose(picture.end - picture.start, seconds)
    assert picture.end - rolling.width <= NOW < picture.end
    assert drawn(rolling, NOW + rolling.width).start == picture.start + rolling.width


def test_a_rate_is_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.per_second == 0.0
    for second in range(10):
        rate.add(second, second * 100)
    assert rate.per_second == 100.0
    for second in range(10, 20):
        rate.add(second, 900)
    assert rate.per_second == 0.0


def test_one_put_between_two_looks_is_no_peak() -> None:
    rate = Rate()
    rate.add(0.0, 0)
    rate.add(0.01, 5)
    assert rate.per_second == 5.0


def test_a_rate_begins_anew_when_something_is_counted_anew() -> None:
    rate = Rate()
    rate.add(0, 1_000)
    rate.add(1, 5)
    assert rate.per_second == 0.0
