"""Recordings with a planted optimum: what is recommended is among the best.

`KCLI_SWEEP_SEEDS` says how many of each kind are tried.
"""

import os
import random
from collections.abc import Sequence

import pytest

from kinesis_cli import EventSourceMapping, Record, simulate
from kinesis_cli.handlers.in_process import CallableHandler, Described
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.simulation.durations import CallDuration
from kinesis_cli.simulation.run import SimulationOptions
from kinesis_cli.sweep.choice import Run
from kinesis_cli.sweep.cost import Costs, FunctionSize, Stream, load_of
from kinesis_cli.sweep.grid import Grid, axes_of, grid_of
from kinesis_cli.sweep.held_records import HeldRecords
from kinesis_cli.sweep.measuring import measured
from kinesis_cli.sweep.prices import known_prices
from kinesis_cli.sweep.result import Basis, Swept
from tests.unit.streams import record

SEEDS = range(int(os.environ.get("KCLI_SWEEP_SEEDS", "2")))
MEMORY_MB = 512
BEST = 0.05  # a share: so many of the points, or so much of the cost


class Planted:
    """A function, a recording, and a grid of which one part is best.

    Batches of `best` records last twice the base of a call. Smaller ones are too slow for the rate;
    larger ones are filled by the records that wait at the start, and time out, again and again.
    """

    def __init__(self, seed: int) -> None:
        source = random.Random(seed)
        self.best = source.choice([20, 30, 50])
        base = source.uniform(0.4, 0.8)
        self.duration = CallDuration(base, base / self.best)
        self.timeout = base * 2.4
        rate = 0.8 * self.best / (2 * base)
        arrivals = [0.0] * (self.best * 5)  # wait at the start
        arrivals += sorted((n + source.random()) / rate for n in range(int(rate * 60)))
        self.records = [
            record(number, at=at, key=f"key-{number % 7}") for number, at in enumerate(arrivals)
        ]
        sizes = ",".join(str(self.best * factor // 10) for factor in (1, 2, 3, 10, 30, 80))
        self.grid = grid_of(
            axes_of([f"BatchSize={sizes}", "MaximumBatchingWindowInSeconds=0,1"]),
            EventSourceMapping.from_aws({"BatchSize": max(self.best // 10, 1)}),
        )


def swept(
    grid: Grid, records: Sequence[Record], duration: CallDuration, timeout: float, **options: float
) -> Swept:
    """The sweep, in this process."""
    held = HeldRecords(records)
    assert held.first_arrival is not None
    assert held.last_arrival is not None
    seconds = held.last_arrival - held.first_arrival
    size, stream = FunctionSize(MEMORY_MB, "arm64"), Stream(1, 24, has_fan_out=False)
    costs = Costs(known_prices(), size, stream, load_of(records), seconds)
    runs = []
    for point in grid.points:
        handler = CallableHandler(
            lambda event, context: None, HandlerOptions(wall_clock=True), Described(timeout=timeout)
        )
        given = SimulationOptions(invocation_duration=duration, function_timeout=timeout)
        found = measured(held.from_beginning(), handler, point.mapping, given)
        handler.close()
        runs.append(Run(point, found, costs.of(found.calls, found.seconds)))
    basis = Basis(
        axes=grid.axes,
        duration=str(duration),
        prices=known_prices(),
        size=size,
        stream=stream,
        seconds=seconds,
        is_of_a_month=True,
        whose="the given settings",
        points=len(grid.points),
    )
    return Swept(basis, tuple(runs), options.get("max_age"))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_one_size_that_works_is_recommended(seed: int) -> None:
    planted = Planted(seed)
    found = swept(planted.grid, planted.records, planted.duration, planted.timeout)
    assert found.choice.recommended is not None
    best = found.runs[found.choice.recommended]
    assert best.point.settings["BatchSize"] == planted.best
    assert best.measured.keeps_up
    assert "keeps up, which the given settings do not" in found.sentence


class Oracle:
    """Cost and age of each point, from the calls of single runs: nothing of the sweep is used."""

    def __init__(self, grid: Grid, records: Sequence[Record], duration: CallDuration) -> None:
        self._arrivals = {each.sequence_number: each.arrival for each in records}
        self.points = [self._figures(each.mapping, records, duration) for each in grid.points]

    def _figures(
        self, mapping: EventSourceMapping, records: Sequence[Record], duration: CallDuration
    ) -> tuple[float, float]:
        result = simulate(
            records, lambda event, context: None, mapping, invocation_duration=str(duration)
        )
        ages, gb_seconds = [], 0.0
        for call in result.invocations:
            end = call.at + call.duration_ms / 1000
            ages += [end - self._arrivals[number] for number in call.sequence_numbers]
            gb_seconds += call.duration_ms / 1000 * MEMORY_MB / 1024
        age = sorted(ages)[int(len(ages) * 0.99)]
        return len(result.invocations) * 2e-7 + gb_seconds * 0.0000133334, age

    def rank(self, place: int, max_age: float) -> float:
        """Which share of the points is better: cheaper, and fresh enough."""
        cost = self.points[place][0]
        better = [
            each for each in self.points if each[1] <= max_age and each[0] < cost * (1 - BEST)
        ]
        return len(better) / len(self.points)


@pytest.mark.unmeasured
@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_of_many_that_work_one_of_the_best_is_recommended(seed: int) -> None:
    source = random.Random(1_000 + seed)
    rate, keys = source.uniform(5, 25), source.choice([1, 5, 40])
    duration = CallDuration(source.uniform(0.02, 0.2), source.uniform(0.0005, 0.008))
    at, records = 0.0, []
    for number in range(600):
        at += source.expovariate(rate)
        records.append(record(number, at=at, key=f"key-{source.randrange(keys)}"))
    grid = grid_of(
        axes_of(
            [
                "BatchSize=5,10,50,500",
                "ParallelizationFactor=1,4",
                "MaximumBatchingWindowInSeconds=0,1,4,10",
            ]
        ),
        EventSourceMapping.from_aws({"BatchSize": 5, "ParallelizationFactor": 4}),
    )
    max_age = source.uniform(3, 9)
    found = swept(grid, records, duration, 900.0, max_age=max_age)
    oracle = Oracle(grid, records, duration)
    assert found.choice.recommended is not None
    assert oracle.points[found.choice.recommended][1] <= max_age * 1.02
    assert oracle.rank(found.choice.recommended, max_age) <= BEST
