"""What a warm call of a function in another language costs above one in Python, both isolated.

A ratio is the call's time divided by the Python call's time plus 1 ms. The functions are those of
`tests/languages`; a language whose toolchain is not here is left out.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from benchmarks.measure import Row, medians, row

ALLOWED = 0.001  # seconds
WARM = 300  # calls before measuring: Java compiles while it runs
CALLS = 300
TARGET = 1.0


def run(calls: int = CALLS) -> list[Row]:
    """A row per language, in milliseconds."""
    if sys.platform != "linux":  # where functions are isolated
        return []
    with ExitStack() as started:
        cases = _cases(started)
        for case in cases.values():
            for _ in range(WARM):
                assert case().error is None
        times = medians(cases, rounds=calls)
    python = times.pop("python")
    return [
        row(
            f"warm call, {name}, of Python's + 1 ms (ms)",
            taken * 1000,
            (python + ALLOWED) * 1000,
            TARGET,
        )
        for name, taken in times.items()
    ]


def _cases(started: ExitStack) -> dict[str, Callable[[], Any]]:
    """A call of each language that can be built here; its process ends with `started`."""
    import pytest

    from benchmarks.isolated import payload
    from kinesis_cli.event_source_mapping.invocation import InvocationRequest
    from kinesis_cli.handlers.isolated import IsolatedHandler
    from tests.language_builds import LANGUAGES
    from tests.unit.handler_files import function_in

    request = InvocationRequest("request", payload(1))
    cases: dict[str, Callable[[], Any]] = {}
    for each in LANGUAGES:
        try:
            code = each.folder()
        except pytest.skip.Exception as reason:
            print(reason)
            continue
        settings: dict[str, Any] = {"runtime": each.runtime, "memory_size": 512, "timeout": 30.0}
        handler = IsolatedHandler(function_in(code, each.handler, **settings))
        started.callback(handler.close)
        cases[each.name] = partial(handler.invoke, request)
    return cases


if __name__ == "__main__":
    print(*run(), sep="\n")
