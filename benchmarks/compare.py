"""This checkout against another commit of it, in turns on the same machine and interpreter.

``python -m benchmarks.compare REV [--rounds N] [--case WORD]``; exit code 1 when anything takes 3 %
more. CPU is that of the command's process, its start included. On an idle machine it takes five
minutes; what is beside it there costs both sides the same, and makes single ratios wander.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.simulate import BLOCKED, write_recording

ROOT = Path(__file__).parent.parent
MAX_RATIO = 1.03
MANY, SINGLE, PUT = 200_000, 20_000, 50_000  # records


class Tree:
    """A checkout, and the local endpoint that was started from it."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder, self._state = folder, state
        paths = (str(folder), str(folder / "lambda_function"))
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "AWS_LAMBDA_LOG_LEVEL": "ERROR",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self.endpoint = ""

    def cost(self, *arguments: str) -> tuple[float, float]:
        """CPU seconds and seconds of a kcli command.

        Raises:
            RuntimeError: it has failed.
        """
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "kinesis_cli", *arguments],
            env=self._environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{arguments} ended with {process.returncode} in {self.folder}")
        return usage.ru_utime + usage.ru_stime, seconds

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """A local endpoint of this checkout, with a stream of four shards, and records on it."""
        state = ("--state", str(self._state))
        shape = ("--in-memory", "--stream", "b", "--shards", "4")
        self._answer("local", "start", *state, "--detach", *shape)
        try:
            where = self._answer("local", "status", *state, "--output", "json")
            self.endpoint = json.loads(where)["endpoint"]
            to_stream = ("--endpoint-url", self.endpoint, "--stream", "b")
            self.cost("put", "--count", str(PUT), "--sensors", "50", *to_stream)  # for tail to read
            yield
        finally:
            self._answer("local", "stop", *state)

    def _answer(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "kinesis_cli", *arguments],
            env=self._environment,
            cwd=self.folder,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        ).stdout


Case = Callable[[Tree], tuple[str, ...]]


def cases(folder: Path) -> dict[str, tuple[Case, int]]:
    """The commands by name, each with how many times as many rounds it needs: short ones wander."""
    many, single, blocked = folder / "many.ndjson", folder / "single.ndjson", folder / "blocked.py"
    write_recording(many, MANY)
    write_recording(single, SINGLE)
    blocked.write_text(BLOCKED)

    def fixed(*arguments: str) -> Case:
        return lambda _: arguments

    def on_stream(*arguments: str) -> Case:
        return lambda tree: (*arguments, "--endpoint-url", tree.endpoint, "--stream", "b")

    to_lines = ("--batch-size", "100", "--output", "ndjson")
    handler = ("--handler", f"{blocked}:handler")
    read = ("tail", "--since", "trim-horizon", "--no-follow", "-n", str(PUT), "--output", "ndjson")
    return {
        "kcli --version": (fixed("--version"), 4),
        "kcli --help": (fixed("--help"), 4),
        "kcli simulate fixtures/batch.json": (fixed("simulate", "fixtures/batch.json"), 4),
        "kcli invoke": (fixed("invoke"), 4),
        f"simulate {MANY:,} records": (fixed("simulate", str(many), *to_lines), 1),
        f"simulate {SINGLE:,} records, one a call": (
            fixed("simulate", str(single), "--batch-size", "1", "--output", "ndjson"),
            1,
        ),
        f"simulate {MANY:,}, a shard blocked": (
            fixed("simulate", str(many), *to_lines, *handler, "--retention-hours", "48"),
            1,
        ),
        f"put {PUT:,} records": (on_stream("put", "--count", str(PUT), "--sensors", "50"), 1),
        f"tail {PUT:,} records": (on_stream(*read), 1),
    }


def compare(revision: str, rounds: int, word: str = "") -> int:
    """Measure both, print a table, and return the exit code."""
    with (
        tempfile.TemporaryDirectory() as made,
        _checkout(revision, Path(made, "before")) as folder,
        contextlib.ExitStack() as servers,
    ):
        trees = [Tree(folder, Path(made, "b")), Tree(ROOT, Path(made, "a"))]
        for tree in trees:
            servers.enter_context(tree.serving())
        print(f"{'CPU seconds, medians':<44}{'before':>9}{'after':>9}{'ratio':>8}{'wall':>8}")
        is_slower = False
        chosen = {name: each for name, each in cases(Path(made)).items() if word in name}
        for name, (case, times) in chosen.items():
            ratio = _measured(name, case, trees, rounds * times)
            is_slower = is_slower or ratio > MAX_RATIO
    return int(is_slower)


def _measured(name: str, case: Case, trees: list[Tree], rounds: int) -> float:
    costs: list[list[tuple[float, float]]] = [[] for _ in trees]
    for number in range(rounds + 1):
        order = list(enumerate(trees))
        for side, tree in order if number % 2 else reversed(order):
            cost = tree.cost(*case(tree))
            if number:  # the first writes bytecode, and fills the caches
                costs[side].append(cost)
    (before, began), (after, ended) = (
        tuple(statistics.median(figures) for figures in zip(*each, strict=True)) for each in costs
    )
    ratio: float = after / before
    verdict = "  SLOWER" if ratio > MAX_RATIO else ""
    print(f"{name:<44}{before:>9.3f}{after:>9.3f}{ratio:>8.3f}{ended / began:>8.3f}{verdict}")
    sys.stdout.flush()
    return ratio


@contextlib.contextmanager
def _checkout(revision: str, folder: Path) -> Iterator[Path]:
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), revision], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", metavar="REV")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", default="", help="only those with this in their name")
    given = parser.parse_args()
    sys.exit(compare(given.revision, given.rounds, given.case))
