"""Seats on a cluster of Dask's: its scheduler says where a part runs, and moves it when that ends.

Nothing of Dask's is imported before a scheduler is named. On a worker a part runs in a process of
its own: a function's clock, signals and standard output belong to a whole process, and a worker's
are Dask's.
"""

import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self

from kinesis_cli._version import __version__
from kinesis_cli.errors import EndpointError, InputError, KcliError
from kinesis_cli.installation import missing_extra
from kinesis_cli.parts.job import PartJob, PartResult
from kinesis_cli.parts.project_upload import Packed, unpacked
from kinesis_cli.parts.renaming import renamed
from kinesis_cli.parts.rows_file import read_rows, write_rows
from kinesis_cli.stream.packing import decompressor, packer

CONNECT_SECONDS = 15
_TOPIC = "kcli-parts"
# What a worker says of itself: nothing of kcli's is sure to be there.
_VERSIONS = (
    "(__import__('platform').python_version_tuple()[:2], "
    "__import__('kinesis_cli._version', fromlist=['_version']).__version__ "
    "if __import__('importlib.util', fromlist=['util']).find_spec('kinesis_cli') else '')"
)


class LostProcessError(Exception):
    """The process of a part ended before the part was done."""


class Done(NamedTuple):
    """What comes back from a worker."""

    result: PartResult
    rows: bytes  # packed


class Cluster:
    """A cluster that runs parts. Use it as a context manager: it holds a connection.

    Args:
        address: of its scheduler, `tcp://host:8786`.
        code: of the function, for workers that do not have it; None: they do.
        here: the folder of the function's code on this machine.

    Raises:
        EndpointError: nobody answers there.
        InputError: there is no worker, one runs another version of kcli or Python, or Dask is not
            installed here.
    """

    def __init__(self, address: str, code: Packed | None, here: Path) -> None:
        self._here = str(here)
        try:
            import distributed
        except ImportError:
            raise missing_extra("dask", "--scheduler", "distributed") from None
        untyped: Any = distributed
        try:
            self._client = untyped.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise EndpointError(
                "no scheduler of Dask's answers",
                place=address,
                advice="`dask scheduler` starts one, and `dask worker tcp://HOST:8786` a worker.",
            ) from error
        try:
            self._threads = self._checked(address)
            # Sent once, and not with each part: a worker sees what this future stands for.
            sent: Any = None if code is None else self._client.scatter(code, broadcast=True)
            self._code: Packed | None = sent
            self._executor: Executor = self._client.get_executor(pure=False)
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def seats(self) -> "list[ClusterSeat]":
        """One for each thread of a worker."""
        return [ClusterSeat(self._executor, self._code, self._here) for _ in range(self._threads)]

    def moved(self, jobs: Sequence[PartJob]) -> list[str]:
        """A sentence for each part that Dask began again, for its worker had ended."""
        names = {job.rows: job.name for job in jobs}
        begun = Counter(event["rows"] for _, event in self._client.get_events(_TOPIC))
        return [
            f"The worker that ran {names[rows]} ended: that part ran again on another one."
            for rows, times in begun.items()
            if times > 1 and rows in names
        ]

    def _checked(self, address: str) -> int:
        threads: dict[str, int] = self._client.nthreads()
        if not threads:
            raise InputError(
                "has no worker", place=address, advice=f"`dask worker {address}` starts one."
            )
        here = ".".join(map(str, sys.version_info[:2]))
        for worker, (python, version) in self._client.run(eval, _VERSIONS).items():
            there = ".".join(python)
            if (there, version) != (here, __version__):
                has = f"kcli {version}" if version else "no kcli"
                raise InputError(
                    f"has {has} on Python {there}, and this is kcli {__version__} on Python {here}",
                    place=f"worker {worker}",
                    advice="Install the same there: the result must not depend on who runs a part.",
                )
        return sum(threads.values())


class ClusterSeat:
    """A thread of some worker."""

    def __init__(self, executor: Executor, code: Packed | None, here: str) -> None:
        self.lost: tuple[type[BaseException], ...] = (LostProcessError,)
        self._executor, self._code, self._here = executor, code, here

    def submit(self, job: PartJob) -> "Future[PartResult]":
        """See `Seat.submit`."""
        there = self._executor.submit(run_there, job, self._code, self._here)
        return _Received(there, job)

    def renew(self) -> None:
        """See `Seat.renew`: the scheduler looks after its workers."""


class _Received(Future[PartResult]):
    """A part's result, once its rows are where its job says."""

    def __init__(self, inner: "Future[Done]", job: PartJob) -> None:
        super().__init__()
        self._job = job
        inner.add_done_callback(self._take)

    def _take(self, inner: "Future[Done]") -> None:
        from distributed.scheduler import KilledWorker

        try:
            done = inner.result()
            if self._job.rows:
                Path(self._job.rows).write_bytes(decompressor("zstd").decompress(done.rows))
        except KilledWorker as error:
            problem = f"{self._job.name} was not done: {error.allowed_failures + 1} workers ended"
            self.set_exception(
                InputError(
                    f"{problem} while they ran it",
                    advice="Where memory is short, give workers fewer --nthreads.",
                )
            )
        except BaseException as error:  # noqa: BLE001 - whoever waits for this one gets it
            self.set_exception(error)
        else:
            self.set_result(done.result)


def run_there(job: PartJob, code: Packed | None, here: str) -> Done:
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

    worker: Any = get_worker()
    worker.log_event(_TOPIC, {"rows": job.rows})
    kept = Path(worker.local_directory)
    with TemporaryDirectory(prefix="kcli-", dir=kept) as folder:
        rows = Path(folder, "rows")
        function = job.function if code is None else unpacked(job.function, code, kept)
        own = replace(job, function=function, rows=str(rows) if job.rows else "", done="")
        result = _alone(own, Path(folder))
        if not job.rows:
            return Done(result, b"")
        there = str(function.code_uri)
        if there != here:
            shown = Path(folder, "shown")
            write_rows(shown, (renamed(timed, there, here) for timed in read_rows(rows)))
            rows = shown
        return Done(result, packer("zstd")(rows.read_bytes()))


def _alone(job: PartJob, folder: Path) -> PartResult:
    given, answer = folder / "job", folder / "answer"
    given.write_bytes(pickle.dumps(job))
    command = [sys.executable, "-P", "-m", "kinesis_cli.parts.alone", str(given), str(answer)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if not answer.exists():
        raise LostProcessError(f"exit code {ended.returncode}: {ended.stderr[-500:]}")
    found = pickle.loads(answer.read_bytes())
    if isinstance(found, KcliError):
        raise found
    assert isinstance(found, PartResult)
    return found
