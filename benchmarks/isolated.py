"""What a warm call in a process of its own costs above one in kcli's own process.

Both call the bundled function with the same batch. A ratio is the isolated call's time divided by
the in-process call's time plus 2 ms. The target is on a batch of one record, which is the fixed
cost; of a hundred, AWS's client also has to write the log.
"""

import sys
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, medians, row

ALLOWED = 0.002  # seconds
CALLS = 200
TARGETS = {1: 1.0, 100: None}
ROOT = Path(__file__).parent.parent


def payload(records: int) -> bytes:
    """An event of good readings."""
    from kinesis_cli.handlers.invoke_once import reading_event
    from kinesis_cli.stream.event import kinesis_event

    return kinesis_event([reading_event(20.5).records[0]] * records)


def run(calls: int = CALLS) -> list[Row]:
    """A row per size of the batch, in milliseconds."""
    if sys.platform != "linux":  # where AWS's runtime client runs
        return []
    from kinesis_cli.event_source_mapping.invocation import Handler, InvocationRequest
    from kinesis_cli.handlers.in_process import InProcessHandler
    from kinesis_cli.handlers.isolated import IsolatedHandler
    from kinesis_cli.handlers.options import HandlerOptions
    from kinesis_cli.project.find import find_function

    function = find_function(template=ROOT / "template.yaml")
    handlers: list[Handler] = [
        InProcessHandler(function, HandlerOptions(wall_clock=True)),
        IsolatedHandler(function),
    ]
    rows = []
    try:
        for size, target in TARGETS.items():
            request = InvocationRequest("request", payload(size))
            assert all(handler.invoke(request).error is None for handler in handlers)  # warm
            cases = {h.runtime: partial(h.invoke, request) for h in handlers}
            in_process, isolated = medians(cases, rounds=calls).values()
            rows.append(
                row(
                    f"isolated, {size:>3} records, of in-process + 2 ms (ms)",
                    isolated * 1000,
                    (in_process + ALLOWED) * 1000,
                    target,
                )
            )
    finally:
        for handler in handlers:
            handler.close()
    return rows


if __name__ == "__main__":
    print(*run(), sep="\n")
