"""When records of a delivery came and were done, kept for the page of a test that fails."""

from collections.abc import Sequence

from kinesis_cli.simulation.watch import How, Watch
from kinesis_cli.stream.record import Record


class Watched:
    """A watch that keeps what it is told, see `kinesis_cli.simulation.watch`."""

    def __init__(self) -> None:
        self._arrived: list[tuple[Record, ...]] = []
        self._ended: list[tuple[tuple[Record, ...], How, float]] = []

    def arrived(self, records: Sequence[Record]) -> None:
        """See `Watch.arrived`."""
        self._arrived.append(tuple(records))

    def ended(self, records: Sequence[Record], how: How, now: float) -> None:
        """See `Watch.ended`."""
        self._ended.append((tuple(records), how, now))

    def tell(self, watch: Watch) -> None:
        """Tell another one all of it: first what arrived, then what ended."""
        for records in self._arrived:
            watch.arrived(records)
        for ended in self._ended:
            watch.ended(*ended)
