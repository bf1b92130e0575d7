"""What a simulation tells of records besides its rows, which hold none."""

from collections.abc import Sequence
from typing import Literal, Protocol

from kinesis_cli.simulation.trace import Ending
from kinesis_cli.stream.record import Record

How = Ending | Literal["filtered"]


class Watch(Protocol):
    """Told what becomes of records."""

    def arrived(self, records: Sequence[Record]) -> None:
        """Records of one shard are there, each since its arrival."""
        ...

    def ended(self, records: Sequence[Record], how: How, now: float) -> None:
        """Records of one shard are done, one way or the other."""
        ...
