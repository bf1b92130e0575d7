"""Runs the benchmarks, prints a table, writes benchmarks/results.json.

``python -m benchmarks [MODULE…]``; exit code 1 when a ratio is above its target.
"""

import json
import platform
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from benchmarks.measure import Row

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"


def modules() -> list[str]:
    """Names of the modules here that can be run."""
    names = sorted(each.name for each in iter_modules([str(FOLDER)]) if each.name != "__main__")
    return [n for n in names if "def run(" in (FOLDER / f"{n}.py").read_text()]


def show(row: Row) -> None:
    """One line of the table."""
    target, verdict = row["target"], ""
    if target is not None:
        verdict = f"≤ {target:<5g} {'ok' if row['ratio'] <= target else 'MISSED'}"
    name, ours, peer, ratio = row["benchmark"], row["ours"], row["peer"], row["ratio"]
    print(f"{name:<48.48}{ours:>11.3f}{peer:>11.3f}{ratio:>8.2f}  {verdict}", flush=True)


def main(names: list[str]) -> int:
    """Run the modules `names`, or all."""
    if unknown := sorted(set(names) - set(modules())):
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(modules())}")
        return 2
    print(f"{'benchmark':<48}{'ours':>11}{'peer':>11}{'ratio':>8}  target")
    rows: list[Row] = []
    for name in names or modules():
        for row in import_module(f"benchmarks.{name}").run():
            show(row)
            rows.append(row)
    document = {"python": platform.python_version(), "machine": platform.machine(), "rows": rows}
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")
    return int(any(row["target"] is not None and row["ratio"] > row["target"] for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
