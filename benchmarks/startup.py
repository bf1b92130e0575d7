"""How long kcli takes to start, against ``python -c "import typer"`` of the same interpreter."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Row, medians, row

ROOT = Path(__file__).parent.parent
PEER = "import typer"
BATCH = "fixtures/batch.json"

TARGETS: dict[str, tuple[list[str], float]] = {
    "kcli --version": (["--version"], 0.6),
    "kcli --help": (["--help"], 2.4),
    "kcli simulate --help": (["simulate", "--help"], 4.5),
    f"kcli simulate {BATCH}": (["simulate", BATCH], 4.5),
    "kcli invoke": (["invoke"], 4.5),
}
COMPLETIONS = {"kcli s<TAB>": ("kcli s", "1"), "kcli simulate --b<TAB>": ("kcli simulate --b", "2")}


def start(*arguments: str, **environment: str) -> Callable[[], object]:
    """A case that runs python with `arguments`, and fails when python does."""

    def case() -> None:
        subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )

    return case


def run(rounds: int = 21) -> list[Row]:
    """One row per way to start kcli, in milliseconds."""
    kcli = ("-m", "kinesis_cli")
    cases = {PEER: start("-c", PEER)}
    targets = {}
    for name, (arguments, target) in TARGETS.items():
        cases[name], targets[name] = start(*kcli, *arguments), target
    for name, (words, position) in COMPLETIONS.items():
        targets[name] = 1.5
        cases[name] = start(
            *kcli, _KCLI_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=position
        )
    taken = {name: seconds * 1000 for name, seconds in medians(cases, rounds).items()}
    return [row(f"{n} (ms)", taken[n], taken[PEER], target) for n, target in targets.items()]
