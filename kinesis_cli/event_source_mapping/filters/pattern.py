"""Event patterns: the JSON language of EventBridge in which Lambda's filters are written.

A pattern is an object. Its leaves are lists of rules: one rule of each list must hold, and all
fields must match. It is compiled once into plain functions; documents are then judged by them.

Sources:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    https://github.com/aws/event-ruler (the matcher that AWS published)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kinesis_cli.event_source_mapping.filters.rules import Rule, shown


@dataclass(frozen=True, slots=True)
class Field:
    """A path of the pattern and its rules, one of which must hold."""

    keys: tuple[str, ...]  # dots in keys are resolved: "a.b" is the same path as a, b
    rules: tuple[Rule, ...]

    @property
    def path(self) -> str:
        """The path as a reader writes it: "data.temperature"."""
        return ".".join(self.keys)

    @property
    def wanted(self) -> str:
        """The rules as words."""
        return " or ".join(rule.text for rule in self.rules)

    def holds(self, leaf: object) -> bool:
        """Whether a leaf satisfies one of the rules."""
        return any(rule.holds(leaf) for rule in self.rules)

    def matches(self, document: object) -> bool:
        """Whether this field alone matches, anywhere in the lists of the document."""
        leaves = [node for node in nodes(document, self.keys) if is_leaf(node)]
        if not leaves:
            return self.wants_absence
        return any(map(self.holds, leaves))

    @property
    def wants_absence(self) -> bool:
        """Whether the field matches where the document has no such leaf."""
        return any(rule.absence for rule in self.rules)

    def matches_plainly(self, document: object) -> bool:
        """A fast yes for the usual case: objects all the way down to one matching leaf."""
        for key in self.keys:
            if type(document) is not dict or key not in document:
                return False
            document = document[key]
        return is_leaf(document) and self.holds(document)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern: several sets of fields where it has `$or`, else one."""

    alternatives: tuple[tuple[Field, ...], ...]
    operators: frozenset[str]  # in use: "numeric", "anything-but wildcard", ...

    def matches(self, document: object) -> bool:
        """Whether a parsed JSON document matches."""
        try:
            return any(_match(document, fields) for fields in self.alternatives)
        except RecursionError:  # lists nested a thousand deep
            return False

    def mismatch(self, document: object) -> str:
        """Why a document does not match: the first field that failed, its value and its rules.

        Only the first three branches of `$or` are spelt out.
        """
        try:
            reasons = dict.fromkeys(_mismatch(document, fields) for fields in self.alternatives[:3])
        except RecursionError:
            return "the data is nested too deeply"
        more = len(self.alternatives) - 3
        return ", or ".join(reasons) + (f", or {more} more branches of $or" if more > 0 else "")


# --- Matching ---------------------------------------------------------------------------------


def is_leaf(node: object) -> bool:
    """Whether rules look at this node: objects and lists are no leaves, not even empty ones."""
    return not isinstance(node, dict | list)


def nodes(document: object, keys: Sequence[str]) -> Iterator[object]:
    """All that lies at a path. Lists count as each of their elements.

    A key may hold dots: {"a.b": 1} has the same path as {"a": {"b": 1}}.
    """
    if isinstance(document, list) and (document or keys):
        for element in document:
            yield from nodes(element, keys)
    elif not keys:
        yield document
    elif isinstance(document, dict):
        for end in range(1, len(keys) + 1):
            key = ".".join(keys[:end])
            if key in document:
                yield from nodes(document[key], keys[end:])


def _match(document: object, fields: Sequence[Field]) -> bool:
    if all(field.matches_plainly(document) for field in fields):
        return True
    if not all(field.matches(document) for field in fields):
        return False
    present = [f for f in fields if any(map(is_leaf, nodes(document, f.keys)))]
    return _match_together(document, [(f, f.keys) for f in present])


_Goal = tuple[Field, tuple[str, ...]]  # a field, and the keys that lead from here to its leaf


def _match_together(node: object, goals: Sequence[_Goal]) -> bool:
    """Whether all fields match within the same elements of lists.

    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] has a = 1 and b = 4, but not in one element: no match.

    Source: https://github.com/aws/event-ruler#json-array-matching
    """
    if isinstance(node, list):
        # A plain value in a list lies in no element's object: it ties other fields to nothing.
        below = [(goal, keys) for goal, keys in goals if keys]
        return not below or any(_match_together(element, below) for element in node)
    if isinstance(node, dict):
        by_key: dict[str, list[_Goal]] = {}
        for goal, keys in goals:
            end = _step(node, goal, keys)
            if end == 0:
                return False
            by_key.setdefault(".".join(keys[:end]), []).append((goal, keys[end:]))
        return all(_match_together(node[key], below) for key, below in by_key.items())
    return not any(keys for _, keys in goals)  # `_step` leads to leaves that hold


def _step(node: dict[str, object], goal: Field, keys: tuple[str, ...]) -> int:
    """How many of the keys to take together as one key of this object; 0 where none leads on."""
    # An object that spells one path twice ({"a.b": ..., "a": {"b": ...}}) may be entered by either;
    # we take the first that matches by itself.
    for end in range(1, len(keys) + 1):
        key = ".".join(keys[:end])
        if key in node and any(
            is_leaf(leaf) and goal.holds(leaf) for leaf in nodes(node[key], keys[end:])
        ):
            return end
    return 0


# --- Explaining -------------------------------------------------------------------------------


def _mismatch(document: object, fields: Sequence[Field]) -> str:
    for one in fields:
        if not one.matches(document):
            return f"{one.path} is {_found(document, one)}, the pattern wants {one.wanted}"
    paths = ", ".join(one.path for one in fields)
    return f"no one element of a list matches all of {paths}"


def _found(document: object, one: Field) -> str:
    found = list(dict.fromkeys(shown(node) for node in nodes(document, one.keys)))
    if not found:
        return "absent"
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(found[:3]) + more
