"""Running all parts, on as many seats as there are: what is lost runs again, once."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.parts.job import PartJob, PartResult
from kinesis_cli.parts.seats import Seat

MAX_TRIES = 2
_LOOK_EACH = 0.2  # seconds, at what is done


def run_parts(
    jobs: Sequence[PartJob],
    seats: Sequence[Seat],
    tell: Callable[[str], None],
    update: Callable[[int], None],
) -> list[PartResult]:
    """Run all parts, and return their results in order.

    Args:
        jobs: at least one, the largest first.
        seats: at least one.
        tell: told of a part that runs again, a sentence.
        update: told how many records have ended.

    Raises:
        InputError: a part could not be run, or its process ended twice. Nothing of the others is
            whole then.
    """
    run = _Run(jobs, seats, tell)
    while run.goes_on:
        run.begin()
        run.take(_LOOK_EACH)
        update(run.done + sum(_done(job) for job in jobs if job.number not in run.results))
    return [run.results[job.number] for job in jobs]


class _Run:
    def __init__(
        self, jobs: Sequence[PartJob], seats: Sequence[Seat], tell: Callable[[str], None]
    ) -> None:
        self._waiting, self._idle, self._tell = deque(jobs), list(seats), tell
        self._running: dict[Future[PartResult], tuple[PartJob, Seat]] = {}
        self._tries: Counter[int] = Counter()
        self.results: dict[int, PartResult] = {}

    @property
    def goes_on(self) -> bool:
        return bool(self._waiting or self._running)

    @property
    def done(self) -> int:
        """Records of the parts that are done."""
        return sum(result.counts.records for result in self.results.values())

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

    def _again(self, job: PartJob, error: BaseException) -> None:
        self._tries[job.number] += 1
        if self._tries[job.number] >= MAX_TRIES:
            raise InputError(
                f"{job.name} was not done: the process that ran it ended, twice",
                advice="A function that ends its process needs one of its own: add --isolated. "
                "Where memory is short, name fewer --jobs. Of the other parts nothing is shown.",
            ) from error
        self._tell(f"The process that ran {job.name} ended: that part runs again.")
        self._waiting.appendleft(job)


def _done(job: PartJob) -> int:
    """How many of its records have ended."""
    if not job.done:
        return 0
    try:
        return int.from_bytes(Path(job.done).read_bytes(), "little")
    except OSError:
        return 0  # it has not begun
