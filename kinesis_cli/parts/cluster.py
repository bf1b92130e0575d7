"""Seats on a cluster of Dask's: its scheduler says where a part runs, and moves it when that ends.

Nothing of Dask's is imported before a scheduler is named.
"""

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, Self, TypeVar

from kinesis_cli._version import __version__
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.installation import missing_extra
from kinesis_cli.parts.alone import LostProcessError, alone
from kinesis_cli.parts.running import Job
from kinesis_cli.parts.seats import Result

CONNECT_SECONDS = 15
_TOPIC = "kcli-parts"
# What a worker says of itself: nothing of kcli's is sure to be there.
_VERSIONS = (
    "(__import__('platform').python_version_tuple()[:2], "
    "__import__('kinesis_cli._version', fromlist=['_version']).__version__ "
    "if __import__('importlib.util', fromlist=['util']).find_spec('kinesis_cli') else '')"
)

Value = TypeVar("Value")
Done = TypeVar("Done")


class Cluster:
    """A cluster that runs parts. Use it as a context manager: it holds a connection.

    Args:
        address: of its scheduler, `tcp://host:8786`.

    Raises:
        EndpointError: nobody answers there.
        InputError: there is no worker, one runs another version of kcli or Python, or Dask is not
            installed here.
    """

    def __init__(self, address: str) -> None:
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
            self._executor: Executor = self._client.get_executor(pure=False)
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def sent(self, value: Value) -> Value:
        """Send something to all workers, once; what is returned stands for it in what they run."""
        found: Value = self._client.scatter(value, broadcast=True)
        return found

    def asked(self, function: Callable[..., Value], *arguments: object) -> Mapping[str, Value]:
        """What a function of a module returns on each worker, by their addresses."""
        found: Mapping[str, Value] = self._client.run(function, *arguments)
        return found

    def seats(
        self, begin: "Callable[[Executor, Job], Future[Result]]"
    ) -> "list[ClusterSeat[Job, Result]]":
        """One for each thread of a worker.

        Args:
            begin: begins a part on whichever worker is free.
        """
        return [ClusterSeat(self._executor, begin) for _ in range(self._threads)]

    def moved(self, names: Mapping[str, str]) -> list[str]:
        """A sentence for each part that Dask began again, for its worker had ended.

        Args:
            names: of the parts, by what `note_begun` was told.
        """
        begun = Counter(event["part"] for _, event in self._client.get_events(_TOPIC))
        return [
            f"The worker that ran {names[part]} ended: that part ran again on another one."
            for part, times in begun.items()
            if times > 1 and part in names
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


def note_begun(part: str) -> None:
    """On a worker: tell the scheduler that a part has begun."""
    from distributed import get_worker

    worker: Any = get_worker()
    worker.log_event(_TOPIC, {"part": part})


class ClusterSeat(Generic[Job, Result]):
    """A thread of some worker."""

    def __init__(
        self, executor: Executor, begin: "Callable[[Executor, Job], Future[Result]]"
    ) -> None:
        self.lost: tuple[type[BaseException], ...] = (LostProcessError,)
        self._executor, self._begin = executor, begin

    def submit(self, job: Job) -> "Future[Result]":
        """See `Seat.submit`."""
        return self._begin(self._executor, job)

    def renew(self) -> None:
        """See `Seat.renew`: the scheduler looks after its workers."""


class AloneThere(Generic[Job, Result]):
    """Begins parts that run on a worker in a process of their own, and write where all can see it.

    Args:
        work: a function of a module.
    """

    def __init__(self, work: Callable[[Job], Result]) -> None:
        self._work = work

    def __call__(self, executor: Executor, job: Job) -> "Future[Result]":
        """Begin a part."""
        there = executor.submit(_alone_there, self._work, job)
        return Received(there, job.name, lambda result: result)


def _alone_there(work: Callable[[Job], Result], job: Job) -> Result:
    from distributed import get_worker

    worker: Any = get_worker()
    with TemporaryDirectory(prefix="kcli-", dir=worker.local_directory) as folder:
        return alone(work, job, Path(folder))


class Received(Future[Result], Generic[Result]):
    """A part's result, made of what comes from its worker.

    Args:
        inner: what comes.
        name: of the part.
        take: makes the result, here.
    """

    def __init__(self, inner: "Future[Done]", name: str, take: Callable[[Done], Result]) -> None:
        super().__init__()
        self._name = name
        inner.add_done_callback(lambda done: self._take(done, take))

    def _take(self, inner: "Future[Done]", take: Callable[[Done], Result]) -> None:
        from distributed.scheduler import KilledWorker

        try:
            result = take(inner.result())
        except KilledWorker as error:
            problem = f"{self._name} was not done: {error.allowed_failures + 1} workers ended"
            self.set_exception(
                InputError(
                    f"{problem} while they ran it",
                    advice="Where memory is short, give workers fewer --nthreads.",
                )
            )
        except BaseException as error:  # noqa: BLE001 - whoever waits for this one gets it
            self.set_exception(error)
        else:
            self.set_result(result)
