"""Running a Lambda handler: one protocol, whatever process it runs in.

`Handler`, `InvocationRequest` and `InvocationResult` are the event source mapping's. Each place to
run in implements them, and shares nothing else with the others.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kinesis_cli.errors import InputError

if TYPE_CHECKING:
    from kinesis_cli.event_source_mapping.invocation import Handler
    from kinesis_cli.handlers.in_process import InProcessHandler
    from kinesis_cli.handlers.options import HandlerOptions
    from kinesis_cli.handlers.worker import WorkerHandler
    from kinesis_cli.project.function import Function


def load_handler(
    handler: str | Callable[[object, object], object] | None = None,
    *,
    template: str | Path | None = None,
    function: str | None = None,
    env_vars: str | Path | None = None,
    wall_clock: bool = False,
) -> "Handler":
    """A handler to deliver to, in this process where its language is Python.

    Args:
        handler: "module.function", "path/file.py:function" or a function; without it the project's
            template says, and without a template kcli's own function runs.
        template: a SAM or CloudFormation template.
        function: the logical id, where the template has several functions fed by Kinesis.
        env_vars: a file in the format of `sam local invoke --env-vars`.
        wall_clock: whether the handler sees the real time in a simulation.

    Raises:
        InputError: there is no such function, or it cannot be imported.
    """
    from kinesis_cli.handlers.in_process import CallableHandler, InProcessHandler
    from kinesis_cli.handlers.options import HandlerOptions
    from kinesis_cli.project.find import find_function

    options = HandlerOptions(wall_clock=wall_clock)
    if callable(handler):
        return CallableHandler(handler, options)
    found = find_function(
        template=None if template is None else Path(template),
        function=function,
        handler=handler,
        env_vars=None if env_vars is None else Path(env_vars),
    )
    if found.needs_own_process:
        return handler_of(found, options)
    return InProcessHandler(found, options)


def handler_of(
    function: "Function", options: "HandlerOptions", tell: Callable[[str], None] | None = None
) -> "Handler":
    """The handler of a function on this machine, to be closed.

    A function of another language than Python always runs in a process of its own.

    Args:
        function: whose handler.
        options: how it is run.
        tell: told a sentence for each thing that is not as on Lambda.

    Raises:
        InputError: it cannot be imported, or what starts its process is missing.
    """
    if not (options.isolated or function.needs_own_process):
        return python_handler(function, options, tell)
    from kinesis_cli.handlers.isolated import IsolatedHandler  # seldom used, and start-up counts

    handler = IsolatedHandler(function, options)
    if tell is not None:
        for sentence in handler.notes:
            tell(sentence)
    return handler


def python_handler(
    function: "Function", options: "HandlerOptions", tell: Callable[[str], None] | None = None
) -> "Handler":
    """The handler of a Python function: in this process where its packages are, else in a worker.

    Args:
        function: whose handler.
        options: how it is run.
        tell: told a sentence for each thing that is not as the function may expect.

    Raises:
        InputError: it cannot be imported, or its interpreter cannot be started.
    """
    from kinesis_cli.handlers.own_packages import brings_packages_of_kcli

    is_own = function.interpreter is None or function.interpreter.is_own
    is_here = is_own and not brings_packages_of_kcli(function)
    kind = _in_process() if is_here else _worker()
    try:
        handler = kind(function, options)
    except InputError as error:
        if not options.keep_failing_init:
            raise
        from kinesis_cli.handlers.failing_init import FailingInitHandler

        return FailingInitHandler(function.handler, kind.runtime, error)
    if tell is not None:
        for sentence in handler.notes:
            tell(sentence)
    return handler


def _in_process() -> "type[InProcessHandler | WorkerHandler]":
    from kinesis_cli.handlers.in_process import InProcessHandler

    return InProcessHandler


def _worker() -> "type[InProcessHandler | WorkerHandler]":
    from kinesis_cli.handlers.worker import WorkerHandler  # seldom used, and start-up counts

    return WorkerHandler
