"""Throughput of shards and rates of calls, as AWS limits them (`--limits aws`).

Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

from dataclasses import dataclass, field

from kinesis_cli.local.kinesis.errors import ServiceError, limit_exceeded
from kinesis_cli.local.kinesis.model import Caller, Shard, Stream
from kinesis_cli.stream.shards import BYTES_PER_SECOND, RECORDS_PER_SECOND

MIB = 2**20
_READ_BYTES_PER_SECOND = 2 * MIB
_READS_PER_SECOND = 5
_ITERATORS_PER_SECOND = 5
_BUSY_BYTES_PER_SECOND = 500_000
_DAY = 86_400.0  # seconds

# Calls a second of one account in one region, from the operations' own documentation.
_RATES = {
    "AddTagsToStream": 5,
    "CreateStream": 5,
    "DecreaseStreamRetentionPeriod": 5,
    "DeleteStream": 5,
    "DeregisterStreamConsumer": 5,
    "DescribeAccountSettings": 5,
    "DescribeLimits": 1,
    "DescribeStream": 10,
    "DescribeStreamConsumer": 20,
    "DescribeStreamSummary": 20,
    "IncreaseStreamRetentionPeriod": 5,
    "ListShards": 1000,
    "ListStreamConsumers": 5,
    "ListStreams": 5,
    "ListTagsForStream": 5,
    "MergeShards": 5,
    "RegisterStreamConsumer": 5,
    "RemoveTagsFromStream": 5,
    "SplitShard": 5,
    "UpdateAccountSettings": 5,
    "UpdateShardCount": 10,
    "UpdateStreamWarmThroughput": 5,
}


@dataclass(slots=True)
class Window:
    """How much of something there may be in a second.

    More at once than a second's worth is let through only by an idle window, and is paid for with
    the seconds after: 10 MiB read at 2 MiB a second close it for 5 seconds.
    """

    rate: float  # per second
    used: float = 0.0
    since: float = 0.0  # epoch seconds

    def has_room(self, now: float, amount: float = 0.0) -> bool:
        """Whether `amount` may pass now."""
        lasts = max(1.0, self.used / self.rate)
        if now >= self.since + lasts or now < self.since:  # or the clock was set back
            self.used, self.since = 0.0, now
        if not self.used:
            return True
        return self.used < self.rate and self.used + amount <= self.rate

    def use(self, amount: float) -> None:
        """Let `amount` pass."""
        self.used += amount


@dataclass(slots=True)
class _ShardWindows:
    records: Window = field(default_factory=lambda: Window(RECORDS_PER_SECOND))
    # UNSURE(write-burst): records of more than 1 MiB pass an idle shard and block it for as long as
    # they would take at 1 MiB a second; AWS speaks of bursts "up to 10 MiB per second".
    written: Window = field(default_factory=lambda: Window(BYTES_PER_SECOND))
    read_calls: Window = field(default_factory=lambda: Window(_READS_PER_SECOND))
    read_bytes: Window = field(default_factory=lambda: Window(_READ_BYTES_PER_SECOND))
    iterators: Window = field(default_factory=lambda: Window(_ITERATORS_PER_SECOND))
    minute: int = 0  # since the epoch
    minute_bytes: int = 0  # written in it
    busy: bool = False  # whether the minute before was a busy one

    def count_minute(self, size: int, now: float) -> None:
        """`size` bytes were written."""
        minute = int(now // 60)
        if minute != self.minute:
            was_the_last = minute == self.minute + 1
            self.busy = was_the_last and self.minute_bytes > 60 * _BUSY_BYTES_PER_SECOND
            self.minute, self.minute_bytes = minute, 0
        self.minute_bytes += size


class Limits:
    """What was used of each limit."""

    def __init__(self) -> None:
        self._shards: dict[int, _ShardWindows] = {}  # by row
        self._calls: dict[tuple[str, str, str], Window] = {}

    def admits_write(self, shard: Shard, size: int, now: float) -> bool:
        """Whether a record of `size` bytes may be written; if so, it is counted."""
        windows = self._of(shard)
        admitted = windows.records.has_room(now, 1) and windows.written.has_room(now, size)
        if admitted:
            windows.records.use(1)
            windows.written.use(size)
            windows.count_minute(size, now)
        return admitted

    def is_busy(self, shard: Shard) -> bool:
        """Whether so much was written in the last minute that an on-demand stream splits it."""
        return self._of(shard).busy

    def admits_read(self, shard: Shard, now: float) -> bool:
        """Whether GetRecords may be called; if so, the call is counted."""
        windows = self._of(shard)
        admitted = windows.read_bytes.has_room(now) and windows.read_calls.has_room(now, 1)
        if admitted:
            windows.read_calls.use(1)
        return admitted

    def count_read(self, shard: Shard, size: int) -> None:
        """GetRecords gave `size` bytes."""
        self._of(shard).read_bytes.use(size)

    def admits_iterator(self, shard: Shard, now: float) -> bool:
        """Whether GetShardIterator may be called; if so, the call is counted."""
        window = self._of(shard).iterators
        admitted = window.has_room(now, 1)
        if admitted:
            window.use(1)
        return admitted

    def count_call(self, operation: str, stream: str, caller: Caller, now: float) -> None:
        """One call of a control operation.

        Raises:
            ServiceError: LimitExceededException, there were too many in this second.
        """
        if operation not in _RATES:
            return
        key = (caller.account, caller.region, operation)
        window = self._calls.setdefault(key, Window(_RATES[operation]))
        if not window.has_room(now, 1):
            raise _too_often(stream, caller.account)
        window.use(1)

    def count_daily(self, calls: list[float], most: int, stream: Stream, now: float) -> None:
        """One call of those that a stream takes only so many of in 24 hours; `calls` grows.

        Raises:
            ServiceError: LimitExceededException, there were as many in the last 24 hours.
        """
        calls[:] = [at for at in calls if at > now - _DAY]
        if len(calls) >= most:
            raise _too_often(stream.name, stream.account)
        calls.append(now)

    def _of(self, shard: Shard) -> _ShardWindows:
        return self._shards.setdefault(shard.row, _ShardWindows())


def _too_often(stream: str, account: str) -> ServiceError:
    """Recorded on AWS: for a second (https://github.com/boto/botocore/pull/821), for a day
    (https://github.com/awslabs/amazon-kinesis-scaling-utils/issues/52), and without a stream
    (https://github.com/Graylog2/graylog-plugin-integrations/issues/341).
    """
    what = f"stream {stream} under account" if stream else "account"
    return limit_exceeded(f"Rate exceeded for {what} {account}.")
