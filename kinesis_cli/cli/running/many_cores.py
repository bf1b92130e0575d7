"""Work in many processes at once, which share what this one holds: they are forked from it."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

from kinesis_cli.errors import EndpointError, InputError, KcliError

T = TypeVar("T")
PATIENCE = 5.0  # seconds for a process to close what it has open

_Failure = tuple[type[KcliError], str, str, str]


def on_many_cores(
    work: Callable[[int], T], places: Sequence[int], processes: int
) -> Iterator[tuple[int, T]]:
    """Yield each place with what the work on it came to, as they are done.

    Args:
        work: called in one of the processes; its result must be one that can be pickled.
        places: in the order in which they are begun.
        processes: how many; 1: this one.

    Raises:
        InputError: the work did, or a process ended while it worked.
        EndpointError: the work did.
    """
    if processes <= 1 or len(places) <= 1:
        for place in places:
            yield place, work(place)
        return
    pool = _Pool(work, min(processes, len(places)))
    try:
        yield from pool.results(places)
    finally:
        pool.end()


class _Pool(Generic[T]):
    def __init__(self, work: Callable[[int], T], processes: int) -> None:
        context = get_context("fork")
        self._workers: dict[Connection, BaseProcess] = {}
        self._busy_with: dict[Connection, int] = {}
        for _ in range(processes):
            ours, theirs = context.Pipe()
            others = [*self._workers, ours]
            process = context.Process(target=_serve, args=(work, theirs, others), daemon=True)
            process.start()
            theirs.close()
            self._workers[ours] = process

    def results(self, places: Sequence[int]) -> Iterator[tuple[int, T]]:
        left = iter(places)
        for worker in self._workers:
            self._begin(worker, left)
        while self._busy_with:
            ready = wait(list(self._busy_with))
            for worker in [each for each in self._busy_with if each in ready]:
                place = self._busy_with.pop(worker)
                # Taken before the next is begun: a Ctrl-C in between would lose what is finished.
                yield place, self._received(worker)
                self._begin(worker, left)

    def _begin(self, worker: Connection, left: Iterator[int]) -> None:
        place = next(left, None)
        if place is not None:
            self._busy_with[worker] = place
            worker.send(place)

    def _received(self, worker: Connection) -> T:
        try:
            result, failure = worker.recv()
        except (EOFError, OSError):
            process = self._workers[worker]
            process.join(PATIENCE)
            raise InputError(
                f"the process that ran the handler ended with exit code {process.exitcode}",
                advice="A handler that ends its process needs one of its own: add --isolated.",
            ) from None
        if failure is not None:
            kind, problem, place, advice = failure
            raise kind(problem, place=place, advice=advice)
        return result  # type: ignore[no-any-return]

    def end(self) -> None:
        """End all processes: those that work too, as Ctrl-C would."""
        for worker in self._workers:
            worker.close()  # an idle one ends then
        for worker, process in self._workers.items():
            if worker in self._busy_with and process.pid is not None and process.is_alive():
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)
        for process in self._workers.values():
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()


def _serve(work: Callable[[int], T], ours: Connection, others: Sequence[Connection]) -> None:
    """Work until nothing more is wanted."""
    for each in others:
        each.close()  # else their ends would not be seen
    with suppress(KeyboardInterrupt, EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            ours.send(_result(work, ours.recv()))


def _result(work: Callable[[int], T], place: int) -> tuple[T | None, _Failure | None]:
    try:
        return work(place), None
    except KcliError as error:
        kind = EndpointError if isinstance(error, EndpointError) else InputError
        return None, (kind, error.problem, error.place, error.advice)
