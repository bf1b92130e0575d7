"""What a picture of a delivery holds, however long the run and however wide the picture."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.event_source_mapping.events import Outcome
from kinesis_cli.picture.drawing import KINDS, Cell, Drawing, Picture, ShardPicture
from kinesis_cli.picture.grid import CELLS
from kinesis_cli.picture.lanes import ShardLanes
from kinesis_cli.simulation.trace import Destination, ExpiredRecords, Invocation, Row

START = 1_700_000_040.0
SHARD = "shardId-000000000000"


def call(
    at: float,
    seconds: float = 0.1,
    outcome: Outcome = "success",
    *,
    attempt: int = 1,
    shard_id: str = SHARD,
    age: float = 0.0,
) -> Invocation:
    return Invocation(
        index=0,
        request_id="",
        shard_id=shard_id,
        at=START + at,
        attempt=attempt,
        sequence_numbers=("1",),
        outcome=outcome,
        checkpoint=None,
        batch_item_failures=(),
        error=None,
        reason="",
        duration_ms=seconds * 1000,
        logs=(),
        iterator_age=age,
    )


def given_up(at: float, records: int = 1) -> Destination:
    return Destination({}, None, START + at, SHARD, ("1",) * records)


def drawn(rows: Sequence[Row], *, begin: float = 0.0, end: float = math.inf) -> Drawing:
    drawing = Drawing(START + begin, START + end)
    for row in rows:
        drawing.row(row)
    return drawing


def only_shard(picture: Picture) -> ShardPicture:
    (shard,) = picture.shards
    return shard


def only_lane(picture: Picture) -> tuple[Cell, ...]:
    (lane,) = only_shard(picture).lanes
    return lane


def shape(cells: Sequence[Cell]) -> str:
    return "".join(cell.kind[0] if cell.kind else "." for cell in cells)


def test_a_call_fills_the_columns_of_its_time() -> None:
    picture = drawn([call(0.2, 0.3, "failed"), call(0.8, 0.2)]).picture(10)
    assert shape(only_lane(picture)) == "..fff...hh"


def test_the_worst_of_a_column_is_its_kind() -> None:
    rows = [call(0.0, 0.1), call(0.1, 0.1, "failed"), call(0.2, 0.1, "partial"), call(0.3, 0.1)]
    assert shape(only_lane(drawn(rows).picture(2))) == "fp"


def test_calls_beside_each_other_are_drawn_below_each_other() -> None:
    picture = drawn([call(0.0, 0.4), call(0.2, 0.2, "failed"), call(0.4, 0.1)]).picture(5)
    assert [shape(lane) for lane in only_shard(picture).lanes] == ["hhhhh", "..ff."]


def test_a_call_that_is_shorter_than_a_cell_is_seen() -> None:
    picture = drawn([call(0.0, 0.0, "failed"), call(86_400.0, 1.0)]).picture(80)
    assert shape(only_lane(picture))[0] == "f"


def test_the_try_of_a_column_is_the_highest_that_began_in_it() -> None:
    rows = [call(n / 10, 0.1, "failed", attempt=n + 1) for n in range(4)]
    assert [cell.attempt for cell in only_lane(drawn(rows).picture(2))] == [2, 4]


def test_a_zoomed_picture_leaves_out_what_is_before_and_after() -> None:
    rows: list[Row] = [
        call(0.0, 0.1, "failed"),
        call(1.0, 0.1),
        call(2.0, 0.1, "failed"),
        given_up(2.1),
    ]
    picture = drawn(rows, begin=0.5, end=1.5).picture(10)
    assert shape(only_lane(picture)) == ".....h...."
    assert picture.lost().discarded == 0


def test_iterator_age_stands_where_the_call_ended() -> None:
    ages = drawn([call(0.0, 0.5, age=7.0), call(0.9, 0.1, age=2.0)]).picture(10).ages()
    assert [(column, age) for column, age in enumerate(ages) if age > -math.inf] == [(4, 7), (9, 2)]


def test_a_shard_that_was_never_called_has_an_empty_lane_and_its_marks() -> None:
    picture = drawn([ExpiredRecords(SHARD, ("1", "2"), START + 1.0)]).picture(10)
    assert shape(only_lane(picture)) == "." * 10
    assert picture.lost().expired == 2


def test_nothing_at_all_is_a_picture_too() -> None:
    assert drawn([]).picture(10).shards == ()


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e6), st.floats(0, 900), st.sampled_from(sorted(KINDS)), st.integers(0, 3)
        ),
        max_size=40,
    ),
    st.integers(1, 300),
)
def test_no_call_and_no_loss_is_lost_in_a_picture(
    calls: list[tuple[float, float, Outcome, int]], columns: int
) -> None:
    rows: list[Row] = []
    for at, seconds, outcome, records in sorted(calls):
        rows.append(call(at, seconds, outcome))
        if records:
            rows.append(given_up(at + seconds, records))
    picture = drawn(rows).picture(columns)
    cells = [cell for shard in picture.shards for lane in shard.lanes for cell in lane]
    assert sum(cell.calls for cell in cells) == len(calls)
    assert picture.kinds() == {KINDS[outcome] for _, _, outcome, _ in calls}
    assert picture.lost().discarded == sum(records for *_, records in calls)


def test_what_is_kept_does_not_grow_with_the_run() -> None:
    drawing = drawn([call(n * 0.1) for n in range(50_000)])
    assert len(only_lane(drawing.picture(CELLS))) == CELLS
    (shard,) = drawing._shards.values()
    assert sum(map(len, shard.lanes)) <= CELLS


@pytest.mark.parametrize("calls", [2, 3, 10])
def test_there_are_as_many_lanes_as_calls_at_the_same_time(calls: int) -> None:
    lanes = ShardLanes()
    taken = [lanes.take(START, START + 1.0) for _ in range(calls)]
    assert taken == list(range(calls))
    assert lanes.take(START + 1.0, START + 2.0) == 0
    assert len(lanes) == calls
