"""`kcli simulate` of a large recording through a worker, against the same in kcli's own process.

The worker is another environment of the same Python with the same packages, so that what differs is
the way there and back. It works on one call while kcli decides on others, so what a user waits for
is less than what both processes take: a row each, seconds of the clock and CPU seconds. The clock
tells the truth where two cores have nothing else to do.
"""

import sysconfig
import tempfile
import venv
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.measure import Row, row
from benchmarks.simulate import RECORDS, ROOT, cost, kcli, write_recording

ROUNDS = 3


def run(records: int = RECORDS, rounds: int = ROUNDS) -> list[Row]:
    """Rows of what a user waits for, and of what the processes use."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "recording.ndjson")
        write_recording(recording, records)
        python = _environment(Path(folder, "env"))
        template = ("--template", str(ROOT / "template.yaml"), "--batch-size", "100")
        commands = {
            "own": kcli(recording, *template),
            "worker": kcli(recording, *template, "--python", str(python)),
        }
        waited: dict[str, list[float]] = {name: [] for name in commands}
        used: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                start = perf_counter()
                used[name].append(cost(*command)[0])
                waited[name].append(perf_counter() - start)
    name = f"simulate {records:,} records, worker"
    return [
        row(f"{name} (s)", median(waited["worker"]), median(waited["own"]), 1.25),
        row(f"{name} (CPU s)", median(used["worker"]), median(used["own"]), None),
    ]


def _environment(folder: Path) -> Path:
    """An environment that has this one's packages. Returns its interpreter."""
    venv.create(folder, with_pip=False)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "of-kcli.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"
