"""What came of a put."""

from collections import Counter
from dataclasses import dataclass, field

from kinesis_cli.errors import KcliError


@dataclass(slots=True)
class PutSummary:
    """Figures of a put, while it goes on and at its end."""

    records: int = 0  # taken from the input
    acknowledged: int = 0
    failed: int = 0  # given up, or left when it was stopped
    retried: int = 0  # how often a record was sent again
    throttled: int = 0  # how often a shard refused a record because of its throughput
    in_flight: int = 0  # records whose fate is not known
    elapsed: float = 0.0  # seconds
    by_shard: Counter[str] = field(default_factory=Counter)  # acknowledged records
    interrupted: bool = False
    error: KcliError | None = None  # why it ended early

    @property
    def per_second(self) -> float:
        """Acknowledged records a second."""
        return self.acknowledged / self.elapsed if self.elapsed else 0.0
