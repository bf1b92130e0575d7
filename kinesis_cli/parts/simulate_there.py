"""A part of a simulation on a worker of Dask's, and its way there and back.

There it runs in a process of its own: a function's clock, signals and standard output belong to a
whole process, and a worker's are Dask's.
"""

from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from kinesis_cli.parts.alone import alone
from kinesis_cli.parts.cluster import Received, note_begun
from kinesis_cli.parts.job import PartJob, PartResult
from kinesis_cli.parts.project_upload import Packed, unpacked
from kinesis_cli.parts.renaming import renamed
from kinesis_cli.parts.rows_file import read_rows, write_rows
from kinesis_cli.parts.simulate_part import simulate_part
from kinesis_cli.stream.packing import decompressor, packer


class _Done(NamedTuple):
    """What comes back from a worker."""

    result: PartResult
    rows: bytes  # packed


@dataclass(frozen=True, slots=True)
class SimulateThere:
    """Begins parts on a cluster.

    Args:
        code: of the function, as the cluster was sent it; None: workers have it.
        here: the folder of the function's code on this machine.
    """

    code: Packed | None
    here: Path

    def __call__(self, executor: Executor, job: PartJob) -> "Future[PartResult]":
        """Begin a part; its rows are where its job says, once it is done."""
        there = executor.submit(_run_there, job, self.code, str(self.here))

        def take(done: _Done) -> PartResult:
            if job.rows:
                Path(job.rows).write_bytes(decompressor("zstd").decompress(done.rows))
            return done.result

        return Received(there, job.name, take)


def _run_there(job: PartJob, code: Packed | None, here: str) -> _Done:
    """Run a part on a worker, in a process of its own.

    Args:
        job: what is to be done; its files are those of the worker.
        code: of the function, where the worker has no project.
        here: the folder of the code where the rows will be shown.

    Raises:
        LostProcessError: that process ended before the part was done.
        KcliError: the part could not be run.
    """
    from distributed import get_worker

    note_begun(job.rows)
    worker: Any = get_worker()
    kept = Path(worker.local_directory)
    with TemporaryDirectory(prefix="kcli-", dir=kept) as folder:
        rows = Path(folder, "rows")
        function = job.function if code is None else unpacked(job.function, code, kept)
        own = replace(job, function=function, rows=str(rows) if job.rows else "", done="")
        result = alone(simulate_part, own, Path(folder))
        if not job.rows:
            return _Done(result, b"")
        there = str(function.code_uri)
        if there != here:
            shown = Path(folder, "shown")
            write_rows(shown, (renamed(timed, there, here) for timed in read_rows(rows)))
            rows = shown
        return _Done(result, packer("zstd")(rows.read_bytes()))
