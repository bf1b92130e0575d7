"""A batch that fails and is tried again, as the server of `kcli local` tells of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StuckBatch:
    """A batch whose last call failed and that is tried again, as `kcli local` tells of it."""

    mapping: str  # its UUID
    shard_id: str
    first: str  # sequence numbers: of its first and last record
    last: str
    records: int
    attempt: int  # 1-based: of the last call
    since: float  # epoch seconds: of the first call that failed
    error: str  # "ValueError: text"; "": the function answered, and reported records
    reason: str  # one sentence: why it failed, and what follows
    checkpoint: str | None  # the last record that all up to are done with; None: none is
