"""The functions that are checked: in a worker, isolated, or a plain callable."""

import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kinesis_cli.event_source_mapping.invocation import (
    Handler,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.handlers.runner.watching import EVENT_CHANGED
from kinesis_cli.handlers.worker.fresh import FreshWorker
from kinesis_cli.project.find import find_fed_function
from kinesis_cli.project.function import DEFAULT_TIMEOUT, Function
from kinesis_cli.project.mapping import choose_mapping, read_mapping
from kinesis_cli.testing.called_here import CalledHere
from kinesis_cli.testing.checks.batches import AT
from kinesis_cli.testing.checks.observing import Batch, Seen, Subject, has_hung, request_of
from kinesis_cli.testing.checks.source_text import depends_on_payloads_only, names_failures

MAX_REAL_SECONDS = 10.0  # of a call, where the Timeout is longer

LambdaFunction = Callable[[object, object], object]
Checked = Subject | LambdaFunction


class WorkerSubject:
    """A Python function in a process of its own interpreter, copied for each fresh environment.

    Args:
        function: what to run, see `find_function`.
        mapping: that feeds it.
        answers_aws: whether AWS calls are answered in the process, and not sent.

    Raises:
        InputError: the interpreter cannot be started, or the code cannot be imported.
    """

    sees_inside = True

    def __init__(
        self, function: Function, mapping: EventSourceMapping, *, answers_aws: bool = True
    ) -> None:
        # the order of sets is the same each time, and another one where that is looked for
        environment = {"PYTHONHASHSEED": "0", **function.environment}
        self._function = function = replace(function, environment=environment)
        self._answers_aws = answers_aws
        self._worker = self._started(function)
        self._others: dict[tuple[tuple[str, str], ...], FreshWorker] = {}
        self.mapping = mapping
        self.name, self.runtime, self.timeout = function.handler, "worker", function.timeout
        self.notes = self._worker.notes
        self.names_failures: bool | None = names_failures(function)
        self.depends_on_payloads_only = depends_on_payloads_only(function)
        self.real_seconds = min(function.timeout, MAX_REAL_SECONDS)
        self.environments = 0

    def deliver(
        self, *batches: Batch, fresh: bool = True, at: float = AT, keeps_tables: bool = False
    ) -> list[Seen]:
        """Deliver batches, see `Subject`."""
        requests = [request_of(batch, at, self.real_seconds) for batch in batches]
        # The environment in which a call hung is gone, and with it what could change the last call.
        results = self._worker.run(
            requests, is_warm=not fresh, keeps_tables=keeps_tables, is_moot=_one_hung
        )
        self.environments = self._worker.environments
        return self._seen(batches, results)

    def deliver_in(self, variables: Mapping[str, str], batch: Batch) -> Seen | None:
        """Deliver a batch in another process, see `Subject`."""
        key = tuple(sorted(variables.items()))
        if key not in self._others:
            environment = {**self._function.environment, **variables}
            self._others[key] = self._started(replace(self._function, environment=environment))
        results = self._others[key].run([request_of(batch, AT, self.real_seconds)])
        return self._seen([batch], results)[0]

    def growth(self, series: Iterable[Sequence[Batch]]) -> Iterator[int]:
        """Bytes of its objects, see `Subject`."""
        return self._worker.growth(
            (request_of(batch, AT, self.real_seconds) for batch in batches) for batches in series
        )

    def close(self) -> None:
        """End its processes."""
        for worker in (self._worker, *self._others.values()):
            worker.close()

    def _started(self, function: Function) -> FreshWorker:
        return FreshWorker(function, at=AT, answers_aws=self._answers_aws)

    def _seen(self, batches: Sequence[Batch], results: Sequence[InvocationResult]) -> list[Seen]:
        reports = self.mapping.report_batch_item_failures
        pairs = zip(batches, results, strict=True)
        return [Seen.of(batch, result, reports=reports) for batch, result in pairs]


def _one_hung(results: Sequence[InvocationResult]) -> bool:
    return bool(results) and has_hung(results[-1])


class HandlerSubject:
    """A function behind the `Handler` protocol: isolated, or a callable in this process.

    Args:
        new_handler: starts it, with nothing of earlier calls left where it has a process.
        function: the project's; None: a callable.
        mapping: that feeds it.
    """

    sees_inside = False

    def __init__(
        self,
        new_handler: Callable[[], Handler],
        function: Function | None,
        mapping: EventSourceMapping,
        timeout: float,
    ) -> None:
        self._new_handler, self._handler = new_handler, new_handler()
        self._is_used, self.environments = False, 1
        self.mapping, self.timeout = mapping, timeout
        self.name, self.runtime = self._handler.name, self._handler.runtime
        self.names_failures = None if function is None else names_failures(function)
        self.depends_on_payloads_only = False  # as far as is known
        self.real_seconds = min(timeout, MAX_REAL_SECONDS)

    def deliver(
        self,
        *batches: Batch,
        fresh: bool = True,
        at: float = AT,
        keeps_tables: bool = False,  # noqa: ARG002 - nothing is answered here
    ) -> list[Seen]:
        """Deliver batches, see `Subject`."""
        if fresh and self._is_used:
            self._handler.close()
            self._handler = self._new_handler()
            self.environments += 1
        self._is_used = True
        reports = self.mapping.report_batch_item_failures
        return [
            Seen.of(
                batch,
                self._handler.invoke(request_of(batch, at, self.real_seconds)),
                reports=reports,
            )
            for batch in batches
        ]

    def deliver_in(self, variables: Mapping[str, str], batch: Batch) -> Seen | None:  # noqa: ARG002
        """Nothing: its variables are given when it starts."""
        return None

    def growth(self, series: Iterable[Sequence[Batch]]) -> Iterator[int] | None:  # noqa: ARG002
        """Nothing: nobody can look into its process."""
        return None

    def close(self) -> None:
        """End its process."""
        self._handler.close()


class CallableSubject(HandlerSubject):
    """A Python callable in this process. It keeps its state: there is no fresh environment.

    Args:
        function: `(event, context) -> answer`.
        mapping: that feeds it.
        timeout: seconds.
    """

    sees_inside = True

    def __init__(
        self, function: LambdaFunction, mapping: EventSourceMapping, timeout: float
    ) -> None:
        self._event_changed = False

        @functools.wraps(function)
        def watched(event: object, context: object) -> object:
            before = copy.deepcopy(event)
            try:
                return function(event, context)
            finally:
                self._event_changed = event != before

        super().__init__(lambda: _Watched(CalledHere(watched, None), self), None, mapping, timeout)

    @property
    def watched(self) -> Mapping[str, object]:
        """What was seen in the last call."""
        return {EVENT_CHANGED: self._event_changed}


class _Watched:
    """A handler whose results tell what was watched."""

    def __init__(self, handler: Handler, subject: CallableSubject) -> None:
        self.name, self.runtime = handler.name, handler.runtime
        self._handler, self._subject = handler, subject

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once."""
        result = self._handler.invoke(request)
        return replace(result, watched=self._subject.watched)

    def close(self) -> None:
        """Close the handler."""
        self._handler.close()


@contextmanager
def function_under_check(
    handler: str | LambdaFunction | None = None,
    *,
    template: str | Path | None = None,
    function: str | None = None,
    mapping: Mapping[str, object] | str | Path | None = None,
    directory: str | Path | None = None,
    isolated: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
) -> Iterator[Subject]:
    """A function with its mapping, which the properties take as they take a callable.

    Args:
        handler: a callable, "module.function" or "path/file.py:function"; default: the template's.
        template: default: found upwards from the directory.
        function: the logical id, where the template has several functions fed by Kinesis.
        mapping: single settings under AWS's names, or the file of a mapping that replaces the
            template's; of a callable all that is said of it, by default ReportBatchItemFailures.
        directory: of the project; default: the working directory.
        isolated: whether it runs in AWS's runtime client.
        timeout: of a callable, seconds.

    Raises:
        InputError: there is no such function, or it cannot be imported.
    """
    subject = _started(
        handler, template, function, mapping, directory, isolated=isolated, timeout=timeout
    )
    try:
        yield subject
    finally:
        subject.close()


def _started(
    handler: str | LambdaFunction | None,
    template: str | Path | None,
    function: str | None,
    mapping: Mapping[str, object] | str | Path | None,
    directory: str | Path | None,
    *,
    isolated: bool,
    timeout: float,
) -> Subject:
    root = Path(directory or "").resolve()
    file = root / mapping if isinstance(mapping, str | Path) else None
    settings = mapping if isinstance(mapping, Mapping) else {}
    if handler is not None and not isinstance(handler, str):
        if file is not None:
            chosen = EventSourceMapping.from_aws(read_mapping(file))
        else:
            reports = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
            chosen = EventSourceMapping.from_aws({**reports, **settings})
        return CallableSubject(handler, chosen, timeout)
    found = find_fed_function(
        template=None if template is None else root / template,
        function=function,
        handler=handler,
        directory=root,
    )
    choice = choose_mapping(found, file, settings)
    return subject_of_project(found, choice.mapping, isolated=isolated)


def subject_of_project(
    function: Function, mapping: EventSourceMapping, *, isolated: bool, answers_aws: bool = True
) -> Subject:
    """The project's function: in a worker, or isolated where that is asked for or needed.

    Raises:
        InputError: it cannot be started.
    """
    if not (isolated or function.needs_own_process):
        return WorkerSubject(function, mapping, answers_aws=answers_aws)
    from kinesis_cli.handlers.isolated import IsolatedHandler
    from kinesis_cli.handlers.isolated.runtimes import command_for

    command = command_for(function)
    return HandlerSubject(
        lambda: IsolatedHandler(function, command=command), function, mapping, function.timeout
    )


@contextmanager
def subject_of(checked: Checked) -> Iterator[Subject]:
    """What a property was given, as a subject; a callable for as long as the property looks."""
    if not callable(checked):
        yield checked
        return
    with function_under_check(checked) as subject:
        yield subject
