"""What a put or a replay takes its records from, so that each of several processes can do so."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import repeat
from random import Random
from typing import Protocol

from kinesis_cli.payloads.settings import PayloadSettings
from kinesis_cli.payloads.user_function import user_function
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.replay_input import open_replay_input
from kinesis_cli.putting.replay_source import Arrived, between, shifted, with_change
from kinesis_cli.recordings.form import Reading


class SharedInput(Protocol):
    """Opened by each process on its own; all of them see the same records."""

    def opened(self) -> AbstractContextManager[Iterator[Arrived]]:
        """All records, as they were before any change."""
        ...

    def changed(self, records: Iterator[Arrived]) -> Iterator[Arrived]:
        """Some of the records as they are put; those that are left out are not there."""
        ...


def say_nothing(_: str) -> None:
    """Tell nobody: of several processes one has told already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInput:
    """Payloads of a file, or made up.

    Attributes:
        seed: the same for all processes.
        count: how many; None: all of a file.
        rate: of all records a second; a record arrives when it is due; None: at once.
        clock: tells when a payload is made, epoch seconds.
        change: the user's function, by its name.
    """

    settings: PayloadSettings
    seed: int
    count: int | None
    rate: float | None
    clock: Callable[[], float]
    change: str | None

    @contextmanager
    def opened(self) -> Iterator[Iterator[Arrived]]:
        """See `SharedInput`."""
        yield self._records()

    def changed(self, records: Iterator[Arrived]) -> Iterator[Arrived]:
        """See `SharedInput`."""
        return records if self.change is None else with_change(records, user_function(self.change))

    def _records(self) -> Iterator[Arrived]:
        each = repeat(None) if self.count is None else repeat(None, self.count)
        settings = replace(self.settings, tell=say_nothing)
        payloads = settings.payloads(Random(self.seed), (self.clock() for _ in each))
        seconds = 1 / self.rate if self.rate else 0.0
        for index, payload in enumerate(payloads):
            yield Arrived(index * seconds, Entry(index, *payload))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedInput:
    """Files of records, on their way back to a stream.

    Attributes:
        since, until: epoch seconds, as of `between`.
        shift_time: where in a payload a timestamp is.
        offset: seconds that it is moved.
        change: the user's function, by its name.
    """

    paths: tuple[str, ...]
    partition_key: str | None
    key_field: str | None
    reading: Reading
    since: float
    until: float
    shift_time: str | None
    offset: float
    change: str | None

    @contextmanager
    def opened(self) -> Iterator[Iterator[Arrived]]:
        """See `SharedInput`."""
        with open_replay_input(
            self.paths, self.partition_key, self.key_field, self.reading
        ) as found:
            yield between(found.records, self.since, self.until)

    def changed(self, records: Iterator[Arrived]) -> Iterator[Arrived]:
        """See `SharedInput`."""
        if self.shift_time is not None:
            records = with_change(records, shifted(self.shift_time, self.offset))
        return records if self.change is None else with_change(records, user_function(self.change))
