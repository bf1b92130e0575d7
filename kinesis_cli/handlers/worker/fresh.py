"""The function in environments that have not seen a call yet: what `kcli check` asks of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.handlers.runner import BEGIN_FRESH, END_FRESH, KEEP_TABLES, TRACED_BYTES
from kinesis_cli.handlers.worker.handler import WorkerHandler
from kinesis_cli.handlers.worker.process import WorkerEndedError
from kinesis_cli.project.function import Function


class FreshWorker:
    """A process that has loaded the function, copied for each series of calls.

    Args:
        function: what to run, see `find_function`.
        at: epoch seconds of virtual time at which the code is imported.
        answers_aws: whether AWS calls are answered in the process, and not sent.

    Raises:
        InputError: the interpreter cannot be started, or the code cannot be imported.
    """

    runtime = WorkerHandler.runtime

    def __init__(self, function: Function, *, at: float, answers_aws: bool) -> None:
        self._worker = WorkerHandler(
            function, HandlerOptions(at=at), watches=True, answers_aws=answers_aws
        )
        self._is_warm, self._is_copy = False, True
        self.environments = 0  # that have begun
        # the numbers of the process and of the copy that are the environment; None: there is none
        self._begun: tuple[int, int] | None = None
        self.name, self.timeout, self.notes = function.handler, function.timeout, self._worker.notes

    def run(
        self,
        requests: Sequence[InvocationRequest],
        *,
        is_warm: bool = False,
        keeps_tables: bool = False,
        is_moot: Callable[[Sequence[InvocationResult]], bool] = lambda _: False,
    ) -> list[InvocationResult]:
        """Call the function with these, one after another, in one fresh environment.

        A call in which the process ends has failed, and the next one has an environment of its own,
        as on Lambda.

        Args:
            requests: the calls.
            is_warm: whether the environment may be one that `run` has called before, which is
                a hundred times as fast.
            keeps_tables: whether what one call writes to DynamoDB is there for the next.
            is_moot: told the results so far, whether the calls up to the last one would tell
                nothing any more; they then count as ended like the one before.
        """
        if not (is_warm and self._is_warm and self._is_there()):
            self._begin()
        self._is_warm = is_warm
        if keeps_tables:
            self._worker.ask(KEEP_TABLES)
        results: list[InvocationResult] = []
        for number, request in enumerate(requests, 1):
            if is_moot(results) and number < len(requests):
                results.append(results[-1])
                continue
            if not self._is_there():
                self._begin()
            results.append(self._worker.invoke(request))
        if not is_warm:
            self._end()
        return results

    def growth(self, series: Iterable[Iterable[InvocationRequest]]) -> Iterator[int]:
        """How much memory the function's objects take, bytes, after each series of calls.

        All are made in one fresh environment; with the one in which the process ends it is over.
        """
        self._begin()
        self._is_warm = False
        self._worker.ask(TRACED_BYTES)
        try:
            for requests in series:
                for request in requests:
                    self._worker.invoke(request)
                    if not self._is_there():
                        return
                yield self._worker.ask(TRACED_BYTES)
        finally:
            self._end()

    def close(self) -> None:
        """End the process."""
        self._worker.close()

    def _begin(self) -> None:
        """Begin an environment: a copy of the process, or all of it where that has threads."""
        self._end()
        self.environments += 1
        try:
            threads = self._worker.ask(BEGIN_FRESH)
        except WorkerEndedError:  # between two calls
            self._worker.close()
            threads = self._worker.ask(BEGIN_FRESH)
        self._is_copy = threads == 0
        self._begun = self._worker.started, self._worker.environments_ended

    def _is_there(self) -> bool:
        """Whether the environment is, and no call has ended it."""
        return self._begun == (self._worker.started, self._worker.environments_ended)

    def _end(self) -> None:
        is_there, self._begun = self._is_there(), None
        if is_there and self._is_copy:
            try:
                self._worker.ask(END_FRESH)
                return
            except (WorkerEndedError, TimeoutError):
                pass
        if is_there or not self._is_copy:
            self._worker.close()
