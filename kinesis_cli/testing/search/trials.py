"""One batch at a time: whether it breaks a property, for sure, and with how few records."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.payloads.hostile import Variant
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.batches import batch_of
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.made_records import Item, item_of, variants_of
from kinesis_cli.testing.checks.observing import Batch, Subject
from kinesis_cli.testing.checks.repetition import no_state_leak
from kinesis_cli.testing.checks.secrets import no_secrets_in_log, with_markers
from kinesis_cli.testing.search.exploring import MAX_HANGS, ExploringSubject
from kinesis_cli.testing.search.registry import PROPERTIES, Property

_STEADY = 12  # times that a batch is delivered to see whether chance has a part in it
# Properties that compare deliveries, and are not to be blamed for chance
COMPARING = frozenset({"one-bad-record", "neighbours", "no-state-leak", "event-unchanged"})
# Properties of which fewer records than were tried say nothing, or are tried by themselves
AS_TRIED = frozenset({"time", "memory", "samples-handled"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked for."""

    names: Sequence[str]  # of properties
    seed: int = 0
    max_examples: int = 100  # batches that hypothesis makes
    secrets: Sequence[str] = ()  # paths of members
    words: Sequence[object] = ()  # values that the function's code names


@dataclass(slots=True)
class Found:
    """A batch that breaks a property."""

    error: CheckFailedError
    items: tuple[Item, ...]
    made_of: dict[bytes, str] = field(default_factory=dict)  # payload → how it was made
    before: tuple[Batch, ...] = ()  # batches that a test has to deliver first


class Trials:
    """The batches that are tried, and what they have broken.

    Args:
        subject: the function.
        wanted: the properties, and how much to try.
        tell: told how many batches were delivered.
    """

    def __init__(self, subject: Subject, wanted: Wanted, tell: Callable[[int], None]) -> None:
        self.subject, self.wanted = subject, wanted
        self.warm = ExploringSubject(subject, tell)
        self._filters = compile_filters(subject.mapping.filter_patterns, subject.mapping.kind)
        self.arn = subject.mapping.event_source_arn or ""
        self.made_of: dict[bytes, str] = {}
        self.found: dict[str, Found] = {}
        self.is_by_chance = False  # what becomes of a batch: comparing two deliveries tells nothing

    @property
    def gives_up(self) -> bool:
        """Whether so many calls did not end that the search was given up."""
        return self.warm.hangs >= MAX_HANGS

    @property
    def hangs(self) -> bool:
        """Whether calls do not end, so that what makes many of them is not looked for."""
        return self.gives_up or (self.warm.hangs > 0 and "time" in self.found)

    def missing(self, effort: str) -> list[Property]:
        """The properties of an effort that are looked for and were not found broken."""
        return [
            each
            for name in self.wanted.names
            if self._effort(each := PROPERTIES[name]) == effort and self.is_missing(name)
        ]

    def is_missing(self, name: str) -> bool:
        """Whether a property is looked for and was not found broken."""
        if name not in self.wanted.names or name in self.found:
            return False
        if self.is_by_chance and name in COMPARING:
            return False
        return self.subject.sees_inside or not PROPERTIES[name].sees_inside

    def _effort(self, each: Property) -> str:
        if each.name == "mapping-fits" and self.subject.mapping.report_batch_item_failures:
            return "some"  # it breaks payloads itself
        return each.effort

    # One batch

    def try_batches(self, every: Sequence[Sequence[Item]]) -> None:
        """Look at several batches, see `try_batch`."""
        for items in every:
            if items and not self.gives_up:
                self.try_batch(items)

    def try_batch(self, items: Sequence[Item]) -> None:
        """Look whether a batch breaks one of the properties that are quick to see."""
        if not self.all_delivered(items):
            return
        for each in self.missing("every"):
            if each.name == "time" and not self.warm.deliver(self.batch(items))[0].timed_out:
                continue
            self.try_property(each, items)

    def try_property(
        self, each: Property, items: Sequence[Item], on: Subject | None = None
    ) -> None:
        """Look whether a batch breaks a property: a suspicion first, then in fresh environments.

        Args:
            each: the property.
            items: of the batch.
            on: what has the suspicion; default: the warm environment. With the subject itself it
                is sure.
        """
        if not self.all_delivered(items):
            return
        error = self.breaks(each, items, on or self.warm)
        if error is None:
            return
        if each.name == "time":
            items = self._hanging(items)
        if on is not self.subject:
            error = self.breaks(each, items, self.subject)
        if error is None:
            return
        if each.name in COMPARING and not self._is_steady(items):
            self.try_chance(items)
            return
        self.keep(each.name, error, items)

    def try_after(self, items: Sequence[Item], latest: Sequence[Batch]) -> None:
        """Look for a leak of just the batches that came before."""
        try:
            no_state_leak(self.subject, self.batch(items), latest)
        except CheckFailedError as error:
            if self._is_steady(items):
                self.keep("no-state-leak", error, items)
            else:
                self.try_chance(items)

    def try_chance(self, items: Sequence[Item]) -> None:
        """Look for chance in a batch that has shown it."""
        each, self.is_by_chance = PROPERTIES["deterministic"], True
        if each.name in self.wanted.names and each.name not in self.found:
            for some in [*([item] for item in items), items]:
                if each.name not in self.found and (error := self.breaks(each, some, self.subject)):
                    self.keep(each.name, error, some)

    def breaks(
        self, each: Property, items: Sequence[Item], subject: Subject
    ) -> CheckFailedError | None:
        """How a batch breaks a property; None: it does not."""
        records = self.batch(items)
        try:
            if each.name == "no-secrets-in-log":
                no_secrets_in_log(subject, records, self.wanted.secrets)
            else:
                each.function(subject, records)
        except CheckFailedError as error:
            return error
        return None

    def _hanging(self, items: Sequence[Item]) -> Sequence[Item]:
        """The record that makes a call hang, where one alone does."""
        for item in dict.fromkeys(items):
            if self.warm.deliver(self.batch([item]))[0].timed_out:
                return [item]
        return items

    def _is_steady(self, items: Sequence[Item]) -> bool:
        """Whether the batch and each of its records end the same way each time."""
        for some in [items, *([item] for item in dict.fromkeys(items))]:
            batch = self.batch(some)
            fates = {self.subject.deliver(batch)[0].fate for _ in range(_STEADY)}
            if len(fates) > 1:
                return False
        return True

    # What is kept of it

    def keep(self, name: str, error: CheckFailedError, items: Sequence[Item]) -> None:
        """Keep what breaks a property, without the records and batches that it does without."""
        before: tuple[Batch, ...] = ()
        if error.before:
            error, before = self._with_fewer_before(error, items)
        elif name not in AS_TRIED:
            error, items = self._smaller(PROPERTIES[name], error, items)
        if name in ("mapping-fits", "samples-handled"):
            # which show another batch than the one that was tried
            items = list(map(item_of, error.batch))
        made_of = {item.data: self.made_of.get(item.data, "") for item in items}
        self.found[name] = Found(error, tuple(items), made_of, before)

    def _smaller(
        self, each: Property, error: CheckFailedError, items: Sequence[Item]
    ) -> tuple[CheckFailedError, Sequence[Item]]:
        """The batch without what it does without: halves of it, then quarters, then records."""
        kept, size = list(items), max(len(items) // 2, 1)
        while len(kept) > 1:
            place = 0
            while place < len(kept) and len(kept) > 1:
                fewer = [*kept[:place], *kept[place + size :]]
                found = self._breaks_for_sure(each, fewer) if fewer else None
                if found is None:
                    place += size
                else:
                    error, kept = found, fewer
            if size == 1:
                break
            size = min(size // 2, max(len(kept) // 2, 1))
        return error, kept

    def _breaks_for_sure(self, each: Property, items: Sequence[Item]) -> CheckFailedError | None:
        if each.effort == "every" and self.breaks(each, items, self.warm) is None:
            return None
        return self.breaks(each, items, self.subject)

    def _with_fewer_before(
        self, error: CheckFailedError, items: Sequence[Item]
    ) -> tuple[CheckFailedError, tuple[Batch, ...]]:
        """The one batch that has to come first, where one is enough, or the same many times."""
        records = self.batch(items)
        if list(error.before) == [records]:
            return error, ()  # a test delivers it twice in any case
        for one in sorted(error.before, key=len):
            try:
                no_state_leak(self.subject, records, [one])
            except CheckFailedError as found:
                return found, (one,)
        same = [records] * len(error.before)
        try:
            no_state_leak(self.subject, records, same)
        except CheckFailedError as found:
            return found, tuple(same)
        return error, error.before

    # Payloads

    def variants(self, shapes: Sequence[Item]) -> Iterator[tuple[Item, Variant]]:
        """What the payloads of some items may become, as far as filters let it pass."""
        known: set[bytes] = set()
        for item in shapes:
            for variant in variants_of(item, self.wanted.words):
                other = item._replace(data=variant.data)
                if variant.data not in known and self.is_delivered(other):
                    known.add(variant.data)
                    yield item, variant

    def with_markers(self, item: Item) -> Item:
        """An item whose secrets can be told from all else."""
        if not self.wanted.secrets:
            return item
        return item._replace(data=with_markers(item.data, self.wanted.secrets))

    def is_delivered(self, item: Item) -> bool:
        """Whether the mapping's filters let a record pass."""
        if not self.subject.mapping.filter_patterns:
            return True
        return self._filters.matches(self.batch([item])[0])

    def all_delivered(self, items: Sequence[Item]) -> bool:
        """Whether the mapping's filters let all records pass."""
        return all(map(self.is_delivered, items))

    def is_good(self, item: Item) -> bool:
        """Whether the function handles a record, alone."""
        return self.warm.deliver(self.batch([item]))[0].first_failed is None

    def batch(self, items: Sequence[Item]) -> list[Record]:
        """The records of a batch."""
        return batch_of(items, arn=self.arn)
