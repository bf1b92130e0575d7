"""A subject for going through many batches: it remembers, and is content with warm processes."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.batches import AT, renumbered
from kinesis_cli.testing.checks.made_records import Item, item_of
from kinesis_cli.testing.checks.observing import Batch, Seen, Subject

MAX_REMEMBERED_BYTES = 100_000  # of one batch
_LARGE_REMEMBERED = 3  # the latest of those above; one property after another looks at the same one
MAX_IN_ENVIRONMENT = 150  # calls; what some functions keep makes each call slower
MAX_HANGS = 4  # calls that did not end, before hanging is all that is left to say
_FIRST = 30_000  # the counter in the sequence numbers of what is delivered
_PATIENCE = 50  # times as long as a call usually takes
_LEAST_PATIENCE = 1.0  # seconds


class ExploringSubject:
    """The subject, quick: one warm environment, and each batch is delivered once only.

    Each delivery has sequence numbers of its own, as on a stream. What it shows is a suspicion, to
    be confirmed by the subject itself.

    Args:
        subject: what is explored.
        tell: told how many batches were delivered.
    """

    def __init__(self, subject: Subject, tell: Callable[[int], None]) -> None:
        self._subject, self._tell = subject, tell
        self._seen: dict[tuple[bytes, ...], Seen] = {}
        self._large: deque[tuple[tuple[bytes, ...], Seen]] = deque(maxlen=_LARGE_REMEMBERED)
        self.calls = self.hangs = 0
        self._counter = _FIRST
        self.latest: list[Batch] = []  # the batches that the warm environment has seen, in order
        self._environment = 0  # the number of it
        # what hung only after others, and those that came before it
        self.stuck: list[tuple[list[Item], list[Batch]]] = []
        self.name, self.runtime, self.timeout = subject.name, subject.runtime, subject.timeout
        self.mapping: EventSourceMapping = subject.mapping
        self.sees_inside, self.names_failures = subject.sees_inside, subject.names_failures
        self.depends_on_payloads_only = subject.depends_on_payloads_only
        self.real_seconds = subject.real_seconds
        self.environments = subject.environments

    def expect(self, seconds: float) -> None:
        """A call usually takes so long: what takes far longer is stopped."""
        patience = max(_LEAST_PATIENCE, seconds * _PATIENCE)
        self.real_seconds = min(self._subject.real_seconds, patience)

    def deliver(
        self,
        *batches: Batch,
        fresh: bool = True,  # noqa: ARG002 - as good as
        at: float = AT,
        keeps_tables: bool = False,
    ) -> list[Seen]:
        """Deliver batches, or remember what came of them, see `Subject`."""
        if len(batches) > 1 or at != AT or keeps_tables:
            self._count(len(batches))
            return self._subject.deliver(*batches, at=at, keeps_tables=keeps_tables)
        batch = batches[0]
        key = tuple(record.raw for record in batch)
        is_large = sum(map(len, key)) > MAX_REMEMBERED_BYTES
        known = dict(self._large).get(key) if is_large else self._seen.get(key)
        if known is not None:
            return [known]
        seen = self.again(batch)
        if is_large:
            self._large.append((key, seen))
        else:
            self._seen[key] = seen
        return [seen]

    def again(self, batch: Batch) -> Seen:
        """Deliver a batch in the warm environment, whether or not it is known."""
        self._count(1)
        whole, self._subject.real_seconds = self._subject.real_seconds, self.real_seconds
        try:
            if len(self.latest) >= MAX_IN_ENVIRONMENT:
                self._subject.deliver(batch)  # fresh: the next warm one is new
            other = renumbered(batch, self._counter)
            (seen,) = self._subject.deliver(other, fresh=False)
            if self._subject.environments != self._environment:
                self._environment, self.latest = self._subject.environments, []
            if seen.timed_out and self.latest:
                seen = self._alone(other, seen)
        finally:
            self._subject.real_seconds = whole
        self.hangs += seen.timed_out
        self._counter += len(batch)
        self.latest.append(other)
        result = replace(seen.result, response=_as_of(seen.result.response, other, batch))
        return Seen.of(batch, result, reports=seen.reports)

    def _alone(self, batch: Batch, hung: Seen) -> Seen:
        """What comes of a batch that hung in the warm environment, in a fresh one.

        As on Lambda, the one in which a call hung is of no more use.
        """
        (seen,) = self._subject.deliver(batch)
        if seen.timed_out:
            return hung
        if not self.stuck:
            self.stuck.append((list(map(item_of, batch)), list(self.latest)))
        return seen

    def deliver_in(self, variables: Mapping[str, str], batch: Sequence[Record]) -> Seen | None:
        """Deliver in another process, see `Subject`."""
        self._count(1)
        return self._subject.deliver_in(variables, batch)

    def growth(self, series: Iterable[Sequence[Batch]]) -> Iterator[int] | None:
        """Bytes of its objects, see `Subject`."""
        return self._subject.growth(self._counted(series))

    def close(self) -> None:
        """Nothing: the subject is somebody else's."""

    def _counted(self, series: Iterable[Sequence[Batch]]) -> Iterator[Sequence[Batch]]:
        for batches in series:
            self._count(len(batches))
            yield batches

    def _count(self, more: int) -> None:
        self.calls += more
        self._tell(self.calls)


def _as_of(response: object, delivered: Batch, batch: Batch) -> object:
    """An answer as if `batch` had been delivered, with the numbers of its records."""
    if not isinstance(response, dict | list | str) or not response:
        return response
    text = json.dumps(response)
    for one, other in zip(delivered, batch, strict=True):
        text = text.replace(one.sequence_number, other.sequence_number)
    answer: object = json.loads(text)
    return answer
