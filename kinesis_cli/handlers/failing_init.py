"""A function whose code cannot be loaded, and that is to be called all the same, as on Lambda."""

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import (
    FunctionError,
    InvocationRequest,
    InvocationResult,
)
from kinesis_cli.handlers.runner.loading import LoadError


class FailingInitHandler:
    """Answers each call with the error of the initialisation: Lambda tries it again each time.

    Args:
        name: of the handler.
        runtime: where it would have run.
        error: why its code cannot be loaded; raised from what the runner found.
    """

    def __init__(self, name: str, runtime: str, error: InputError) -> None:
        self.name, self.runtime = name, runtime
        found = error.__cause__
        failure = found.failure if isinstance(found, LoadError) else ()
        self._error = (
            FunctionError(failure[0], failure[1], tuple(failure[2]))
            if failure
            else FunctionError("Runtime.Unknown", error.problem)
        )

    def invoke(self, _request: InvocationRequest, /) -> InvocationResult:
        """Answer with the error."""
        return InvocationResult(error=self._error)

    def close(self) -> None:
        """Hold nothing."""
