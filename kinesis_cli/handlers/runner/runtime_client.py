"""Lambda's Runtime API spoken by kcli, for a Python that AWS's own client is not installed in.

`python start.py runtime_client HANDLER FOLDER PYTHON`: asks for events and answers them as AWS's
client does. The latter two are of `LentPackages`.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html; awslambdaric 4.2.2,
bootstrap.py
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any, Callable

from .call import context_type
from .context import read_client_context
from .encoding import MarshalError, as_json, unmarshal_error
from .failure import Failure, error_of_exception
from .lent_packages import LentPackages
from .loading import Code, LoadError
from .output import LogHandler, install_logging, say

_PREFIX = "/2018-06-01/runtime/"
_FRAME = b"\xa5\x5a\x00"  # begins a message of the log: the mark, level and format, length, time
_NO_BREAK_SPACE = "\u00a0"  # so that a log viewer keeps a traceback's indentation


def main(arguments: list[str]) -> None:
    """Call the function for each event until the process is ended."""
    from pathlib import Path

    handler, folder, python = arguments
    log = _Log(os.environ.get("_LAMBDA_TELEMETRY_LOG_FD"))
    is_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
    log_handler = LogHandler(log, as_json=is_json)  # type: ignore[arg-type]
    install_logging(log_handler, os.environ.get("AWS_LAMBDA_LOG_LEVEL"))
    api = _Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    log_handler.request_id = ""
    sys.stdout, sys.stderr = _unbuffered(1), _unbuffered(2)
    LentPackages(folder, python, say).install()
    try:
        code = Code(Path(os.environ["LAMBDA_TASK_ROOT"]), handler)
    except LoadError as error:
        if not isinstance(error.__cause__, (Exception, type(None))):
            raise error.__cause__ from None  # sys.exit and its like end the process
        failure = Failure(*error.failure)
        log.write_error(failure, is_json=is_json)
        api.post("init/error", json.dumps(_document(failure)))
        sys.exit(1)
    while True:
        _handle(code.function, api, log, log_handler, is_json=is_json)


def _unbuffered(fd: int) -> io.TextIOWrapper:
    """A standard stream that writes at once: what it keeps is lost when the process is ended."""
    return io.TextIOWrapper(io.FileIO(fd, "w", closefd=False), "utf-8", write_through=True)


def _handle(
    function: Callable[[Any, Any], object],
    api: _Api,
    log: _Log,
    log_handler: LogHandler,
    *,
    is_json: bool,
) -> None:
    """Wait for the next event and answer it. What is not an `Exception` ends the process."""
    headers, body = api.next()
    request_id = headers["lambda-runtime-aws-request-id"]
    log_handler.request_id = request_id
    if trace := headers.get("lambda-runtime-trace-id"):
        os.environ["_X_AMZN_TRACE_ID"] = trace
    try:
        context = _context(headers, request_id)
        answer = as_json(function(_event(body), context))
    except MarshalError as error:
        failure = Failure(error.error_type, error.message, (), request_id)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is its result
        failure = error_of_exception(error, request_id)
    else:
        api.post(f"invocation/{request_id}/response", answer)
        return
    log.write_error(failure, is_json=is_json)
    api.post(f"invocation/{request_id}/error", json.dumps(_document(failure)))


def _event(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError as error:
        raise unmarshal_error(error) from error


def _context(headers: Mapping[str, str], request_id: str) -> object:
    deadline = int(headers["lambda-runtime-deadline-ms"]) / 1000
    arn = headers.get("lambda-runtime-invoked-function-arn", "")
    kind = context_type("", int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]), "", os.environ)
    kind.invoked_function_arn = arn
    kind.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
    context = kind(request_id, lambda: deadline - time.time())
    told = headers.get("lambda-runtime-client-context") or None
    context.client_context = read_client_context(told)
    return context


class _Api:
    """One connection to the Runtime API, kept open."""

    def __init__(self, address: str) -> None:
        self._connection = HTTPConnection(address)

    def next(self) -> tuple[dict[str, str], bytes]:
        """Wait for an event: the headers by their names in small letters, and the body."""
        self._connection.request("GET", _PREFIX + "invocation/next")
        response = self._connection.getresponse()
        body = response.read()
        return {name.lower(): value for name, value in response.getheaders()}, body

    def post(self, path: str, body: str) -> None:
        """Tell the outcome of a call or of the initialisation."""
        headers = {"Content-Type": "application/json"}
        if path.endswith("error"):
            headers["Lambda-Runtime-Function-Error-Type"] = "Unhandled"
        data = body.encode("utf-8", "surrogatepass")
        self._connection.request("POST", _PREFIX + path, data, headers)
        self._connection.getresponse().read()


class _Log:
    """Where messages go: framed into the pipe that the platform gives, else to standard output."""

    def __init__(self, fd: str | None) -> None:
        self._fd = None if fd is None else int(fd)
        if self._fd is not None:
            os.set_inheritable(self._fd, False)

    def write_message(self, text: str) -> None:
        """Write one message, whatever lines it has."""
        if self._fd is None:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
            return
        sys.stdout.flush()
        data = text.encode("utf-8", "backslashreplace")
        head = _FRAME + b"\x03" + len(data).to_bytes(4, "big")
        microseconds = time.time_ns() // 1000
        _write_all(self._fd, head + microseconds.to_bytes(8, "big") + data)

    def write_error(self, failure: Failure, *, is_json: bool) -> None:
        """Write why a call failed, as AWS's client does."""
        if is_json:
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            members = {"timestamp": moment, "level": "ERROR", **_document(failure)}
            self.write_message(json.dumps(members, ensure_ascii=False))
            return
        lines = [f"[ERROR] {failure.error_type}: {failure.error_message}"]
        lines.append("Traceback (most recent call last):")
        for frame in failure.stack_trace:
            for line in frame.splitlines():
                text = line.lstrip(" ")
                lines.append(_NO_BREAK_SPACE * (len(line) - len(text)) + text)
        self.write_message("\n".join(lines) + "\n")


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _document(failure: Failure) -> dict[str, object]:
    return {
        "errorMessage": failure.error_message,
        "errorType": failure.error_type,
        "requestId": failure.request_id or "",
        "stackTrace": list(failure.stack_trace),
    }
