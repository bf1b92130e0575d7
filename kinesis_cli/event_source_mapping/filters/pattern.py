"""Event patterns: the JSON language of EventBridge in which Lambda's filters are written.

A pattern is an object. Its leaves are lists of rules: one rule of each list must hold, and all
fields must match. It is compiled once into plain functions; documents are then judged by them.

Sources:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    https://github.com/aws/event-ruler (the matcher that AWS published)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kinesis_cli.event_source_mapping.filters.matching import (
    is_leaf,
    leaves,
    matches_together,
    nodes,
)
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
        found = list(leaves(document, self.keys))
        return any(map(self.holds, found)) if found else self.wants_absence

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

    alternatives: tuple[tuple[Field, ...], ...]  # the fields of each in the order of their names
    operators: frozenset[str]  # in use: "numeric", "anything-but wildcard", ...

    def matches(self, document: object) -> bool:
        """Whether a parsed JSON document matches."""
        try:
            return any(
                all(field.matches_plainly(document) for field in fields)
                or matches_together(document, fields)
                for fields in self.alternatives
            )
        except RecursionError:  # lists nested a thousand deep
            return False

    @property
    def rules(self) -> frozenset[Rule]:
        """All rules of all fields."""
        return frozenset(
            rule for fields in self.alternatives for field in fields for rule in field.rules
        )

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
