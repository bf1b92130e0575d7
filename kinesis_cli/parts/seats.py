"""Where parts run: each seat has room for one at a time. Here, in processes of this machine."""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import active_children, get_context, parent_process
from types import FrameType
from typing import Generic, Protocol, TypeVar

Job = TypeVar("Job")
_JobOf = TypeVar("_JobOf", contravariant=True)
Result = TypeVar("Result")

PATIENCE = 5.0  # seconds for a process to close what it has open


class Seat(Protocol[_JobOf, Result]):
    """Room for one part at a time."""

    lost: tuple[type[BaseException], ...]  # what is raised where a part's process has ended

    def submit(self, job: _JobOf) -> "Future[Result]":
        """Begin a part."""
        ...

    def renew(self) -> None:
        """What was here has ended: make room anew."""
        ...


class ProcessSeat(Generic[Job, Result]):
    """A process of this machine, begun with its first part and kept for the next ones.

    Args:
        work: a function of a module, which is called there.
    """

    lost: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, work: Callable[[Job], Result]) -> None:
        self._work = work
        self._executor: Executor | None = None

    def submit(self, job: Job) -> "Future[Result]":
        """See `Seat.submit`."""
        if self._executor is None:
            # Not forked: a process begins as new, as on another machine, whatever this one did.
            context = get_context("spawn")
            self._executor = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
        with _ctrl_c_waits():
            return self._executor.submit(_worked, self._work, job)

    def renew(self) -> None:
        """See `Seat.renew`."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = None


def end_processes() -> None:
    """End the processes of all seats: those that work too, as Ctrl-C would."""
    children = active_children()
    for child in children:
        if child.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGINT)
    for child in children:
        child.join(PATIENCE)
        if child.is_alive():
            child.kill()
            child.join()


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Let a process that begins within see no Ctrl-C until it is ready: it inherits this."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_works = False


def _begin() -> None:
    """Prepare a new process."""
    gc.freeze()  # what was imported is no garbage
    signal.signal(signal.SIGINT, _interrupted)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if (parent := parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent.join,), daemon=True).start()


def _end_with(wait: Callable[[], None]) -> None:
    """Do not outlive a parent that was killed."""
    wait()
    os._exit(1)


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    if _works:
        raise KeyboardInterrupt
    os._exit(130)


def _worked(work: Callable[[Job], Result], job: Job) -> Result:
    global _works
    _works = True
    try:
        return work(job)
    except KeyboardInterrupt:
        os._exit(130)  # its parent has ended it, and asks for nothing more
    finally:
        _works = False
