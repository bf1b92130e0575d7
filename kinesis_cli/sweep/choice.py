"""Which point to take: the front of cost and age, and one of them in a sentence."""

from collections.abc import Sequence

import msgspec

from kinesis_cli.sweep.cost import Dollars
from kinesis_cli.sweep.grid import Point, Value
from kinesis_cli.sweep.measuring import Measured

SAME_COST = 0.01  # a share: less is no difference
SAME_AGE = 0.02
NOISE = 0.05  # of an age, and seconds besides: what a poll a little earlier or later does
NOISE_SECONDS = 0.25  # polls come every second
FRESH_ENOUGH = 2.0  # times the lowest age, where nothing else says how old a record may be


class Run(msgspec.Struct, frozen=True):
    """A point, what came of it and what it costs."""

    point: Point
    measured: Measured
    dollars: Dollars

    @property
    def age(self) -> float:
        """The 99th percentile of the records' age, seconds."""
        return self.measured.record_age.p99

    @property
    def cost(self) -> float:
        """In all."""
        return self.dollars.total

    @property
    def counts(self) -> bool:
        """Whether its figures may be compared: it went on to its end, and keeps up."""
        return not self.measured.is_stopped and self.measured.keeps_up is not False


class Choice(msgspec.Struct, frozen=True):
    """What is worth a look."""

    front: tuple[int, ...]  # places of points than which none is both cheaper and fresher
    own: int
    recommended: int | None  # None: no point keeps up
    max_age: float | None  # seconds, what the recommended one was measured by


def choice(runs: Sequence[Run], max_age: float | None = None) -> Choice:
    """Choose among the points of a sweep.

    The cheapest is recommended of those that keep up, lose no more records than they must, and
    whose 99th percentile of the records' age is at most `max_age`.

    Args:
        runs: all of them.
        max_age: seconds; default: what the points' own settings reach, or where these do not keep
            up, twice the lowest.
    """
    own = next(place for place, run in enumerate(runs) if run.point.is_own)
    places = [place for place, run in enumerate(runs) if run.counts]
    front = front_of(runs, places)
    if not places:
        return Choice((), own, None, max_age)
    least = min(runs[place].measured.lost for place in places)
    allowed = max(least, runs[own].measured.lost) if runs[own].counts else least
    careful = [place for place in places if runs[place].measured.lost <= allowed]
    lowest = min(runs[place].age for place in careful)
    if max_age is None:
        has_own = runs[own].counts
        max_age = runs[own].age * (1 + NOISE) + NOISE_SECONDS if has_own else lowest * FRESH_ENOUGH
    fresh = [place for place in careful if runs[place].age <= max_age]
    if not fresh:  # nothing is fresh enough: the freshest then
        fresh = [place for place in careful if runs[place].age <= lowest * (1 + SAME_AGE)]
    return Choice(front, own, _best(runs, fresh, front, own), max_age)


def front_of(runs: Sequence[Run], places: Sequence[int]) -> tuple[int, ...]:
    """The points than which no other is as cheap and as fresh, and better in one of the two."""
    front: list[int] = []
    last: tuple[float, float] | None = None
    for place in sorted(places, key=lambda place: (runs[place].cost, runs[place].age, place)):
        figures = runs[place].cost, runs[place].age
        if last is None or figures == last or figures[1] < last[1]:
            last = figures
            front.append(place)
    return tuple(sorted(front))


def _best(runs: Sequence[Run], fresh: Sequence[int], front: Sequence[int], own: int) -> int:
    cheapest = min(runs[place].cost for place in fresh)
    cheap = [place for place in fresh if runs[place].cost <= cheapest * (1 + SAME_COST)]
    lowest = min(runs[place].age for place in cheap)
    alike = [place for place in cheap if runs[place].age <= lowest * (1 + SAME_AGE)]
    if own in alike:
        return own
    on_front = frozenset(front)
    settings = runs[own].point.settings

    def order(place: int) -> tuple[bool, int, float, float, int]:
        run = runs[place]
        changes = len(changed(run.point, runs[own].point)) if settings else 0
        return place not in on_front, changes, run.cost, run.age, place

    return min(alike, key=order)


def changed(point: Point, own: Point) -> dict[str, Value]:
    """The settings of a point that are not as in its own."""
    return {name: value for name, value in point.settings.items() if own.settings[name] != value}


def in_words(settings: dict[str, Value]) -> str:
    """`BatchSize 500, ParallelizationFactor 4`."""
    return ", ".join(
        f"{name} {str(value).lower() if isinstance(value, bool) else value}"
        for name, value in settings.items()
    )


def sentence(runs: Sequence[Run], chosen: Choice, whose: str) -> str:
    """What is recommended, and how it differs from what would run without it.

    Args:
        runs: all points.
        chosen: of them.
        whose: "the template's settings".
    """
    own = runs[chosen.own]
    if chosen.recommended is None:
        return (
            f"None of the {len(runs)} points keeps up with the recording: it takes shorter calls, "
            "more shards, or a larger ParallelizationFactor or BatchSize."
        )
    best = runs[chosen.recommended]
    if chosen.max_age is not None and best.age > chosen.max_age * (1 + SAME_AGE):
        words = in_words(dict(best.point.settings))
        wanted = seconds(chosen.max_age)
        return (
            f"No point that keeps up has a p99 age of {wanted}; freshest is {words}: {_age(best)}."
        )
    if best is own:
        return (
            f"Leave {whose} as they are: of {len(runs)} points none is cheaper without older or "
            f"lost records ({_age(best)})."
        )
    words = in_words(changed(best.point, own.point)) or in_words(dict(best.point.settings))
    if not own.counts:
        return f"{words}: keeps up, which {whose} do not; {_age(best)}{_lost(best)}."
    facts = [_cheaper(best, own), f"p99 age {seconds(best.age)} instead of {seconds(own.age)}"]
    return f"{words}: {', '.join(facts)}{_more(best, own)}."


def _cheaper(best: Run, own: Run) -> str:
    share = 1 - best.cost / own.cost if own.cost else 0.0
    if abs(share) < SAME_COST:
        return "as cheap"
    if share > 0:
        return f"{share * 100:.0f} % cheaper"
    return f"{-share * 100:.0f} % dearer"


def _age(run: Run) -> str:
    return f"p99 age {seconds(run.age)}"


def _lost(run: Run) -> str:
    lost = run.measured.lost
    return f"; {_records(lost)} {'is' if lost == 1 else 'are'} lost" if lost else ""


def _more(best: Run, own: Run) -> str:
    told = ""
    twice = best.measured.redelivered - own.measured.redelivered
    if twice:
        more = "more" if twice > 0 else "fewer"
        told += f"; {_records(abs(twice), more)} come{'s' if abs(twice) == 1 else ''} twice"
    lost = best.measured.lost - own.measured.lost
    if lost:
        more = "more" if lost > 0 else "fewer"
        told += f"; {_records(abs(lost), more)} {'is' if abs(lost) == 1 else 'are'} lost"
    return told


def _records(count: int, more: str = "") -> str:
    return f"{count:,} record{'' if count == 1 else 's'}{' ' if more else ''}{more}"


def seconds(age: float) -> str:
    """`0.8 s`, with two digits that count."""
    if age >= 99.5:
        return f"{age:,.0f} s"
    return f"{age:.2g} s" if age >= 9.95 or age < 0.0095 else f"{age:.2f} s"
