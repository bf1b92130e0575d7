"""How a Kinesis stream is made."""

import msgspec

DEFAULT_RETENTION_HOURS = 24
DEFAULT_RECORD_KIB = 1024


class StreamSettings(msgspec.Struct, frozen=True):
    """How a stream is made."""

    name: str
    shards: int | None = 1  # None: on demand
    retention_hours: int = DEFAULT_RETENTION_HOURS
    max_record_kib: int = DEFAULT_RECORD_KIB
