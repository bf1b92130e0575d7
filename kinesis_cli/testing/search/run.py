"""The search: first every variant of the samples in turn, then whatever hypothesis thinks of."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from statistics import median

from kinesis_cli.testing.checks.batches import full_batch
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.made_records import Item, made_records
from kinesis_cli.testing.checks.observing import Subject
from kinesis_cli.testing.search.registry import PROPERTIES, Property
from kinesis_cli.testing.search.samples import Samples, of_each_shape
from kinesis_cli.testing.search.trials import Found, Trials, Wanted

FRESH_BATCHES = 10  # for which properties that take fresh environments are looked at
PARTITION_KEYS = ("17", "key", "a-b-c", "a:b", "klucz-żółć-🔑", "null", " ", "../x", "k" * 256)
_MANY_AGAIN = 60  # batches that are delivered a second time in the warm environment
_MAX_SHRINKS = 400  # batches that are tried to make one smaller
_MEMORY_RECORDS = 3
_LEAST_TO_TIME = 5  # samples whose time tells what is usual
_LARGE = 100_000  # bytes of a payload of which few fill a batch
_MAX_BAD = 2  # payloads that are not handled, to be delivered together
_MAX_IN_ORDER = 4  # records of which each order of good and bad ones is tried
_MAX_FULL = 1_000  # records of a full batch that are looked at one by one, too


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
        self._subject, self._wanted, self._samples = subject, wanted, samples
        self._trials = Trials(subject, wanted, tell)
        self._warm = self._trials.warm
        self.good: list[Item] = []  # samples that the function handles
        self._bad: list[Item] = []  # payloads that it does not, two at most
        self._large: list[Item] = []  # a large one that it handles, if there is any

    @property
    def found(self) -> dict[str, Found]:
        """What breaks properties, by their names."""
        return self._trials.found

    @property
    def is_by_chance(self) -> bool:
        """Whether chance decides what becomes of a batch."""
        return self._trials.is_by_chance

    @property
    def gives_up(self) -> bool:
        """Whether so many calls did not end that the search was given up."""
        return self._trials.gives_up

    @property
    def hangs(self) -> bool:
        """Whether calls do not end, so that what makes many of them is not looked for."""
        return self._trials.hangs

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
        self._good_and_bad()
        self._each_key()
        self._fresh_environments(shapes)
        self._full_batches()
        self._over_many_calls()
        self._whatever_else(shapes)
        self._what_was_stuck()

    # Stages

    def _look_at_samples(self) -> list[Item]:
        """Deliver each sample alone. Returns one of each shape, those that are handled first."""
        items = [self._trials.with_markers(item) for item in self._samples.items]
        items = [item for item in items if self._trials.is_delivered(item)]
        seconds: list[float] = []
        for item in items:
            (seen,) = self._warm.deliver(self._trials.batch([item]))
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
        if not self.good and self._trials.is_missing("samples-handled"):
            self._trials.try_property(PROPERTIES["samples-handled"], items)
        shapes = of_each_shape([*self.good, *items])
        self._trials.try_batches([[item] for item in items[:_MANY_AGAIN]])
        self._trials.try_batches([items[:count] for count in (2, 3, 10, 50)])
        self._trials.try_batches([[item, item] for item in shapes])
        return shapes

    def _each_variant(self, shapes: Sequence[Item]) -> None:
        """Deliver each variant of the samples alone, between good ones, and before a bad one."""
        usual = {item.data for item in shapes}
        for item, variant in self._trials.variants(shapes):
            if self.gives_up or not self._trials.missing("every"):
                return
            if variant.data not in usual:
                self._trials.made_of[variant.data] = variant.what
            one = item._replace(data=variant.data)
            beside = (self.good or [item])[:2]
            self._trials.try_batch([beside[0], one, beside[-1]])
            if not self._trials.is_good(one):
                if len(self._bad) < _MAX_BAD:
                    self._bad.append(one)
                continue
            if len(one.data) >= _LARGE:
                self._large = [one]
            if self._bad and self._trials.is_missing("neighbours"):
                self._trials.try_property(PROPERTIES["neighbours"], [one, *self._bad[:1]])

    def _good_and_bad(self) -> None:
        """Deliver good and bad records in every order."""
        self._trials.try_batches(list(itertools.permutations(self._bad)))
        if not (self.good and self._bad):
            return
        for size in range(2, _MAX_IN_ORDER + 1):
            for items in itertools.product((self.good[0], self._bad[0]), repeat=size):
                self._trials.try_batches([items])

    def _each_key(self) -> None:
        """Deliver a good record under partition keys of all kinds, between two under its own."""
        for item in self.good[:1]:
            for key in PARTITION_KEYS:
                self._trials.try_batches([[item, item._replace(partition_key=key), item]])

    def _fresh_environments(self, shapes: Sequence[Item]) -> None:
        """Look at what takes fresh environments: with samples, and with some that fail."""
        missing = self._trials.missing
        if not missing("some") or self.hangs:
            return
        for items in self._worth_a_fresh_one(shapes):
            for each in missing("some"):
                self._trials.try_property(each, items)
            if not missing("some"):
                return
        self._look_again()

    def _worth_a_fresh_one(self, shapes: Sequence[Item]) -> Iterator[list[Item]]:
        """Good and bad samples, and the variants of the first of which some are good, some bad."""
        yield from ([item] for item in [*self.good[:2], *shapes[:3]])
        kept = {True: 0, False: 0}
        for item, variant in self._trials.variants(shapes[:1]):
            one = item._replace(data=variant.data)
            if len(variant.data) > 10_000 or self.hangs:
                continue
            is_good = self._trials.is_good(one)
            kept[is_good] += 1
            if kept[is_good] <= FRESH_BATCHES // 2:
                yield [one]
            if kept[True] >= FRESH_BATCHES // 2 and kept[False] >= FRESH_BATCHES // 2:
                break
        if self.good:
            yield [*self.good[:3], *shapes[:1]]

    def _look_again(self) -> None:
        """Deliver what was delivered once more: chance and what was kept in between show."""
        names = {each.name for each in self._trials.missing("some")}
        if not names & {"deterministic", "no-state-leak"}:
            return
        for items in list(self._again())[:_MANY_AGAIN]:
            batch = self._trials.batch(items)
            before = list(self._warm.latest)
            (seen,), between = self._warm.deliver(batch), list(self._warm.latest)
            if self._warm.again(batch).fate == seen.fate:
                continue
            for each in self._trials.missing("some"):
                self._trials.try_property(each, items)
            for latest in (before, between):  # either of the two deliveries may be the odd one
                if latest and self._trials.is_missing("no-state-leak"):
                    self._trials.try_after(items, latest)

    def _again(self) -> Iterator[list[Item]]:
        yield from ([item] for item in self.good[:20])
        for item, variant in self._trials.variants(of_each_shape(self._samples.items)[:1]):
            if len(variant.data) <= 10_000:
                yield [item._replace(data=variant.data)]

    def _full_batches(self) -> None:
        """Deliver as much as the mapping does at once: good records, one of them bad, 6 MB."""
        if not self.good or self.hangs:
            return
        size = self._subject.mapping.batch_size
        for items in (self.good[:1], self._large):
            if items:
                self._full_batch(items * len(full_batch(items, size, self._trials.arn)))
        some = self.good[:1] * (min(size, _MAX_FULL) - 1)
        if some and self._bad:
            bad = self._bad[:1]
            self._trials.try_batches([[*some, *bad], [*bad, *some]])

    def _full_batch(self, items: Sequence[Item]) -> None:
        prop = PROPERTIES["time"]
        self._trials.try_batches([items])
        if self._trials.is_missing(prop.name) and (
            error := self._trials.breaks(prop, items, self._subject)
        ):
            self._trials.keep(prop.name, error, items)

    def _over_many_calls(self) -> None:
        prop = PROPERTIES["memory"]
        if not self._trials.is_missing(prop.name) or self.hangs:
            return
        first, more = self.good[:1], self.good[:_MEMORY_RECORDS]
        for items in (first, more if len(more) > 1 else [], self._broken_one()):
            if items and self._trials.is_missing(prop.name):
                self._trials.try_property(prop, items, on=self._subject)

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
        from kinesis_cli.testing.search.generation import by_itself

        examples = self._wanted.max_examples
        if not shapes or not examples or not self._trials.missing("every"):
            return
        with by_itself():
            self._generated(shapes, examples)

    def _generated(self, shapes: Sequence[Item], examples: int) -> None:
        from kinesis_cli.testing.search.generation import batches_of, go_through

        trials, seed = self._trials, self._wanted.seed
        samples = [trials.with_markers(item) for item in shapes]
        strategy = batches_of(samples, self._wanted.words, PARTITION_KEYS)
        suspected: dict[str, Property] = {}

        def suspect(items: list[Item]) -> None:
            if self.gives_up or not trials.all_delivered(items):
                return
            for each in trials.missing("every"):
                if each.name not in suspected and trials.breaks(each, items, self._warm):
                    suspected[each.name] = each

        go_through(strategy, suspect, random_seed=seed, examples=examples, shrink=False)
        for each in suspected.values():
            smallest = _Smallest()

            def look(
                items: list[Item], each: Property = each, smallest: _Smallest = smallest
            ) -> None:
                if smallest.tried > _MAX_SHRINKS or not trials.all_delivered(items):
                    return
                smallest.tried += smallest.items is not None
                if error := trials.breaks(each, items, self._warm):
                    smallest.offer(items)
                    raise error

            with suppress(CheckFailedError):  # what was found is kept in `smallest`
                go_through(strategy, look, random_seed=seed, examples=examples, shrink=True)
            if smallest.items is not None:
                trials.try_property(each, smallest.items)

    def _what_was_stuck(self) -> None:
        """Look for what made calls hang that end when they are the first."""
        for items, latest in self._warm.stuck:
            if self._trials.is_missing("no-state-leak"):
                self._trials.try_after(items, latest)


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
