"""Looks at the calls that `kcli check` makes."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

from .aws_calls import AwsCalls

EVENT_CHANGED, AWS_CALLS = "eventChanged", "awsCalls"


class Watching:
    """Looks at the event and at the AWS calls of each call.

    Args:
        answers_aws: whether AWS calls are answered here, and nothing is sent.
    """

    def __init__(self, *, answers_aws: bool) -> None:
        self._aws = AwsCalls(answers=answers_aws)
        self._before: object = None
        self.keeps_tables = False  # what one call has written is there for the next

    def install(self) -> None:
        """Before the function's code is imported."""
        self._aws.install()

    def begin(self, before: object) -> None:
        """A call begins; `before` equals its event and shares nothing with it."""
        self._before = before
        self._aws.begin(keeps_tables=self.keeps_tables)

    def found(self, event: object) -> dict[str, Any]:
        """What was seen in the call that has ended."""
        return {EVENT_CHANGED: not _same(self._before, event), AWS_CALLS: self._aws.take()}


def traced_bytes() -> int:
    """How much memory Python objects take that were made since the first time this was asked."""
    if not tracemalloc.is_tracing():
        gc.unfreeze()
        tracemalloc.start(1)
        gc.collect()
        gc.freeze()  # what is here already need not be looked through each time
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _same(one: object, other: object) -> bool:
    try:
        return one == other
    except Exception:  # noqa: BLE001 - the handler may have put anything in
        return False
