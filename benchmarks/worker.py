"""`kcli simulate` of a large recording through a worker, against the same in kcli's own process.

The worker is another environment of the same Python with the same packages, so that what differs is
the way there and back. Times are CPU seconds of all processes.
"""

import sysconfig
import tempfile
import venv
from pathlib import Path

from benchmarks.measure import Row, row
from benchmarks.simulate import RECORDS, ROOT, cost, kcli, write_recording

ROUNDS = 3


def run(records: int = RECORDS, rounds: int = ROUNDS) -> list[Row]:
    """One row."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "recording.ndjson")
        write_recording(recording, records)
        python = _environment(Path(folder, "env"))
        template = ("--template", str(ROOT / "template.yaml"), "--batch-size", "100")
        commands = {
            "own": kcli(recording, *template),
            "worker": kcli(recording, *template, "--python", str(python)),
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                taken[name].append(cost(*command)[0])
    middle = {name: sorted(times)[len(times) // 2] for name, times in taken.items()}
    name = f"simulate {records:,} records, worker (s)"
    return [row(name, middle["worker"], middle["own"], 1.25)]


def _environment(folder: Path) -> Path:
    """An environment that has this one's packages. Returns its interpreter."""
    venv.create(folder, with_pip=False)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "of-kcli.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"
