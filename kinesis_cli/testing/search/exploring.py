"""A subject for going through many batches: it remembers, and is content with warm processes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.batches import AT, renumbered
from kinesis_cli.testing.checks.observing import Batch, Seen, Subject

MAX_REMEMBERED_BYTES = 100_000  # of one batch
MAX_IN_ENVIRONMENT = 300  # calls; what some functions keep makes each call slower
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
        self.calls = self.hangs = 0
        self._in_environment = 0
        self._counter = _FIRST
        self.latest: list[Batch] = []  # the last batches that were delivered
        self.name, self.runtime, self.timeout = subject.name, subject.runtime, subject.timeout
        self.mapping: EventSourceMapping = subject.mapping
        self.sees_inside, self.names_failures = subject.sees_inside, subject.names_failures
        self.real_seconds = subject.real_seconds

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
        if (known := self._seen.get(key)) is not None:
            return [known]
        seen = self.again(batch)
        if sum(map(len, key)) <= MAX_REMEMBERED_BYTES:
            self._seen[key] = seen
        return [seen]

    def again(self, batch: Batch) -> Seen:
        """Deliver a batch in the warm environment, whether or not it is known."""
        self._count(1)
        whole, self._subject.real_seconds = self._subject.real_seconds, self.real_seconds
        try:
            is_full = self._in_environment >= MAX_IN_ENVIRONMENT
            if is_full:
                self._subject.deliver(batch)  # fresh: the next warm one is new
                self._in_environment = 0
            other = renumbered(batch, self._counter)
            (seen,) = self._subject.deliver(other, fresh=False)
        finally:
            self._subject.real_seconds = whole
        self.hangs += seen.timed_out
        self._in_environment += 1
        self._counter += len(batch)
        self.latest = [*self.latest[-19:], other]
        result = replace(seen.result, response=_as_of(seen.result.response, other, batch))
        return Seen.of(batch, result, reports=seen.reports)

    def deliver_in(self, variables: Mapping[str, str], batch: Sequence[Record]) -> Seen | None:
        """Deliver in another process, see `Subject`."""
        self._count(1)
        return self._subject.deliver_in(variables, batch)

    def growth(self, batches: Sequence[Batch], every: int) -> list[int] | None:
        """Bytes of its objects, see `Subject`."""
        self._count(len(batches))
        return self._subject.growth(batches, every)

    def close(self) -> None:
        """Nothing: the subject is somebody else's."""

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
