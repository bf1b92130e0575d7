"""A second, deliberately plain account of how Lambda delivers one shard.

Written from the documented rules alone, as straight recursion over virtual time, without events,
effects or a heap, so that the real machine has something independent to be compared with. Records
are indices; a batch is a list of them.

What it leaves out: batching windows, filters, the 6 MB limit, tumbling windows, lanes.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

FIRST_PAUSE, MAX_PAUSE = 0.2, 60.0  # seconds between the attempts of one batch

# What a call does: all is well; it raises; it reports a failed record; its report is malformed.
Outcome = Literal["success", "raise", "malformed"] | tuple[Literal["report"], int]
Ending = Literal["succeeded", "discarded", "expired"]


@dataclass(frozen=True)
class Settings:
    """Those of an event source mapping that matter here; -1 is unlimited as in AWS."""

    batch_size: int = 100
    maximum_retry_attempts: int = -1
    maximum_record_age_in_seconds: float = -1
    bisect_batch_on_function_error: bool = False
    report_batch_item_failures: bool = False


@dataclass(frozen=True)
class Delivery:
    """One call of the function."""

    batch: tuple[int, ...]
    attempt: int  # 1-based, of this batch
    at: float  # seconds


@dataclass(frozen=True)
class Document:
    """One on-failure document."""

    condition: Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]
    batch: tuple[int, ...]
    attempts: int | None  # None: not known for this condition


@dataclass
class ShardModel:
    """Delivers `arrivals` in order, all within `run`; then holds what happened."""

    settings: Settings
    arrivals: Sequence[float]  # seconds, ascending
    outcome: Callable[[tuple[int, ...], int], Outcome]  # of a batch and its earlier calls
    start: float  # seconds: when the first records are at hand
    invocation_duration: float
    retention: float  # seconds
    throttled: frozenset[int] = frozenset()  # 1-based numbers of the tries that Lambda turns away
    deliveries: list[Delivery] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    endings: dict[int, Ending] = field(default_factory=dict)

    def run(self) -> "ShardModel":
        """Deliver everything."""
        self.now = self.start
        self.calls: Counter[tuple[int, ...]] = Counter()
        self.tries = 0
        waiting = self.still_in_the_stream(list(range(len(self.arrivals))))
        while waiting:
            self.now = max(self.now, self.arrivals[waiting[0]])
            # What has been polled keeps its place in a batch, also if its retention ends meanwhile;
            # it is then taken out when the batch is up. The rules do not say which comes first.
            due = [i for i in waiting if self.arrivals[i] <= self.now]
            batch = due[: self.settings.batch_size]
            waiting = waiting[len(batch) :]
            if batch:
                self.process(batch)
        return self

    def process(self, batch: list[int]) -> None:
        """Deliver one batch until each of its records has ended."""
        attempts = 0
        while True:
            fresh = self.young_enough(self.still_in_the_stream(batch))
            if fresh != batch:
                return self.process(fresh) if fresh else None
            self.tries += 1
            if self.tries in self.throttled:  # not counted, whatever the pause
                self.now += FIRST_PAUSE
                continue
            outcome = self.invoke(batch, attempts + 1)
            if outcome == "success":
                return self.end(batch, "succeeded")
            attempts += 1
            if isinstance(outcome, tuple) and outcome[1] != batch[0]:
                checkpoint = batch.index(outcome[1])
                self.end(batch[:checkpoint], "succeeded")
                return self.process(batch[checkpoint:])
            if self.settings.bisect_batch_on_function_error and len(batch) > 1:
                half = len(batch) // 2
                self.process(batch[:half])
                return self.process(batch[half:])
            if -1 < self.settings.maximum_retry_attempts < attempts:
                return self.discard(batch, "RetryAttemptsExhausted", attempts)
            self.now += min(FIRST_PAUSE * 2 ** (attempts - 1), MAX_PAUSE)

    def invoke(self, batch: list[int], attempt: int) -> Outcome:
        """Call the function; without the report flag all that it returns is success."""
        self.deliveries.append(Delivery(tuple(batch), attempt, self.now))
        outcome = self.outcome(tuple(batch), self.calls[tuple(batch)])
        self.calls[tuple(batch)] += 1
        self.now += self.invocation_duration
        if outcome == "raise" or self.settings.report_batch_item_failures:
            return outcome
        return "success"

    def still_in_the_stream(self, batch: list[int]) -> list[int]:
        """Without those whose retention has ended."""
        gone = [i for i in batch if self.now - self.arrivals[i] >= self.retention]
        self.end(gone, "expired")
        return [i for i in batch if i not in gone]

    def young_enough(self, batch: list[int]) -> list[int]:
        """Without those older than the maximum record age; they are discarded together."""
        limit = self.settings.maximum_record_age_in_seconds
        old = [i for i in batch if -1 < limit < self.now - self.arrivals[i]]
        if old:
            self.discard(old, "RecordAgeExceeded", None)
        return [i for i in batch if i not in old]

    def discard(
        self,
        batch: list[int],
        condition: Literal["RetryAttemptsExhausted", "RecordAgeExceeded"],
        attempts: int | None,
    ) -> None:
        """Give the batch up, with a document."""
        self.documents.append(Document(condition, tuple(batch), attempts))
        self.end(batch, "discarded")

    def end(self, batch: list[int], ending: Ending) -> None:
        """Each record ends once."""
        for index in batch:
            assert index not in self.endings
            self.endings[index] = ending


@dataclass
class LaneModel:
    """Delivers a shard under a ParallelizationFactor: "up to so many partition keys at a time".

    Written from that sentence: a lane that is free takes the key that has waited longest, and
    works on a batch of its records until each of them has ended.
    """

    shard: ShardModel
    keys: Sequence[str]  # of each record
    lanes: int

    def run(self) -> "LaneModel":
        """Deliver everything; all records are at hand at the start."""
        self.shard.calls, self.shard.tries = Counter(), 0
        self.shard.now = self.shard.start
        free_at = [self.shard.start] * self.lanes
        held_until = dict.fromkeys(self.keys, self.shard.start)
        waiting = self.shard.still_in_the_stream(list(range(len(self.keys))))
        while waiting:
            lane = free_at.index(min(free_at))
            idle = [i for i in waiting if held_until[self.keys[i]] <= free_at[lane]]
            if not idle:  # every key that waits is held by another lane
                free_at[lane] = min(held_until[self.keys[i]] for i in waiting)
                continue
            key = self.keys[idle[0]]
            batch = [i for i in idle if self.keys[i] == key][: self.shard.settings.batch_size]
            waiting = [i for i in waiting if i not in batch]
            self.shard.now = free_at[lane]
            self.shard.process(batch)
            free_at[lane] = held_until[key] = self.shard.now
        return self
