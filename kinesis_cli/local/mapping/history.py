"""What became of the records that mappings read, kept for a while for whoever asks.

In memory, and bounded: what is older than the bound allows is gone, and so is all when the server
ends. Whoever asks is told so (`Page.missed`); what is not known is never guessed.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from kinesis_cli.event_source_mapping.events import Discarded, Invoke, Judged, NotCalled
from kinesis_cli.following.fact import Fact, What
from kinesis_cli.stream.record import Record

# A fact weighs as much as its sequence numbers, and something itself. A record is in three facts
# at least: so about 25,000 records are known that came one by one, and 100,000 in large batches.
MAX_WEIGHT = 300_000
_OWN_WEIGHT = 3
MAX_ANSWERED = 50_000  # weight of the facts that are told at once
_MAX_TEXT = 500  # characters of a reason or an error


@dataclass(frozen=True, slots=True)
class Page:
    """Facts, in the order in which they happened."""

    facts: list[Fact]
    next: int  # ask for what happened since this number
    missed: bool  # some facts that were asked for are gone
    more: bool  # there are more already


class History:
    """The newest facts.

    Args:
        max_weight: how much is kept; 0: nothing.
    """

    def __init__(self, max_weight: int = MAX_WEIGHT) -> None:
        self._max_weight, self._weight = max_weight, 0
        self._facts: deque[Fact] = deque()
        self.newest = 0  # the number of the last fact

    @property
    def is_kept(self) -> bool:
        """Whether anything is."""
        return self._max_weight > 0

    def add(self, fact: Fact) -> None:
        """Keep a fact, whose number is the next one."""
        self.newest = fact.number
        self._facts.append(fact)
        self._weight += _weight(fact)
        while self._weight > self._max_weight:
            self._weight -= _weight(self._facts.popleft())

    def since(self, number: int, *, stream: str | None = None, limit: int = MAX_ANSWERED) -> Page:
        """What happened after the fact with a number.

        Args:
            number: 0: all that is known.
            stream: only its; an ARN.
            limit: the weight of what is given at once; one fact at least.
        """
        oldest = self.newest - len(self._facts) + 1
        found: list[Fact] = []
        room = limit
        for fact in islice(self._facts, max(number + 1 - oldest, 0), None):
            if stream is not None and fact.stream != stream:
                continue
            if found and _weight(fact) > room:
                return Page(found, found[-1].number, number + 1 < oldest, more=True)
            found.append(fact)
            room -= _weight(fact)
        return Page(found, self.newest, number + 1 < oldest, more=False)

    def life(self, stream: str, sequence_number: str) -> Page:
        """What happened to one record, as far as it is known.

        Args:
            stream: ARN.
            sequence_number: of the record, or of the aggregate that it came in.
        """
        found = [
            fact
            for fact in self._facts
            if fact.stream == stream and sequence_number in fact.sequence_numbers
        ]
        return Page(found, self.newest, len(self._facts) < self.newest, more=False)


@dataclass(frozen=True, slots=True)
class ShardHistory:
    """Keeps what happens to the records of one shard under one mapping."""

    history: History
    stream: str
    mapping: str
    function: str
    shard_id: str
    now: Callable[[], float]

    def opened(self, read: Sequence[Record], delivered: Sequence[Record]) -> None:
        """Aggregates were taken apart."""
        inside = Counter(each.sequence_number for each in delivered)
        for number in dict.fromkeys(each.sequence_number for each in read):
            if inside[number] != 1:  # none: all of them belong to other shards
                self._add("opened", (number,), attempt=inside[number])

    def calling(self, effect: Invoke) -> tuple[str, ...]:
        """A call begins. Return the sequence numbers, which what follows shares."""
        numbers = _numbers(effect.batch.records) if self.history.is_kept else ()
        request_id, attempt = effect.batch.request_id, effect.attempt
        self._add("calling", numbers, request_id=request_id, attempt=attempt)
        return numbers

    def called(
        self, effect: Invoke, numbers: tuple[str, ...], began: float, judged: Judged, error: str
    ) -> None:
        """A call has ended."""
        records = effect.batch.records
        self._add(
            "called",
            numbers,
            request_id=effect.batch.request_id,
            attempt=effect.attempt,
            outcome=judged.outcome,
            reason=judged.reason[:_MAX_TEXT],
            error=error[:_MAX_TEXT],
            failures=tuple(dict.fromkeys(judged.failures)),
            began=began,
            iterator_age=max(began - records[-1].arrival, 0.0) if records else 0.0,
        )

    def not_called(self, effect: NotCalled) -> None:
        """An attempt did not reach the function."""
        numbers = _numbers(effect.records)
        self._add("notCalled", numbers, attempt=effect.attempt, reason=effect.reason[:_MAX_TEXT])

    def ended(self, outcome: str, records: Sequence[Record]) -> None:
        """Nothing more will happen to these records."""
        self._add("ended", _numbers(records), outcome=outcome)

    def discarded(self, effect: Discarded, destination: str | None, problem: str) -> None:
        """Records were given up.

        Args:
            effect: which, and why.
            destination: that the document was meant for.
            problem: why it did not get there.
        """
        discard = effect.discard
        self._add(
            "ended",
            _numbers(discard.records),
            request_id=discard.request_id,
            outcome="discarded",
            reason=discard.condition,
            error=problem[:_MAX_TEXT],
            destination=destination or "",
        )

    def _add(
        self,
        what: What,
        numbers: tuple[str, ...],
        *,
        failures: tuple[str, ...] = (),
        attempt: int = 0,
        began: float = 0.0,
        iterator_age: float = 0.0,
        **texts: str,
    ) -> None:
        if not (self.history.is_kept and numbers):  # a window's final call has none
            return
        fact = Fact(
            number=self.history.newest + 1,
            stream=self.stream,
            mapping=self.mapping,
            function=self.function,
            shard_id=self.shard_id,
            at=self.now(),
            what=what,
            sequence_numbers=numbers,
            failures=failures,
            attempt=attempt,
            began=began,
            iterator_age=iterator_age,
            **texts,
        )
        self.history.add(fact)


def _weight(fact: Fact) -> int:
    return len(fact.sequence_numbers) + len(fact.failures) + _OWN_WEIGHT


def _numbers(records: Sequence[Record]) -> tuple[str, ...]:
    return tuple([each.sequence_number for each in records])
