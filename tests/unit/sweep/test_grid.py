"""The grid of a sweep, as it is written and as it is run."""

import pytest

from kinesis_cli import EventSourceMapping, InputError
from kinesis_cli.sweep.grid import MAX_POINTS, axes_of, grid_of

OWN = EventSourceMapping.from_aws({})


def test_values_are_listed_or_given_as_ranges_and_count_once() -> None:
    (axis,) = axes_of(["BatchSize=10, 100,1..3,2"])
    assert (axis.name, axis.values) == ("BatchSize", (10, 100, 1, 2, 3))


def test_switches_are_true_or_false() -> None:
    axes = axes_of(["BisectBatchOnFunctionError=true,FALSE", "ReportBatchItemFailures=true"])
    assert [axis.values for axis in axes] == [(True, False), (True,)]
    grid = grid_of(axes, OWN)
    assert grid.points[0].mapping.bisect_batch_on_function_error
    assert grid.points[0].mapping.report_batch_item_failures


def test_no_limit_is_a_value() -> None:
    (axis,) = axes_of(["MaximumRetryAttempts=-1,0,3"])
    assert axis.values == (-1, 0, 3)


def test_each_point_has_its_settings_and_those_of_its_own_besides() -> None:
    own = EventSourceMapping.from_aws({"MaximumRetryAttempts": 7})
    grid = grid_of(axes_of(["BatchSize=10,20", "ParallelizationFactor=1..2"]), own)
    in_grid = [point for point in grid.points if point.is_in_grid]
    assert [tuple(point.settings.values()) for point in in_grid] == [
        (10, 1),
        (10, 2),
        (20, 1),
        (20, 2),
    ]
    assert {point.mapping.maximum_retry_attempts for point in grid.points} == {7}
    assert grid.own.settings == {"BatchSize": 100, "ParallelizationFactor": 1}
    assert not grid.own.is_in_grid


def test_its_own_settings_stand_once_where_the_grid_has_them() -> None:
    grid = grid_of(axes_of(["BatchSize=10,100"]), OWN)
    assert len(grid.points) == 2
    assert grid.own.is_in_grid


def test_what_aws_refuses_together_is_left_out_and_counted() -> None:
    axes = axes_of(["TumblingWindowInSeconds=0,60", "ParallelizationFactor=1..3"])
    grid = grid_of(axes, OWN)
    assert len(grid.points) == 4
    assert list(grid.left_out.values()) == [2]
    assert "ParallelizationFactor above 1" in next(iter(grid.left_out))


@pytest.mark.parametrize(
    ("text", "problem", "advice"),
    [
        ("BatchSize", "not the form NAME=VALUES", "BatchSize=10,100,500"),
        ("=1", "not the form NAME=VALUES", "BatchSize"),
        ("BatchSize=", "'' is neither a whole number", "BatchSize"),
        ("BatchSize=ten", "'ten' is neither a whole number", "1..10"),
        ("BatchSize=5..1", "'5..1' ends before it begins", ""),
        ("BatchSize=1..99999999", "99,999,999 values", ""),
        ("BatchSize=0,5", "BatchSize is 0, AWS accepts 1 to 10000", ""),
        ("ParallelizationFactor=1..11", "AWS accepts 1 to 10", ""),
        ("batch-size=1", "not a setting", "Did you mean BatchSize?"),
        ("StartingPosition=1", "not a setting", "There are BatchSize"),
        ("BisectBatchOnFunctionError=yes", "'yes' is neither true nor false", ""),
    ],
)
def test_what_cannot_be_swept_is_refused(text: str, problem: str, advice: str) -> None:
    with pytest.raises(InputError) as refused:
        axes_of([text])
    assert problem in refused.value.problem
    assert advice in refused.value.advice
    assert refused.value.place == f"--sweep {text}"


def test_a_setting_is_swept_once() -> None:
    with pytest.raises(InputError, match="swept twice"):
        axes_of(["BatchSize=1", "BatchSize=2"])


def test_a_grid_of_too_many_points_is_refused_before_any_is_made() -> None:
    axes = axes_of(["BatchSize=1..1001", "ParallelizationFactor=1..10"])
    with pytest.raises(InputError, match="10,010 points"):
        grid_of(axes, OWN)
    assert MAX_POINTS == 10_000
