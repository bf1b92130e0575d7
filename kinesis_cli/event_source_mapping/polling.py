"""When the records of a shard come to the mapping: at its polls, or pushed to a consumer.

How often a shard is polled, and how much a poll brings, is the matter of its kind of source.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html (one poll a second for each
shard; enhanced fan-out pushes over HTTP/2) and
https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html (about 70 ms after arrival)
"""

import math

from kinesis_cli.stream.kinds.kind import PollingRules
from kinesis_cli.stream.kinds.kinesis import KINESIS

# UNSURE(poll-phase): Lambda polls a shard of Kinesis once per second; when within the second is not
# known, so each shard gets a phase from the seed.
POLL_INTERVAL_SECONDS = KINESIS.polling.interval_seconds
# UNSURE(push-delay): "typically 70 ms"; each record takes exactly as long here.
PUSH_SECONDS = 0.07


class Polls:
    """A shard that is polled at intervals.

    Args:
        first: the first tick of its clock, epoch seconds.
        rules: how often, and how much a poll brings.
    """

    def __init__(self, first: float, rules: PollingRules = KINESIS.polling) -> None:
        self._first, self._rules = first, rules
        self._interval = rules.interval_seconds
        self.visible_until = -math.inf  # arrival of the last record that the mapping may know of
        self.quota = 0  # what the last poll may still bring: records, bytes
        self.quota_bytes = 0

    def next_after(self, arrival: float, now: float) -> float:
        """When a record that arrives then is found, epoch seconds."""
        earliest = max(arrival, now)
        ticks = max(0, math.ceil((earliest - self._first) / self._interval))
        at = self._first + ticks * self._interval
        # Rounding must neither find nothing nor poll twice in one tick.
        while at < earliest or at <= self.visible_until:
            ticks += 1
            at = self._first + ticks * self._interval
        return at

    def reach(self, now: float) -> None:
        """The time of a poll has come."""
        self._see(now)

    def go_on(self, now: float) -> None:
        """Something happened between two polls: they bring nothing new."""

    def _see(self, until: float) -> None:
        self.visible_until = until
        self.quota, self.quota_bytes = self._rules.most_records, self._rules.most_bytes


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
