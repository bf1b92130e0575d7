"""A part in a process of its own, begun for it: `python -m kinesis_cli.parts.alone JOB ANSWER`.

Whoever begins it holds the other end of its standard input: where that is closed, it ends too.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar, cast

from kinesis_cli.errors import KcliError

Job = TypeVar("Job")
Result = TypeVar("Result")

_TOLD = 500  # characters of what a process said last


class LostProcessError(Exception):
    """The process of a part ended before the part was done."""


def alone(work: Callable[[Job], Result], job: Job, folder: Path) -> Result:
    """Do the work in a process of its own, which does not outlive this one.

    Args:
        work: a function of a module.
        job: what it is called with.
        folder: for files.

    Raises:
        LostProcessError: that process ended before the work was done.
        KcliError: the work did.
    """
    given, answer = folder / "job", folder / "answer"
    given.write_bytes(pickle.dumps((work, job)))
    command = [sys.executable, "-P", "-m", __name__, str(given), str(answer)]
    with TemporaryFile(dir=folder) as said:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said) as process:
            code = process.wait()
        if not answer.exists():
            said.seek(0)
            text = said.read().decode(errors="replace")
            raise LostProcessError(f"exit code {code}: {text[-_TOLD:]}")
    found = pickle.loads(answer.read_bytes())
    if isinstance(found, KcliError):
        raise found
    return cast("Result", found)


def main(given: str, answer: str) -> None:
    """Do the work of a file; what comes of it, or why nothing does, is the other file."""
    threading.Thread(target=_end_with_whoever_began, daemon=True).start()
    work, job = pickle.loads(Path(given).read_bytes())
    found: object
    try:
        found = work(job)
    except KcliError as error:
        found = error
    partial = Path(f"{answer}.new")
    partial.write_bytes(pickle.dumps(found))
    partial.rename(answer)


def _end_with_whoever_began() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
