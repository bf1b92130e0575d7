"""`kcli put --jobs 2` against `--jobs 1` on one local endpoint, in turns.

Wall time counts: it says something on an idle machine with three cores or more, for the endpoint
needs one too. `python -m benchmarks.put_jobs 40000` runs it with fewer records.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Row, row
from benchmarks.put import DATA, STREAM, Cost
from tests import servers

RECORDS, ROUNDS = 400_000, 3


def run(records: int = RECORDS, rounds: int = ROUNDS) -> list[Row]:
    """Rows of time, and of processor time."""
    costs: dict[str, list[Cost]] = {"1": [], "2": []}
    with (
        servers.ours("--in-memory", "--stream", f"{STREAM}=4") as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        lines = Path(folder, "lines")
        lines.write_text(f"{DATA}\n" * records)
        to_stream = ("--endpoint-url", server.endpoint, "--stream", STREAM)
        put = (sys.executable, "-m", "kinesis_cli", "put", "--from", str(lines), *to_stream)
        for _ in range(rounds):
            for jobs, each in costs.items():
                each.append(Cost(*put, "--jobs", jobs))
    wall = {jobs: statistics.median(each.wall for each in costs[jobs]) for jobs in costs}
    cpu = {jobs: statistics.median(each.cpu for each in costs[jobs]) for jobs in costs}
    name = f"put {records:,} records, --jobs 2 and 1"
    return [
        row(f"{name} (s)", wall["2"], wall["1"], None),
        row(f"{name} (CPU s)", cpu["2"], cpu["1"], None),
    ]


if __name__ == "__main__":
    from benchmarks.__main__ import show

    for each in run(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS):
        show(each)
