"""What the functions do, told as it happens: for the live view, the log and the status."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kinesis_cli.event_source_mapping.events import Outcome


@dataclass(frozen=True, slots=True)
class Called:
    """A mapping's call of a function has ended."""

    function: str
    stream: str
    shard_id: str
    attempt: int  # 1-based, of this batch
    records: int
    outcome: Outcome
    reason: str  # one sentence: why this outcome, and what follows
    error: str  # "ValueError: text"; empty: the function answered
    duration_ms: float
    iterator_age: float | None = None  # seconds: of the last record when it was called


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Records were discarded."""

    function: str
    stream: str
    shard_id: str
    records: int
    condition: str  # "RetryAttemptsExhausted", "RecordAgeExceeded"
    destination: str | None  # ARN that the document went to; None: none is configured
    problem: str  # why it did not get there; empty: it did


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the user should know, one sentence."""

    text: str


Activity = Called | GivenUp | Remark
Tell = Callable[[Activity], None]


@dataclass(slots=True)
class ShardCounts:
    """What came of a shard's records since the server was started."""

    function: str
    stream: str
    shard_id: str
    records: int = 0  # read
    batches: int = 0  # calls that ended
    failed: int = 0  # of these, those that failed or reported a failure
    partial: int = 0  # of these, those that reported one
    throttled: int = 0  # calls that were refused, which are none of them
    succeeded: int = 0  # records, as all below
    discarded: int = 0
    filtered: int = 0
    expired: int = 0
    held: int = 0  # read, and not ended
    iterator_age: float = 0.0  # seconds: of the last batch's last record when its call had ended


@dataclass(slots=True)
class Tally:
    """The counts of all shards, by mapping and shard."""

    shards: dict[tuple[str, str], ShardCounts] = field(default_factory=dict)

    def of_mapping(self, mapping: str) -> list[ShardCounts]:
        """The counts of a mapping's shards, named by its UUID."""
        return [counts for (uuid, _), counts in self.shards.items() if uuid == mapping]


def sentence(activity: Activity) -> str:
    """What happened, in words; empty for a call that went well, of which there are many."""
    match activity:
        case Called(outcome="success"):
            return ""
        case Called() as call:
            attempt = f", attempt {call.attempt}" if call.attempt > 1 else ""
            batch = f"{call.function} {call.shard_id} {_records(call.records)}{attempt}"
            return f"{batch}: {call.outcome}, {call.reason}"
        case GivenUp() as given_up:
            what = f"{_records(given_up.records)} discarded, {given_up.condition}"
            return f"{given_up.function} {given_up.shard_id} {what}, {_whereabouts(given_up)}"
        case Remark(text=text):
            return text


def _whereabouts(given_up: GivenUp) -> str:
    if given_up.destination is None:
        return "no destination is configured"
    if given_up.problem:
        return f"{given_up.destination} did not take the document: {given_up.problem}"
    return f"document sent to {given_up.destination.rpartition(':')[2]}"


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"
