"""What a recording costs a month: calls by their number and length, and the stream.

Left out, since no setting of the mapping changes it: free tiers, savings plans, logs, what the
function itself calls.

Sources: https://aws.amazon.com/lambda/pricing/,
https://aws.amazon.com/kinesis/data-streams/pricing/ and https://aws.amazon.com/dynamodb/pricing/
"""

import math
from collections.abc import Iterable

import msgspec

from kinesis_cli.stream.record import Record
from kinesis_cli.sweep.prices import Prices, tiered

HOURS = 730  # of a month, as AWS's own calculator has it
GB = 1 << 30
KB = 1024
PAYLOAD_UNIT = 25 * KB
DAY, WEEK = 24, 7 * 24  # hours
MIN_SECONDS = 1.0  # of a recording, below which it says nothing of a month


class Load(msgspec.Struct, frozen=True):
    """What a recording puts on its stream."""

    records: int = 0
    bytes_in: int = 0  # each record rounded up to 1 KB
    payload_units: int = 0


class Stream(msgspec.Struct, frozen=True):
    """How the stream is made."""

    shards: int | None  # None: on demand
    retention_hours: float
    has_fan_out: bool  # the mapping reads as a consumer


class FunctionSize(msgspec.Struct, frozen=True):
    """What a second of the function is billed by."""

    memory_mb: int
    architecture: str  # "x86_64" or "arm64"


class Dollars(msgspec.Struct, frozen=True):
    """What a point costs, of the currency of the prices."""

    requests: float
    compute: float
    stream: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.requests + self.compute + self.stream


def load_of(records: Iterable[Record]) -> Load:
    """What records put on a stream; a record counts with its data and its partition key."""
    count = total = units = 0
    for record in records:
        size = len(record.data) + len(record.partition_key.encode())
        count += 1
        total += math.ceil(size / KB) * KB
        units += max(math.ceil(size / PAYLOAD_UNIT), 1)
    return Load(count, total, units)


class Costs:
    """Costs of points on one recording.

    Args:
        prices: of AWS.
        size: of the function.
        stream: that feeds it; None: a table's, which Lambda reads for nothing.
        load: of the recording.
        seconds: that the recording covers.
    """

    def __init__(
        self, prices: Prices, size: FunctionSize, stream: Stream | None, load: Load, seconds: float
    ) -> None:
        self._prices, self._size = prices, size
        self.is_of_a_month = seconds >= MIN_SECONDS
        # Of a recording that says nothing of a month a million records are told.
        self._times = HOURS * 3600 / seconds if self.is_of_a_month else 1e6 / max(load.records, 1)
        self._stream = 0.0
        if stream is not None and self.is_of_a_month:
            self._stream = self._of_stream(stream, load)

    def of(self, calls: int, seconds: float) -> Dollars:
        """What calls that were billed for so many seconds in all cost, and the stream with them."""
        gb_seconds = seconds * self._size.memory_mb / 1024 * self._times
        tiers = self._prices.lambda_.gb_second[self._size.architecture]
        return Dollars(
            requests=calls * self._times / 1e6 * self._prices.lambda_.million_requests,
            compute=tiered(gb_seconds, tiers),
            stream=self._stream,
        )

    def _of_stream(self, stream: Stream, load: Load) -> float:
        gb = load.bytes_in * self._times / GB  # in a month
        week = min(stream.retention_hours, WEEK)
        extended_gb = gb * max(week - DAY, 0) / HOURS  # that lie there at any time
        long_term_gb = gb * max(stream.retention_hours - WEEK, 0) / HOURS
        if stream.shards is None:
            on_demand = self._prices.on_demand
            return (
                HOURS * on_demand.stream_hour
                + gb * on_demand.gb_in
                + gb * (on_demand.fan_out_gb if stream.has_fan_out else on_demand.gb_out)
                + extended_gb * on_demand.extended_retention_gb_month
                + long_term_gb * on_demand.long_term_retention_gb_month
            )
        prices, shard_hours = self._prices.provisioned, stream.shards * HOURS
        units = load.payload_units * self._times / 1e6
        cost = shard_hours * prices.shard_hour + units * prices.million_put_payload_units
        if stream.retention_hours > DAY:
            cost += shard_hours * prices.extended_retention_shard_hour
        cost += long_term_gb * prices.long_term_retention_gb_month
        if stream.has_fan_out:
            cost += shard_hours * prices.fan_out_shard_hour + gb * prices.fan_out_gb
        return cost
