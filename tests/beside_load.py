"""Runs the tests again and again on a busy machine: `python tests/beside_load.py [PYTEST…]`.

Five endless loops for each processor are beside them, so that no test can rely on how fast anything
goes. The exit code is the first one of pytest that is not 0.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

LOOPS_PER_PROCESSOR = 5  # a load of 10 on 2 processors
ROUNDS = int(os.environ.get("KCLI_LOAD_ROUNDS", "3"))
# It ends with whoever started it, also where that was killed.
LOOP = "import os; parent = os.getppid()\nwhile os.getppid() == parent: sum(range(10_000))"


@contextmanager
def load() -> Iterator[None]:
    """Keep all processors busy."""
    number = LOOPS_PER_PROCESSOR * (os.cpu_count() or 1)
    loops = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(number)]
    try:
        yield
    finally:
        for each in loops:
            each.kill()
            each.wait()


def main(arguments: Sequence[str]) -> int:
    """Run pytest `ROUNDS` times; the exit code."""
    with load():
        for _ in range(ROUNDS):
            command = [sys.executable, "-m", "pytest", *arguments]
            if status := subprocess.run(command, check=False).returncode:
                return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
