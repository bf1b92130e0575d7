"""Whether a document has leaves that satisfy all fields of a pattern together.

Lists count as each of their elements, and all fields must match within the same elements:
[{"a": 1, "b": 2}, {"a": 3, "b": 4}] has a = 1 and b = 4, but not in one element. A field that wants
no leaf looks only into the elements that the fields before it, in the order of their names, have
chosen; where none has chosen, into all.

Source: https://github.com/aws/event-ruler#and-relationship-among-fields-with-array-consistency and
its ArrayMembership, ACFinder and NameState
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import Protocol

_MAX_FREE = 12  # fields that may be there or not; 2**12 ways to choose


class Wanted(Protocol):
    """A path and what its leaf must be."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The path, cut at each dot."""
        ...

    @property
    def wants_absence(self) -> bool:
        """Whether the field matches where there is no leaf."""
        ...

    def holds(self, leaf: object) -> bool:
        """Return whether a leaf satisfies one of the rules."""
        ...


@dataclass(frozen=True, slots=True)
class _Goal:
    """A field on its way down the document."""

    rank: int  # its place in the order of names
    field: Wanted
    keys: tuple[str, ...]  # that lead from here to its leaf


def is_leaf(node: object) -> bool:
    """Return whether rules look at this node: objects and lists are no leaves, not even empty."""
    return not isinstance(node, dict | list)


def nodes(document: object, keys: Sequence[str]) -> Iterator[object]:
    """Yield all that lies at a path. Lists count as each of their elements.

    A key may hold dots: {"a.b": 1} has the same path as {"a": {"b": 1}}.
    """
    if isinstance(document, list) and (document or keys):
        for element in document:
            yield from nodes(element, keys)
    elif not keys:
        yield document
    elif isinstance(document, dict):
        for end in _ends(document, keys):
            yield from nodes(document[".".join(keys[:end])], keys[end:])


def leaves(document: object, keys: Sequence[str]) -> Iterator[object]:
    """Yield the leaves at a path."""
    return filter(is_leaf, nodes(document, keys))


def matches_together(document: object, fields: Sequence[Wanted]) -> bool:
    """Return whether a document satisfies all fields, in one choice of elements.

    Args:
        document: the parsed JSON.
        fields: in the order of their names.
    """
    there: list[_Goal] = []  # a leaf must hold
    gone: list[_Goal] = []  # no leaf may be where the others look
    free: list[_Goal] = []  # one or the other
    for rank, field in enumerate(fields):
        goal = _Goal(rank, field, field.keys)
        found = False
        holds = False
        for leaf in leaves(document, field.keys):
            found = True
            if field.holds(leaf):
                holds = True
                break
        if holds:
            (free if field.wants_absence else there).append(goal)
        elif found and field.wants_absence:
            gone.append(goal)
        elif not field.wants_absence:
            return False
    return any(
        _fits(document, [*there, *chosen], [*gone, *(goal for goal in free if goal not in chosen)])
        for chosen in _choices(free[:_MAX_FREE])
    )


def _choices(goals: Sequence[_Goal]) -> Iterator[tuple[_Goal, ...]]:
    """All ways to take some of the goals, all of them first."""
    return chain.from_iterable(combinations(goals, count) for count in range(len(goals), -1, -1))


def _fits(node: object, there: Sequence[_Goal], gone: Sequence[_Goal]) -> bool:
    """Whether one choice of elements below a node has leaves for all goals, and none of `gone`."""
    if not there:
        return not any(_has_leaf(node, goal) for goal in gone)
    if isinstance(node, list):
        return _fits_in_list(node, there, gone)
    if isinstance(node, dict):
        return _fits_in_object(node, there, gone)
    return all(not goal.keys and goal.field.holds(node) for goal in there) and all(
        goal.keys for goal in gone
    )


def _fits_in_list(node: list[object], there: Sequence[_Goal], gone: Sequence[_Goal]) -> bool:
    plain = [element for element in node if is_leaf(element)]
    if plain and any(not goal.keys for goal in gone):
        return False  # a plain value in a list lies in no element
    # A plain value satisfies its goal whichever element the others choose.
    done = [goal for goal in there if not goal.keys and any(map(goal.field.holds, plain))]
    rest = [goal for goal in there if goal not in done]
    # Where something must be gone, it may help that a goal chooses an element all the same.
    more = _choices(done[:_MAX_FREE]) if gone else [()]
    return any(_fits_in_element(node, [*rest, *chosen], gone) for chosen in more)


def _fits_in_element(node: list[object], there: Sequence[_Goal], gone: Sequence[_Goal]) -> bool:
    if not there:
        return not any(_has_leaf(node, goal) for goal in gone)
    first = min(goal.rank for goal in there)
    # Nothing has been chosen yet where these look: into all elements.
    if any(_has_leaf(node, goal) for goal in gone if goal.rank < first):
        return False
    bound = [goal for goal in gone if goal.rank > first]
    return any(_fits(element, there, bound) for element in node if not is_leaf(element))


def _fits_in_object(node: dict[str, object], there: Sequence[_Goal], gone: Sequence[_Goal]) -> bool:
    ways = [_ways(node, goal) for goal in there]
    absent: dict[str, list[_Goal]] = {}
    for goal in gone:
        for end in _ends(node, goal.keys):
            absent.setdefault(".".join(goal.keys[:end]), []).append(_below(goal, end))
    # An object that spells one path twice ({"a.b": ..., "a": {"b": ...}}) may be entered by either.
    for way in product(*ways):
        below: dict[str, list[_Goal]] = {}
        for goal, end in zip(there, way, strict=True):
            below.setdefault(".".join(goal.keys[:end]), []).append(_below(goal, end))
        if all(
            _fits(node[key], below.get(key, ()), absent.get(key, ()))
            for key in below.keys() | absent.keys()
        ):
            return True
    return False


def _ways(node: dict[str, object], goal: _Goal) -> list[int]:
    """How many of a goal's keys can be taken as one key that leads to a leaf that holds."""
    return [
        end
        for end in _ends(node, goal.keys)
        if any(map(goal.field.holds, leaves(node[".".join(goal.keys[:end])], goal.keys[end:])))
    ]


def _ends(node: dict[str, object], keys: Sequence[str]) -> list[int]:
    return [end for end in range(1, len(keys) + 1) if ".".join(keys[:end]) in node]


def _below(goal: _Goal, end: int) -> _Goal:
    return _Goal(goal.rank, goal.field, goal.keys[end:])


def _has_leaf(node: object, goal: _Goal) -> bool:
    return next(leaves(node, goal.keys), _NOTHING) is not _NOTHING


_NOTHING = object()
