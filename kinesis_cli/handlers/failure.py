"""What the runner tells of a failed call, as the error of an invocation's result."""

import signal

from kinesis_cli.event_source_mapping.invocation import FunctionError
from kinesis_cli.handlers.runner import failure as runner
from kinesis_cli.handlers.runner.failure import Failure


def function_error(failure: Failure) -> FunctionError:
    """The same, as the type that the rooms share."""
    return FunctionError(*failure)


def exited(exit_code: int, request_id: str) -> FunctionError:
    """A process that ended.

    Args:
        exit_code: below 0, the number of the signal that ended it.
        request_id: of the call that it ended in.
    """
    if exit_code >= 0:
        return function_error(runner.exit_error(SystemExit(exit_code), request_id)[0])
    name = (signal.strsignal(-exit_code) or str(-exit_code)).lower()
    return FunctionError(
        "Runtime.ExitError",
        f"RequestId: {request_id} Error: Runtime exited with error: signal: {name}",
    )
