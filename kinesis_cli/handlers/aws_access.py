"""What a handler's AWS clients may do here: nothing, unless the user says otherwise.

A simulation calls the function many times, with records that were replayed or made up: it must not
write to anybody's account.
"""

import os
from collections.abc import Callable, Mapping

from kinesis_cli.event_source_mapping.invocation import (
    GoesAhead,
    Handler,
    InvocationRequest,
    InvocationResult,
)

# No keys, no profile, no role of a machine: a client that signs finds nothing to sign with.
NO_ACCESS: Mapping[str, str] = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

# What AWS's clients say when they find no credentials: botocore, the SDKs of JavaScript, Go, Rust
# and Java.
_NO_CREDENTIALS = (
    "Unable to locate credentials",
    "Could not load credentials from any providers",
    "failed to retrieve credentials",
    "the credential provider was not enabled",
    "Unable to load credentials from any of the providers",
)


def explaining_handler(handler: Handler, explain: Callable[[], None]) -> Handler:
    """A handler whose first call to AWS that finds no credentials is explained.

    Args:
        handler: that runs.
        explain: told nothing, once.
    """
    if isinstance(handler, GoesAhead):
        return _ExplainingAhead(handler, explain, handler)
    return _Explaining(handler, explain)


class _Explaining:
    def __init__(self, handler: Handler, explain: Callable[[], None]) -> None:
        self.name, self.runtime = handler.name, handler.runtime
        self._handler = handler
        self._explain: Callable[[], None] | None = explain

    def invoke(self, request: InvocationRequest) -> InvocationResult:
        """Call the function once."""
        return self._explained(self._handler.invoke(request))

    def close(self) -> None:
        """Close the handler."""
        self._handler.close()

    def _explained(self, result: InvocationResult) -> InvocationResult:
        if self._explain is not None and _is_refused(result):
            self._explain()
            self._explain = None
        return result


class _ExplainingAhead(_Explaining):
    """The same of a handler that goes ahead."""

    def __init__(self, handler: Handler, explain: Callable[[], None], ahead: GoesAhead) -> None:
        super().__init__(handler, explain)
        self._ahead = ahead

    def begin(self, request: InvocationRequest) -> Callable[[], InvocationResult]:
        """Begin a call. Returns what waits for its result."""
        result = self._ahead.begin(request)
        return lambda: self._explained(result())


def _is_refused(result: InvocationResult) -> bool:
    """Whether a client found no credentials; the handler may have caught that, and logged it."""
    told = list(result.logs)
    if result.error is not None:
        told.append(result.error.error_message)
    return any(words in line for line in told for words in _NO_CREDENTIALS)
