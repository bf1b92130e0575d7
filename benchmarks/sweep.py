"""`kcli simulate --sweep` of 200 points on 10,000 records, against as many single runs.

The peer is what the single runs take, divided by the cores that there are: every tenth of the 200
is run. Seconds, of the clock on the wall and of the processors.
"""

import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Row, row
from benchmarks.simulate import cost, kcli, write_recording
from kinesis_cli.cli.running.cores import cores

RECORDS = 10_000
SIZES = (50, 60, 70, 80, 90, 100, 150, 200, 300, 500)
FACTORS = (1, 2, 3, 4, 5)
WINDOWS = (0, 1, 2, 5)
EVERY = 10  # of the points are run alone
MODEL = ("--invocation-duration", "0.02+0.0002/record")


def points() -> list[tuple[str, ...]]:
    """The options of each point."""
    return [
        (
            *("--batch-size", str(size), "--parallelization-factor", str(factor)),
            *("--maximum-batching-window-in-seconds", str(window)),
        )
        for size in SIZES
        for factor in FACTORS
        for window in WINDOWS
    ]


def grid() -> tuple[str, ...]:
    """The same as a sweep; its own settings are the first point."""
    return (
        *("--sweep", f"BatchSize={','.join(map(str, SIZES))}"),
        *("--sweep", f"ParallelizationFactor={','.join(map(str, FACTORS))}"),
        *("--sweep", f"MaximumBatchingWindowInSeconds={','.join(map(str, WINDOWS))}"),
        *points()[0],
    )


def timed(*command: str) -> tuple[float, float]:
    """Seconds on the wall, and of the processors, of a command and what it starts."""
    begin = perf_counter()
    used, _ = cost(*command)
    return perf_counter() - begin, used


def run() -> list[Row]:
    """Rows of time."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "day.ndjson")
        write_recording(recording, RECORDS)
        alone = [timed(*kcli(recording, *MODEL, *each)) for each in points()[::EVERY]]
        swept = timed(*kcli(recording, *MODEL, *grid()))
    wall, used = (sum(each) * EVERY / cores() for each in zip(*alone, strict=True))
    name = f"sweep of {len(points())} points, {cores()} cores"
    return [
        row(f"{name} (s)", swept[0], wall, 1.1),
        row(f"{name}, processor seconds each", swept[1] / cores(), used, 1.1),
    ]
