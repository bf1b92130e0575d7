"""When the records of a shard come to the mapping: at its polls, or pushed to a consumer.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html (one poll a second for each
shard; enhanced fan-out pushes over HTTP/2) and
https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html (about 70 ms after arrival)
"""

import math

# UNSURE(poll-phase): Lambda polls a shard once per second; when within the second is not known, so
# each shard gets a phase from the seed.
POLL_INTERVAL_SECONDS = 1.0
# UNSURE(push-delay): "typically 70 ms"; each record takes exactly as long here.
PUSH_SECONDS = 0.07
# What one GetRecords brings at most: 10,000 records, 10 MiB of data (base64 is a third longer).
POLL_LIMIT_RECORDS, POLL_LIMIT_BYTES = 10_000, 10 * 1024 * 1024 * 4 // 3


class Polls:
    """A shard that is polled once a second.

    Args:
        first: the first tick of its clock, epoch seconds.
    """

    def __init__(self, first: float) -> None:
        self._first = first
        self.visible_until = -math.inf  # arrival of the last record that the mapping may know of
        self.quota = 0  # what the last poll may still bring: records, bytes
        self.quota_bytes = 0

    def next_after(self, arrival: float, now: float) -> float:
        """When a record that arrives then is found, epoch seconds."""
        earliest = max(arrival, now)
        ticks = max(0, math.ceil((earliest - self._first) / POLL_INTERVAL_SECONDS))
        at = self._first + ticks * POLL_INTERVAL_SECONDS
        # Rounding must neither find nothing nor poll twice in one tick.
        while at < earliest or at <= self.visible_until:
            ticks += 1
            at = self._first + ticks * POLL_INTERVAL_SECONDS
        return at

    def reach(self, now: float) -> None:
        """The time of a poll has come."""
        self._see(now)

    def go_on(self, now: float) -> None:
        """Something happened between two polls: they bring nothing new."""

    def _see(self, until: float) -> None:
        self.visible_until = until
        self.quota, self.quota_bytes = POLL_LIMIT_RECORDS, POLL_LIMIT_BYTES


class Pushes(Polls):
    """A shard whose records are pushed to a consumer of enhanced fan-out."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self._expected = -math.inf

    def next_after(self, arrival: float, now: float) -> float:
        """When a record that arrives then has been pushed, epoch seconds."""
        self._expected = arrival
        return max(arrival + PUSH_SECONDS, now)

    def reach(self, now: float) -> None:
        """A record has been pushed."""
        self._see(max(now - PUSH_SECONDS, self._expected))

    def go_on(self, now: float) -> None:
        """What was pushed meanwhile is there."""
        self._see(max(now - PUSH_SECONDS, self.visible_until))
