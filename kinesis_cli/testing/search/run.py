"""The search: first every variant of the samples in turn, then whatever hypothesis thinks of."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median

from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.payloads.hostile import Variant
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.batches import batch_of, full_batch
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.made_records import Item, item_of, made_records, variants_of
from kinesis_cli.testing.checks.observing import Batch, Subject
from kinesis_cli.testing.checks.repetition import no_state_leak
from kinesis_cli.testing.checks.secrets import no_secrets_in_log, with_markers
from kinesis_cli.testing.search.exploring import MAX_HANGS, ExploringSubject
from kinesis_cli.testing.search.registry import PROPERTIES, Property
from kinesis_cli.testing.search.samples import Samples, of_each_shape

FRESH_BATCHES = 10  # for which properties that take fresh environments are looked at
_MANY_AGAIN = 60  # batches that are delivered a second time in the warm environment
_MAX_SHRINKS = 400  # batches that are tried to make one smaller
_MEMORY_RECORDS = 3
_STEADY = 12  # times that a batch is delivered to see whether chance has a part in it
# Properties that compare deliveries, and are not to be blamed for chance
COMPARING = frozenset({"one-bad-record", "neighbours", "no-state-leak", "event-unchanged"})
_LEAST_TO_TIME = 5  # samples whose time tells what is usual


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
    before: tuple[Batch, ...] = ()


class Search:
    """One check of one function.

    Args:
        subject: the function.
        samples: what its records usually carry.
        wanted: the properties, and how much to try.
        tell: told how many batches were delivered.
    """

    def __init__(
        self, subject: Subject, samples: Samples, wanted: Wanted, tell: Callable[[int], None]
    ) -> None:
        self._subject, self._wanted = subject, wanted
        self._samples = samples
        self._warm = ExploringSubject(subject, tell)
        self._filters = compile_filters(subject.mapping.filter_patterns, subject.mapping.kind)
        self._arn = subject.mapping.event_source_arn or ""
        self._made_of: dict[bytes, str] = {}
        self.found: dict[str, Found] = {}
        self.is_by_chance = False  # what becomes of a batch: comparing two deliveries tells nothing
        self.good: list[Item] = []  # samples that the function handles

    @property
    def gives_up(self) -> bool:
        """Whether so many calls did not end that the search was given up."""
        return self._warm.hangs >= MAX_HANGS

    @property
    def hangs(self) -> bool:
        """Whether calls do not end, so that what makes many of them is not looked for."""
        return self.gives_up or (self._warm.hangs > 0 and "time" in self.found)

    @property
    def patience(self) -> float:
        """How long a call may take before it is stopped, seconds."""
        return self._warm.real_seconds

    @property
    def batches(self) -> int:
        """How many were delivered."""
        return self._warm.calls

    def run(self) -> None:
        """Look for a batch that breaks each of the properties."""
        shapes = self._look_at_samples()
        self._each_variant(shapes)
        self._fresh_environments(shapes)
        self._full_batch()
        self._over_many_calls()
        self._whatever_else(shapes)

    # Stages

    def _look_at_samples(self) -> list[Item]:
        """Deliver each sample alone. Returns one of each shape, those that are handled first."""
        items = [self._with_markers(item) for item in self._samples.items]
        items = [item for item in items if self._is_delivered(item)]
        seconds: list[float] = []
        for item in items:
            (seen,) = self._warm.deliver(self._batch([item]))
            seconds.append(0.0 if seen.timed_out else seen.result.elapsed)
            if seen.timed_out:
                self._warm.expect(0.0)
            if seen.first_failed is None:
                self.good.append(item)
            if len(seconds) == _LEAST_TO_TIME:
                self._warm.expect(median(seconds))
            if self.gives_up:
                break
        if seconds:
            self._warm.expect(median(seconds))
        shapes = of_each_shape([*self.good, *items])
        self._try_batches([[item] for item in items[:_MANY_AGAIN]])
        self._try_batches([items[:count] for count in (2, 3, 10, 50)])
        self._try_batches([[item, item] for item in shapes])
        return shapes

    def _each_variant(self, shapes: Sequence[Item]) -> None:
        """Deliver each variant of the samples alone and between two good ones."""
        for item, variant in self._variants(shapes):
            if self.gives_up or not self._missing("every"):
                return
            self._made_of[variant.data] = variant.what
            bad = item._replace(data=variant.data)
            beside = (self.good or [item])[:2]
            self._try([beside[0], bad, beside[-1]])

    def _fresh_environments(self, shapes: Sequence[Item]) -> None:
        """Look at what takes fresh environments: with samples, and with some that fail."""
        if not self._missing("some") or self.hangs:
            return
        for items in self._worth_a_fresh_one(shapes):
            for each in self._missing("some"):
                self._try_property(each, items)
            if not self._missing("some"):
                return
        self._look_again()

    def _worth_a_fresh_one(self, shapes: Sequence[Item]) -> Iterator[list[Item]]:
        """Good and bad samples, and the variants of the first of which some are good, some bad."""
        yield from ([item] for item in [*self.good[:2], *shapes[:3]])
        kept = {True: 0, False: 0}
        for item, variant in self._variants(shapes[:1]):
            bad = item._replace(data=variant.data)
            if len(variant.data) > 10_000 or self.hangs:
                continue
            is_good = self._warm.deliver(self._batch([bad]))[0].first_failed is None
            kept[is_good] += 1
            if kept[is_good] <= FRESH_BATCHES // 2:
                yield [bad]
            if kept[True] >= FRESH_BATCHES // 2 and kept[False] >= FRESH_BATCHES // 2:
                break
        if self.good:
            yield [*self.good[:3], *shapes[:1]]

    def _look_again(self) -> None:
        """Deliver what was delivered once more: chance and what was kept in between show."""
        names = {each.name for each in self._missing("some")}
        if not names & {"deterministic", "no-state-leak"}:
            return
        for items in list(self._again())[:_MANY_AGAIN]:
            batch = self._batch(items)
            (seen,), latest = self._warm.deliver(batch), list(self._warm.latest)
            if self._warm.again(batch).fate == seen.fate:
                continue
            for each in self._missing("some"):
                self._try_property(each, items)
            if "no-state-leak" in names and "no-state-leak" not in self.found:
                self._try_after(items, latest)

    def _again(self) -> Iterator[list[Item]]:
        yield from ([item] for item in self.good[:20])
        for item, variant in self._variants(of_each_shape(self._samples.items)[:1]):
            if len(variant.data) <= 10_000:
                yield [item._replace(data=variant.data)]

    def _try_after(self, items: Sequence[Item], latest: Sequence[Batch]) -> None:
        """Look for a leak of just the batches that came before."""
        try:
            no_state_leak(self._subject, self._batch(items), latest)
        except CheckFailedError as error:
            if self._is_steady(items):
                self._keep("no-state-leak", error, items, before=tuple(latest))
            else:
                self._try_chance(items)

    def _full_batch(self) -> None:
        prop = PROPERTIES["time"]
        if prop.name not in self._wanted.names or prop.name in self.found or not self.good:
            return
        size = self._subject.mapping.batch_size
        records = full_batch(self.good[:1], size, self._arn)
        try:
            prop.function(self._subject, records)
        except CheckFailedError as error:
            self._keep(prop.name, error, self.good[:1] * len(records), smaller=False)

    def _over_many_calls(self) -> None:
        prop = PROPERTIES["memory"]
        if prop.name not in self._wanted.names or not self._subject.sees_inside:
            return
        if self.hangs:
            return
        for items in (self.good[:_MEMORY_RECORDS], self._broken_one()):
            if items and prop.name not in self.found:
                self._try_property(prop, items, on=self._subject)

    def _broken_one(self) -> list[Item]:
        """A record that most functions cannot handle."""
        if not self._samples.items:
            return []
        item = self._samples.items[0]
        broken = made_records(item.kind).broken(item.data)
        return [item._replace(data=data) for data in broken[:1]]

    def _whatever_else(self, shapes: Sequence[Item]) -> None:
        """Let hypothesis think of batches, for what no variant has broken."""
        # hypothesis is an extra, and takes as long to import as all the rest
        from kinesis_cli.testing.search.generation import nothing_kept

        examples = self._wanted.max_examples
        if not shapes or not examples or not self._missing("every"):
            return
        with nothing_kept():
            self._generated(shapes, examples)

    def _generated(self, shapes: Sequence[Item], examples: int) -> None:
        from kinesis_cli.testing.search.generation import batches_of, go_through

        strategy = batches_of([self._with_markers(item) for item in shapes], self._wanted.words)
        suspected: dict[str, Property] = {}

        def suspect(items: list[Item]) -> None:
            if self.gives_up or not self._all_delivered(items):
                return
            for each in self._missing("every"):
                if each.name not in suspected and self._breaks(each, items, self._warm):
                    suspected[each.name] = each

        go_through(
            strategy, suspect, random_seed=self._wanted.seed, examples=examples, shrink=False
        )
        for each in suspected.values():
            smallest = _Smallest()

            def look(
                items: list[Item], each: Property = each, smallest: _Smallest = smallest
            ) -> None:
                if smallest.tried > _MAX_SHRINKS or not self._all_delivered(items):
                    return
                smallest.tried += smallest.items is not None
                if error := self._breaks(each, items, self._warm):
                    smallest.offer(items)
                    raise error

            with suppress(Exception):  # what was found is kept in `smallest`
                go_through(
                    strategy, look, random_seed=self._wanted.seed, examples=examples, shrink=True
                )
            if smallest.items is not None:
                self._try_property(each, smallest.items)

    # One batch

    def _try_batches(self, every: Sequence[Sequence[Item]]) -> None:
        for items in every:
            if items and not self.gives_up:
                self._try(items)

    def _try(self, items: Sequence[Item]) -> None:
        """Look whether a batch breaks one of the properties that are quick to see."""
        if not self._all_delivered(items):
            return
        for each in self._missing("every"):
            if each.name == "time" and not self._warm.deliver(self._batch(items))[0].timed_out:
                continue
            self._try_property(each, items)

    def _try_property(
        self, each: Property, items: Sequence[Item], on: Subject | None = None
    ) -> None:
        if not self._all_delivered(items):
            return
        if not self._breaks(each, items, on or self._warm):
            return
        if each.name == "time":
            items = self._hanging(items)
        error = self._breaks(each, items, self._subject)  # in fresh environments
        if error is None:
            return
        if each.name in COMPARING and not self._is_steady(items):
            self._try_chance(items)
            return
        self._keep(each.name, error, items, smaller=each.name != "time")

    def _hanging(self, items: Sequence[Item]) -> Sequence[Item]:
        """The record that makes a call hang, where one alone does."""
        for item in items:
            if self._warm.deliver(self._batch([item]))[0].timed_out:
                return [item]
        return items

    def _is_steady(self, items: Sequence[Item]) -> bool:
        """Whether the batch and each of its records end the same way each time."""
        for some in [items, *([item] for item in items)]:
            batch = self._batch(some)
            fates = {self._subject.deliver(batch)[0].fate for _ in range(_STEADY)}
            if len(fates) > 1:
                return False
        return True

    def _try_chance(self, items: Sequence[Item]) -> None:
        """Look for chance in a batch that has shown it."""
        each, self.is_by_chance = PROPERTIES["deterministic"], True
        if each.name in self._wanted.names and each.name not in self.found:
            for some in [*([item] for item in items), items]:
                if each.name not in self.found and (
                    error := self._breaks(each, some, self._subject)
                ):
                    self._keep(each.name, error, some)

    def _breaks(
        self, each: Property, items: Sequence[Item], subject: Subject
    ) -> CheckFailedError | None:
        records = self._batch(items)
        try:
            if each.name == "no-secrets-in-log":
                no_secrets_in_log(subject, records, self._wanted.secrets)
            else:
                each.function(subject, records)
        except CheckFailedError as error:
            return error
        return None

    def _keep(
        self,
        name: str,
        error: CheckFailedError,
        items: Sequence[Item],
        *,
        before: tuple[Batch, ...] = (),
        smaller: bool = True,
    ) -> None:
        """Keep what breaks a property, without the records that it does without."""
        each, kept = PROPERTIES[name], list(items)
        place = 0
        while smaller and not before and place < len(kept) and len(kept) > 1:
            fewer = [*kept[:place], *kept[place + 1 :]]
            found = self._breaks(each, fewer, self._subject)
            if found is None:
                place += 1
            else:
                error, kept = found, fewer
        if name == "mapping-fits":  # shows another batch than the one that was tried
            kept = list(map(item_of, error.batch))
        made_of = {item.data: self._made_of.get(item.data, "") for item in kept}
        self.found[name] = Found(error, tuple(kept), made_of, before)

    def _missing(self, effort: str) -> list[Property]:
        """The properties of an effort that are looked for and were not found broken."""
        return [
            each
            for name in self._wanted.names
            if self._effort(each := PROPERTIES[name]) == effort
            and name not in self.found
            and not (self.is_by_chance and name in COMPARING)
            and (self._subject.sees_inside or not each.sees_inside)
        ]

    def _effort(self, each: Property) -> str:
        if each.name == "mapping-fits" and self._subject.mapping.report_batch_item_failures:
            return "some"  # it breaks payloads itself
        return each.effort

    # Payloads

    def _variants(self, shapes: Sequence[Item]) -> Iterator[tuple[Item, Variant]]:
        known: set[bytes] = set()
        for item in shapes:
            for variant in variants_of(item, self._wanted.words):
                other = item._replace(data=variant.data)
                if variant.data not in known and self._is_delivered(other):
                    known.add(variant.data)
                    yield item, variant

    def _with_markers(self, item: Item) -> Item:
        if not self._wanted.secrets:
            return item
        return item._replace(data=with_markers(item.data, self._wanted.secrets))

    def _is_delivered(self, item: Item) -> bool:
        """Whether the mapping's filters let a record pass."""
        if not self._subject.mapping.filter_patterns:
            return True
        return self._filters.matches(self._batch([item])[0])

    def _all_delivered(self, items: Sequence[Item]) -> bool:
        return all(map(self._is_delivered, items))

    def _batch(self, items: Sequence[Item]) -> list[Record]:
        return batch_of(items, arn=self._arn)


class _Smallest:
    """The smallest batch so far."""

    def __init__(self) -> None:
        self.items: list[Item] | None = None
        self.tried = 0

    def offer(self, items: list[Item]) -> None:
        if self.items is None or _size(items) <= _size(self.items):
            self.items = list(items)


def _size(items: Sequence[Item]) -> tuple[int, int]:
    return len(items), sum(len(item.data) for item in items)
