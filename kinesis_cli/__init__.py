"""kcli: know what your Lambda function will do with a stream before AWS does.

The public names are resolved when they are asked for, so that no command pays for what it does
not use.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinesis_cli.errors import EndpointError as EndpointError
    from kinesis_cli.errors import InputError as InputError
    from kinesis_cli.errors import KcliError as KcliError
    from kinesis_cli.event_source_mapping.settings import EventSourceMapping as EventSourceMapping
    from kinesis_cli.handlers import load_handler as load_handler
    from kinesis_cli.library import SimulationResult as SimulationResult
    from kinesis_cli.library import simulate as simulate
    from kinesis_cli.recordings.recording import Recording as Recording
    from kinesis_cli.stream.event import KinesisEvent as KinesisEvent
    from kinesis_cli.stream.record import Record as Record

_HOMES = {
    "EndpointError": "kinesis_cli.errors",
    "EventSourceMapping": "kinesis_cli.event_source_mapping.settings",
    "InputError": "kinesis_cli.errors",
    "KcliError": "kinesis_cli.errors",
    "KinesisEvent": "kinesis_cli.stream.event",
    "Record": "kinesis_cli.stream.record",
    "Recording": "kinesis_cli.recordings.recording",
    "SimulationResult": "kinesis_cli.library",
    "load_handler": "kinesis_cli.handlers",
    "simulate": "kinesis_cli.library",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "__version__":
        return import_module("kinesis_cli._version").__version__
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
