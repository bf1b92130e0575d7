"""What a rule is, and what it finds. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]  # of a value in a template: ("Resources", "Orders", …)


class Severity(StrEnum):
    """How much a finding matters; in SARIF's words."""

    ERROR = "error"  # records are lost or stuck for sure, or AWS refuses the template
    WARNING = "warning"  # records are lost or stuck when something goes wrong
    NOTE = "note"  # worth knowing; it may be meant so

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that can be wrong with a mapping, or with what is around it."""

    id: str  # "K001"
    name: str  # "unlimited-retries"
    severity: Severity
    title: str  # a sentence without full stop
    source: str  # where AWS says so


@dataclass(frozen=True, slots=True)
class Change:
    """A member of a map that is to be set; the map is there."""

    map: Path
    member: str
    value: object


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found."""

    rule: Rule
    message: str  # what is so, a sentence
    effect: str  # what comes of it, in numbers, a sentence
    advice: str  # what to do, a sentence
    at: Path = ()  # the nearest thing in the template
    file: str = ""  # of code, with the line, where it is about that: "src/app.py:12"
    changes: tuple[Change, ...] = ()  # that mend it
    severity: Severity | None = None  # None: the rule's
    unsure: tuple[str, ...] = ()  # points that it depends on, ids of docs/fidelity.md

    @property
    def level(self) -> Severity:
        """How much it matters."""
        return self.severity or self.rule.severity
