"""Helpers for tests that run real handler files."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from kinesis_cli.event_source_mapping.invocation import InvocationRequest, InvocationResult
from kinesis_cli.handlers.in_process import InProcessHandler
from kinesis_cli.project.function import Function

AT = 1545084650.987  # 2018-12-17T22:10:50.987Z
REQUEST_ID = "8f4f9a3c-1f0c-5d0e-9d8b-000000000001"

Load = Callable[..., InProcessHandler]
Run = Callable[..., InvocationResult]


def function_in(folder: Path, handler: str = "app.handler", **settings: object) -> Function:
    """A function whose code is `folder`."""
    values: dict[str, object] = {
        "name": "test-function",
        "code_uri": folder,
        "handler": handler,
        "timeout": 3.0,
        "memory_size": 128,
        "environment": {},
        "mapping": None,
        "origin": "a test",
        "mapping_origin": "a test",
    }
    return Function(**{**values, **settings})  # type: ignore[arg-type]


def write_code(folder: Path, code: str, name: str = "app.py") -> None:
    """Put a module into `folder`."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(dedent(code))


def request(at: float | None = None, **members: object) -> InvocationRequest:
    """A call with an empty batch."""
    values: dict[str, object] = {"request_id": REQUEST_ID, "payload": b'{"Records":[]}', "at": at}
    return InvocationRequest(**{**values, **members})  # type: ignore[arg-type]
