"""A part in a process of its own, begun for it: `python -m kinesis_cli.parts.alone JOB ANSWER`."""

import pickle
import sys
from pathlib import Path

from kinesis_cli.errors import KcliError
from kinesis_cli.parts.job import PartJob, PartResult
from kinesis_cli.parts.simulate_part import simulate_part


def main(given: str, answer: str) -> None:
    """Simulate the part of a file; what comes of it, or why nothing does, is the other file."""
    job = pickle.loads(Path(given).read_bytes())
    assert isinstance(job, PartJob)
    found: PartResult | KcliError
    try:
        found = simulate_part(job)
    except KcliError as error:
        found = error
    partial = Path(f"{answer}.new")
    partial.write_bytes(pickle.dumps(found))
    partial.rename(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
