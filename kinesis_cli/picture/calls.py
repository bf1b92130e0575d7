"""Each call of a run in columns of numbers, and what is worth telling of some of them."""

from array import array
from collections.abc import Iterator, Sequence

from kinesis_cli.picture.lanes import CallLanes
from kinesis_cli.simulation.trace import Destination, ExpiredRecords, FailedRecord, Invocation, Row

MAX_CALLS = 10_000  # that are kept one by one
MAX_DETAILS = 1_000  # calls whose reason and numbers are kept
MAX_RECORDS = 1_000  # failed records, and documents, that are kept

OUTCOMES = ("success", "partial", "failed", "throttled")


class Calls:
    """The calls of a run, as long as there are not too many of them.

    Args:
        start_at: from when on times are told, epoch seconds.
        lanes: of the calls, shared with others who draw them.

    Attributes:
        shard_ids: in the order of their first row.
        details: calls by their place that did not simply succeed, and the first few that did.
        failed: records that the function reported, or failed on alone.
        documents: on-failure documents.
        more_failed: records that were not kept.
        more_documents: the same.
    """

    def __init__(self, start_at: float, lanes: CallLanes | None = None) -> None:
        self._start = start_at
        self._lanes = CallLanes() if lanes is None else lanes
        self.count = 0
        self.shard_ids: list[str] = []
        self._shards: dict[str, int] = {}
        self.at, self.length = array("q"), array("q")  # microseconds
        self.shard, self.lane, self.outcome = array("I"), array("I"), array("B")
        self.attempt, self.size = array("I"), array("I")
        self.details: dict[int, Invocation] = {}
        self.failed: list[FailedRecord] = []
        self.documents: list[Destination] = []
        self.more_failed = self.more_documents = 0

    @property
    def are_all_kept(self) -> bool:
        """Whether the columns hold every call."""
        return self.count == len(self.at)

    @property
    def lanes(self) -> list[int]:
        """How many calls of each shard ran at the same time, at most."""
        return [self._lanes.count(shard_id) for shard_id in self.shard_ids]

    def row(self, row: Row) -> None:
        """Keep what happened."""
        match row:
            case Invocation():
                self._call(row)
            case FailedRecord():
                if len(self.failed) < MAX_RECORDS:
                    self.failed.append(row)
                else:
                    self.more_failed += 1
            case Destination(shard_id=shard_id):
                self._shard(shard_id)
                if len(self.documents) < MAX_RECORDS:
                    self.documents.append(row)
                else:
                    self.more_documents += 1
            case ExpiredRecords(shard_id=shard_id):
                self._shard(shard_id)
            case _:
                pass

    def columns(self) -> Iterator[tuple[str, Sequence[int]]]:
        """Each column by its name; times are microseconds since the mapping went live."""
        yield "at", self.at
        yield "length", self.length
        yield "shard", self.shard
        yield "lane", self.lane
        yield "outcome", self.outcome
        yield "attempt", self.attempt
        yield "size", self.size

    def _call(self, row: Invocation) -> None:
        place, self.count = self.count, self.count + 1
        shard, lane = self._shard(row.shard_id), self._lanes.of(row)
        end = row.at + row.duration_ms / 1000
        is_plain = row.outcome == "success"
        if len(self.details) < (MAX_DETAILS // 10 if is_plain else MAX_DETAILS):
            self.details[place] = row
        if place >= MAX_CALLS:
            return
        at = round((row.at - self._start) * 1e6)
        self.at.append(at)
        self.length.append(round((end - self._start) * 1e6) - at)
        self.shard.append(shard)
        self.lane.append(lane)
        self.outcome.append(OUTCOMES.index(row.outcome))
        self.attempt.append(row.attempt)
        self.size.append(len(row.sequence_numbers))

    def _shard(self, shard_id: str) -> int:
        if shard_id not in self._shards:
            self._shards[shard_id] = len(self._shards)
            self.shard_ids.append(shard_id)
        return self._shards[shard_id]


def packed(numbers: Sequence[int]) -> list[int] | dict[str, list[int]]:
    """A column for JSON: as it is, or as runs of equal numbers where that is shorter.

    Returns:
        The numbers, or {"runs": [number, how often, number, how often, …]}.
    """
    runs: list[int] = []
    for number in numbers:
        if runs and runs[-2] == number:
            runs[-1] += 1
        else:
            runs += (number, 1)
    return {"runs": runs} if len(runs) < len(numbers) else list(numbers)


def differences(numbers: Sequence[int]) -> list[int]:
    """Each number less the one before it, which makes rising ones short."""
    before, found = 0, []
    for number in numbers:
        found.append(number - before)
        before = number
    return found
