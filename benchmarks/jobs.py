"""`kcli simulate --jobs 2` against `--jobs 1`, in turns: 4,000,000 records on 64 shards, indexed.

Wall time counts, so it says something on an idle machine with two cores only; the seconds of all
processes' processors together say on a busy one what sharing costs. Memory is that of the largest
process. `python -m benchmarks.jobs 400000` runs it with fewer records.
"""

import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Row, row
from benchmarks.simulate import cost, kcli, write_recording

RECORDS, SHARDS, ROUNDS = 4_000_000, 64, 3
SETTINGS = ("--batch-size", "100")
FASTER = 1 / 1.7


def run(records: int = RECORDS, rounds: int = ROUNDS) -> list[Row]:
    """Rows of time, of processor time and of memory."""
    from kinesis_cli.recordings.making_indexes import make_index

    with tempfile.TemporaryDirectory() as folder:
        whole, half = Path(folder, "whole.ndjson"), Path(folder, "half.ndjson")
        for path, count in ((whole, records), (half, records // 2)):
            write_recording(path, count, SHARDS)
            make_index(str(path))
        wall: dict[str, list[float]] = {"1": [], "2": []}
        processors: dict[str, list[float]] = {"1": [], "2": []}
        for _ in range(rounds):
            for jobs in wall:
                start = perf_counter()
                seconds, _ = cost(*kcli(whole, *SETTINGS, "--jobs", jobs))
                wall[jobs].append(perf_counter() - start)
                processors[jobs].append(seconds)
        large, small = (cost(*kcli(path, *SETTINGS, "--jobs", "2"))[1] for path in (whole, half))
    name = f"simulate {records:,} records, --jobs 2 and 1"
    return [
        row(f"{name} (s)", _middle(wall["2"]), _middle(wall["1"]), FASTER),
        row(f"{name} (CPU s)", _middle(processors["2"]), _middle(processors["1"]), 1.15),
        row("largest process, all and half of them (MB)", large, small, 1.1),
    ]


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    from benchmarks.__main__ import show

    for each in run(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS):
        show(each)
