"""From facts to what became of each record: told in any order, a record ends once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kinesis_cli.following.fact import Fact
from kinesis_cli.following.followed import ENDINGS, Ending, Followed, Put, Reader

# A mapping that for so long has had nothing left to deliver will not tell of a record any more.
QUIET_SECONDS = 5.0
NEVER_TOLD = "the mapping has nothing left to deliver, and has told nothing of its end"
NOT_NAMED = "neither the function's log nor an on-failure document names it"
GONE = "its mapping was deleted"
NO_CALL = "no call has had it yet"
NOT_ALL_TOLD = "not all that happened was told"


class _Key(NamedTuple):
    mapping: str
    shard_id: str
    sequence_number: str


@dataclass(slots=True)
class _Life:
    """What is known of a record under one mapping."""

    put: Put | None = None  # None: it is somebody else's, or its answer is still to come
    calls: dict[str, None] = field(default_factory=dict)  # request ids, in order
    deliveries: int = 0
    reported: int = 0
    others_reported: int = 0
    in_call: str = ""  # the request id of the call that has it now
    in_call_since: float | None = None
    reason: str = ""  # of what happened last
    error: str = ""
    endings: Counter[Ending] = field(default_factory=Counter)
    inside: int = 1  # records that its sequence number stands for
    end: Fact | None = None  # the worst of its endings, and of these the last
    ended_at: float = 0.0  # this machine's clock

    @property
    def has_ended(self) -> bool:
        return self.endings.total() >= self.inside


class Settling:
    """Told what was put and what happened; tells what became of each record.

    Args:
        readers: the mappings that deliver the stream, each of which has its own ending.
        tells_all: whether everything that happens is told; else a record of which nothing was
            told may have been in any number of calls.
        silence: why nothing was told of a record, where not all is.
    """

    def __init__(
        self, readers: Iterable[Reader], *, tells_all: bool = True, silence: str = NOT_NAMED
    ) -> None:
        self.readers = {each.mapping: each for each in readers}
        self._lives: dict[_Key, _Life] = {}
        self._open: dict[_Key, Put] = {}  # records that have not ended
        self._settled: list[Followed] = []
        self._all_put, self._tells_all, self._is_whole = False, tells_all, tells_all
        self._silence = silence
        self._quiet_since: dict[str, float] = {}  # mappings that have nothing left

    # What is told

    def put(self, records: Iterable[Put]) -> None:
        """Records are in the stream."""
        for record in records:
            for mapping in self.readers:
                key = _Key(mapping, record.shard_id, record.sequence_number)
                life = self._lives.setdefault(key, _Life())
                life.put = record
                self._open[key] = record
                self._settle(key, life)

    def all_put(self) -> None:
        """No more records will be put: facts of others need not be kept any more."""
        self._all_put = True
        self._lives = {key: life for key, life in self._lives.items() if life.put is not None}

    def happened(self, facts: Iterable[Fact], ahead: float = 0.0) -> None:
        """Something happened.

        Args:
            facts: in their order.
            ahead: seconds that their clock is ahead of this machine's.
        """
        for fact in facts:
            if fact.mapping in self.readers:
                self._happened(fact, fact.at - ahead)

    def missed(self) -> None:
        """What happened meanwhile is not known, nor will it be."""
        self._is_whole = False

    def started_anew(self) -> None:
        """Whoever delivers has been started anew: calls that ran have ended, nobody knows how."""
        self.missed()
        for life in self._lives.values():
            if life.in_call:
                life.deliveries += 1
                life.calls[life.in_call] = None
                life.in_call, life.in_call_since = "", None

    def read_by(self, readers: Sequence[Reader], now: float) -> None:
        """How the mappings are doing, after all that has happened was told.

        Args:
            readers: all that there are; one that is missing was deleted.
            now: seconds of a clock that only goes on.
        """
        there = {each.mapping: each for each in readers}
        for mapping, known in self.readers.items():
            reader = there.get(mapping) or Reader(mapping, known.function, why=GONE)
            self.readers[mapping] = reader
            if reader.backlog != 0:
                self._quiet_since.pop(mapping, None)
            elif now - self._quiet_since.setdefault(mapping, now) >= QUIET_SECONDS:
                self._give_up(mapping)

    # What is answered

    @property
    def open(self) -> int:
        """Endings that are still to come."""
        return len(self._open)

    def open_numbers(self, mapping: str) -> set[str]:
        """The sequence numbers of a mapping's records that have not ended."""
        return {key.sequence_number for key in self._open if key.mapping == mapping}

    @property
    def in_call(self) -> int:
        """Of these, how many are in a call now."""
        return sum(self._lives[key].in_call_since is not None for key in self._open)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will end, as far as can be seen."""
        return all(
            self.readers[key.mapping].why and self._lives[key].in_call_since is None
            for key in self._open
        )

    def take_settled(self) -> list[Followed]:
        """Records that ended since the last time."""
        settled, self._settled = self._settled, []
        return settled

    def take_open(self, now: float) -> Iterator[Followed]:
        """The records that have not ended; nothing is asked afterwards.

        Args:
            now: epoch seconds of this machine's clock.
        """
        for key in sorted(self._open, key=lambda key: (self._open[key].index, key.mapping)):
            life = self._lives[key]
            if not (self._tells_all or life.calls or life.in_call):
                yield self._row(key, life, "notTold", self._silence)
            else:
                yield self._row(key, life, "waiting", self._waits_for(key, now))
        self._open.clear()

    # Within

    def _happened(self, fact: Fact, at: float) -> None:
        for number, times in Counter(fact.sequence_numbers).items():
            key = _Key(fact.mapping, fact.shard_id, number)
            life = self._lives.get(key)
            if life is None:
                if self._all_put:
                    continue  # somebody else's, or it has ended
                life = self._lives[key] = _Life()
            self._lived(life, fact, number, times, at)
            self._settle(key, life)

    def _lived(self, life: _Life, fact: Fact, number: str, times: int, at: float) -> None:
        match fact.what:
            case "opened":
                life.inside = fact.attempt or 1
                if not fact.attempt:
                    self._ended(life, fact, "dropped", 1, at)
            case "calling":
                life.in_call, life.in_call_since = fact.request_id, at
            case "called":
                life.in_call, life.in_call_since = "", None
                life.reason, life.error = fact.reason, _error(fact) or life.error
                if fact.outcome != "throttled":
                    life.deliveries += 1
                    life.calls[fact.request_id] = None
                    is_reported = number in fact.failures
                    life.reported += is_reported
                    life.others_reported += bool(fact.failures) and not is_reported
            case "notCalled":
                life.reason = fact.reason
            case "ended":
                self._ended(life, fact, _ending(fact.outcome), times, at)

    @staticmethod
    def _ended(life: _Life, fact: Fact, ending: Ending, times: int, at: float) -> None:
        life.endings[ending] += times
        life.ended_at = max(life.ended_at, at)
        if ending == _worst(life.endings):
            life.end = fact

    def _settle(self, key: _Key, life: _Life) -> None:
        if life.put is None or not life.has_ended:
            return
        ending = _worst(life.endings)
        self._settled.append(self._row(key, life, ending, _reason(life)))
        del self._lives[key]
        del self._open[key]

    def _give_up(self, mapping: str) -> None:
        """Say of a mapping's records that their end is not told."""
        for key in [key for key in self._open if key.mapping == mapping]:
            self._settled.append(self._row(key, self._lives.pop(key), "notTold", NEVER_TOLD))
            del self._open[key]

    def _row(self, key: _Key, life: _Life, ending: Ending, reason: str) -> Followed:
        put, end = life.put, life.end
        assert put is not None
        discarded = end is not None and ending == "discarded"
        seen = ending not in ("waiting", "notTold") and life.ended_at
        calls = dict.fromkeys((*life.calls, *filter(None, (life.in_call,))))
        return Followed(
            index=put.index,
            shard_id=key.shard_id,
            sequence_number=key.sequence_number,
            records=put.records,
            mapping=key.mapping,
            function=self.readers[key.mapping].function,
            ended=ending,
            reason=reason,
            error=life.error,
            deliveries=self._deliveries(life),
            reported=life.reported,
            others_reported=life.others_reported,
            calls=tuple(calls),
            destination=end.destination if discarded and end else "",
            problem=end.error if discarded and end else "",
            latency_seconds=round(max(0.0, life.ended_at - put.acknowledged), 6) if seen else None,
            is_whole=self._is_whole,
        )

    def _deliveries(self, life: _Life) -> int | None:
        seen = life.deliveries + bool(life.in_call)
        return seen if seen or self._is_whole or life.endings["filtered"] else None

    def _waits_for(self, key: _Key, now: float) -> str:
        life, reader = self._lives[key], self.readers[key.mapping]
        if life.in_call_since is not None:
            return f"in a call for {max(0.0, now - life.in_call_since):.1f} s"
        if reader.why:
            return reader.why
        return life.reason or (NO_CALL if self._is_whole else NOT_ALL_TOLD)


def _error(fact: Fact) -> str:
    """Why a call failed; of an answer that was not as it must be, the reason says it first."""
    return fact.error or (fact.reason.rpartition("; ")[0] if fact.outcome == "failed" else "")


def _ending(outcome: str) -> Ending:
    return next((each for each in ENDINGS if each == outcome), "notTold")


def _worst(endings: Counter[Ending]) -> Ending:
    return next(each for each in ENDINGS if endings[each])


def _reason(life: _Life) -> str:
    """Why it ended so, where that is not in the word itself."""
    if len(life.endings) > 1:
        return ", ".join(f"{life.endings[each]} {each}" for each in ENDINGS if life.endings[each])
    return life.end.reason if life.end is not None else ""
