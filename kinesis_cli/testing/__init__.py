"""Tests of Lambda functions that Kinesis feeds: a pytest plugin, and the same for any test.

The public names are resolved when they are asked for: pytest loads this package in every project
that has kcli installed, whether a test uses it or not.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinesis_cli.handlers.runner.context import LambdaContext as LambdaContext
    from kinesis_cli.stream.kinds.change_record import ChangeRecord as ChangeRecord
    from kinesis_cli.stream.record import Record as Record
    from kinesis_cli.testing.kinesis import Kinesis as Kinesis
    from kinesis_cli.testing.kinesis import deliver as deliver
    from kinesis_cli.testing.local import KinesisLocal as KinesisLocal
    from kinesis_cli.testing.local import LocalRun as LocalRun
    from kinesis_cli.testing.local import LocalStream as LocalStream
    from kinesis_cli.testing.result import Run as Run
    from kinesis_cli.testing.run import Call as Call

_HOMES = {
    "Call": "kinesis_cli.testing.run",
    "ChangeRecord": "kinesis_cli.stream.kinds.change_record",
    "Kinesis": "kinesis_cli.testing.kinesis",
    "KinesisLocal": "kinesis_cli.testing.local",
    "LambdaContext": "kinesis_cli.handlers.runner.context",
    "LocalRun": "kinesis_cli.testing.local",
    "LocalStream": "kinesis_cli.testing.local",
    "Record": "kinesis_cli.stream.record",
    "Run": "kinesis_cli.testing.result",
    "deliver": "kinesis_cli.testing.kinesis",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
