"""What became of a record that was put, under one mapping; and of all of them, in figures."""

from array import array
from collections import Counter
from typing import Literal

import msgspec

# handled: by a call that did not fail it. called: its calls ended without an error, and whether the
# function reported it is not told. filtered: it matches no filter. discarded: given up.
# expired: it left the stream before. dropped: it came in an aggregate that belongs to another
# shard. waiting: its end was not seen. notTold: whoever delivers it does not tell.
Ending = Literal[
    "handled", "called", "filtered", "discarded", "expired", "dropped", "waiting", "notTold"
]
# The worst first: of records that share a sequence number, that is what is said of all.
ENDINGS: tuple[Ending, ...] = (
    *("discarded", "expired", "dropped", "waiting", "notTold"),
    *("called", "handled", "filtered"),
)
GOOD = frozenset({"handled", "called", "filtered"})


class Put(msgspec.Struct, frozen=True, gc=False):
    """A record that is in the stream."""

    index: int  # 0-based, its place in the input; of an aggregate the first record's
    shard_id: str
    sequence_number: str
    acknowledged: float  # epoch seconds of this machine's clock
    records: int = 1  # more than one: of an aggregate


class Reader(msgspec.Struct, frozen=True):
    """A mapping that reads the stream."""

    mapping: str  # UUID
    function: str
    why: str = ""  # it delivers nothing; "": it does
    trouble: str = ""  # why all of its calls fail
    backlog: int | None = None  # records that have not ended; None: not known


class Followed(msgspec.Struct, frozen=True, rename="camel"):
    """What became of a record."""

    index: int
    shard_id: str
    sequence_number: str
    records: int
    mapping: str
    function: str
    ended: Ending
    reason: str = ""  # one sentence, or AWS's condition
    error: str = ""  # of its last call that failed
    deliveries: int | None = 0  # calls that had it; None: not told
    reported: int = 0  # calls whose answer named it as failed
    others_reported: int = 0  # calls whose answer named others of its batch only
    calls: tuple[str, ...] = ()  # their request ids, the first first
    destination: str = ""  # ARN, or the place, of its on-failure document
    problem: str = ""  # why the document did not get there
    latency_seconds: float | None = None  # from the put's answer to the end
    is_whole: bool = True  # whether nothing that happened to it can be missing here

    @property
    def is_good(self) -> bool:
        """Whether nobody has to look after it."""
        return self.ended in GOOD


class Figures:
    """What became of the records under one mapping."""

    def __init__(self) -> None:
        self.endings: Counter[Ending] = Counter()
        self._inside = 0
        self.again = 0  # records that were handled after more than one delivery
        self._latencies = array("d")

    def add(self, row: Followed) -> None:
        """Count a record."""
        self.endings[row.ended] += 1
        self._inside += row.records
        self.again += row.ended == "handled" and (row.deliveries or 0) > 1
        if row.latency_seconds is not None:
            self._latencies.append(row.latency_seconds)

    @property
    def records(self) -> int:
        """All of them; an aggregate is one."""
        return self.endings.total()

    @property
    def packed(self) -> int:
        """The records within the aggregates; 0: there are none."""
        return self._inside if self._inside > self.records else 0

    @property
    def bad(self) -> int:
        """Those that somebody has to look after."""
        return sum(count for ending, count in self.endings.items() if ending not in GOOD)

    def latencies(self, *shares: float) -> tuple[float, ...]:
        """The latencies that such shares of the records do not exceed; empty: none is known."""
        ordered = sorted(self._latencies)
        last = len(ordered) - 1
        return tuple(ordered[min(int(share * len(ordered)), last)] for share in shares if ordered)
