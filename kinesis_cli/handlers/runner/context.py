"""The `context` that a handler is called with.

Source: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from .encoding import MarshalError


class Client:
    """The mobile app that calls."""

    installation_id: object
    app_title: object
    app_version_name: object
    app_version_code: object
    app_package_name: object


class ClientContext:
    """What a caller tells besides the event."""

    client: Client | None
    custom: object
    env: object

    def __init__(self, text: str) -> None:
        """Read it from JSON; what is not named there is None."""
        document = json.loads(text)
        self.custom, self.env = document.get("custom"), document.get("env")
        app, self.client = document.get("client"), None
        if app is not None:
            self.client = Client()
            for name in Client.__annotations__:
                setattr(self.client, name, app.get(name))


def read_client_context(text: str | None) -> ClientContext | None:
    """What a caller told besides the event; None: nothing.

    Raises:
        MarshalError: it is not JSON, in the runtime's words.
    """
    try:
        return None if text is None else ClientContext(text)
    except ValueError as error:
        raise MarshalError(
            "Runtime.LambdaContextUnmarshalError", f"Unable to parse Client Context JSON: {error}"
        ) from error


class CognitoIdentity:
    """Empty: no mobile app calls a function through an event source mapping."""

    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None


class LambdaContext:
    """Looks like the object of AWS's runtime client; what is the same in every call is shared."""

    function_name: str = ""
    function_version: str = "$LATEST"
    invoked_function_arn: str = ""
    memory_limit_in_mb: str = "128"  # a text, as in Lambda
    log_group_name: str = ""
    log_stream_name: str = ""
    client_context: ClientContext | None = None
    tenant_id: str | None = None

    def __init__(self, request_id: str, remaining_seconds: Callable[[], float]) -> None:
        self.aws_request_id = request_id
        self.identity = CognitoIdentity()
        self._remaining_seconds = remaining_seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the call, never below 0."""
        return max(0, int(self._remaining_seconds() * 1000))

    def log(self, message: object) -> None:
        """Write to the function's log as it is: no time, no line end."""
        sys.stdout.write(str(message))

    def __repr__(self) -> str:
        return (
            f"LambdaContext([aws_request_id={self.aws_request_id},"
            f"log_group_name={self.log_group_name},log_stream_name={self.log_stream_name},"
            f"function_name={self.function_name},memory_limit_in_mb={self.memory_limit_in_mb},"
            f"function_version={self.function_version},"
            f"invoked_function_arn={self.invoked_function_arn},"
            f"client_context={self.client_context},identity={self.identity}])"
        )
