"""A Kinesis data plane of our own: durable, exact, without HTTP.

`DataPlane.call` answers one operation, `DataPlane.subscribe` pushes a shard's records,
`DataPlane.faults` has the switches of `kcli local faults`.
"""

from kinesis_cli.local.kinesis.data_plane import DataPlane
from kinesis_cli.local.kinesis.errors import ServiceError
from kinesis_cli.local.kinesis.faults import Faults, FaultSettings, RequestFault, faults_on
from kinesis_cli.local.kinesis.model import Caller, resolve_shard_number

__all__ = [
    "Caller",
    "DataPlane",
    "FaultSettings",
    "Faults",
    "RequestFault",
    "ServiceError",
    "faults_on",
    "resolve_shard_number",
]
