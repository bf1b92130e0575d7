"""Running all parts, on as many seats as there are: what is lost runs again, once."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Generic, Protocol, TypeVar

from kinesis_cli.errors import InputError, KcliError
from kinesis_cli.parts.seats import Result, Seat

MAX_TRIES = 2
_LOOK_EACH = 0.2  # seconds, at what is done


class PartOfWork(Protocol):
    """One part."""

    @property
    def number(self) -> int:
        """1-based, for messages."""
        ...

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def again(self) -> str:
        """What happens to it once its process has ended, the rest of a sentence."""
        ...

    @property
    def advice(self) -> str:
        """What to do where that was in vain."""
        ...


Job = TypeVar("Job", bound=PartOfWork)


def run_parts(
    jobs: Sequence[Job],
    seats: Sequence[Seat[Job, Result]],
    tell: Callable[[str], None],
    update: Callable[[Mapping[int, Result]], None],
    failed: Callable[[Job, KcliError], Result] | None = None,
) -> list[Result]:
    """Run all parts, and return their results in order.

    Args:
        jobs: at least one, the largest first.
        seats: at least one.
        tell: told of a part that runs again, a sentence.
        update: called again and again, with the results so far by the numbers of their parts.
        failed: what counts as the result of a part that could not be run; None: nothing does.

    Raises:
        KcliError: a part could not be run, or its process ended twice. Nothing of the others is
            whole then.
    """
    run = _Run(jobs, seats, tell, failed)
    while run.goes_on:
        run.begin()
        run.take(_LOOK_EACH)
        update(run.results)
    return [run.results[job.number] for job in jobs]


class _Run(Generic[Job, Result]):
    def __init__(
        self,
        jobs: Sequence[Job],
        seats: Sequence[Seat[Job, Result]],
        tell: Callable[[str], None],
        failed: Callable[[Job, KcliError], Result] | None,
    ) -> None:
        self._waiting, self._idle, self._tell = deque(jobs), list(seats), tell
        self._failed = failed
        self._running: dict[Future[Result], tuple[Job, Seat[Job, Result]]] = {}
        self._tries: Counter[int] = Counter()
        self.results: dict[int, Result] = {}

    @property
    def goes_on(self) -> bool:
        return bool(self._waiting or self._running)

    def begin(self) -> None:
        while self._waiting and self._idle:
            seat, job = self._idle.pop(), self._waiting.popleft()
            self._running[seat.submit(job)] = job, seat

    def take(self, seconds: float) -> None:
        ended, _ = wait(self._running, seconds, FIRST_COMPLETED)
        for future in ended:
            job, seat = self._running.pop(future)
            self._idle.append(seat)
            try:
                self.results[job.number] = future.result()
            except seat.lost as error:
                seat.renew()
                self._again(job, error)
            except KcliError as error:
                self._give_up(job, error)

    def _again(self, job: Job, error: BaseException) -> None:
        self._tries[job.number] += 1
        if self._tries[job.number] >= MAX_TRIES:
            problem = f"{job.name} was not done: the process that ran it ended, twice"
            lost = InputError(problem, advice=job.advice)
            lost.__cause__ = error
            self._give_up(job, lost)
            return
        self._tell(f"The process that ran {job.name} ended: {job.again}.")
        self._waiting.appendleft(job)

    def _give_up(self, job: Job, error: KcliError) -> None:
        if self._failed is None:
            raise error
        self.results[job.number] = self._failed(job, error)
