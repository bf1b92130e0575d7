"""How much can run at once on this machine."""

import os

from kinesis_cli.errors import InputError

MAX_JOBS = 1_024


def cores() -> int:
    """How many processes can run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes_of(jobs: str) -> int:
    """How many processes --jobs asks for.

    Raises:
        InputError: it is no number of processes.
    """
    if jobs.strip() == "auto":
        return cores()
    number = int(jobs) if jobs.isascii() and jobs.isdecimal() else 0
    if not 1 <= number <= MAX_JOBS:
        raise InputError(
            f"{jobs!r} is no number of processes",
            place="--jobs",
            advice=f"Give 1 to {MAX_JOBS:,}, or auto.",
        )
    return number
