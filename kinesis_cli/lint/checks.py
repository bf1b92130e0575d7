"""The checks of the rules, gathered as their modules are imported. Pure."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from kinesis_cli.lint.facts import MappingFacts
from kinesis_cli.lint.rule import Finding, Rule

Check: TypeAlias = Callable[[MappingFacts], Iterator[Finding]]

_CHECKS: dict[str, tuple[Rule, Check]] = {}


def checks(rule: Rule) -> Callable[[Check], Check]:
    """Decorate the function that checks a rule."""

    def decorate(check: Check) -> Check:
        assert rule.id not in _CHECKS
        _CHECKS[rule.id] = rule, check
        return check

    return decorate


def gathered() -> list[tuple[Rule, Check]]:
    """The rules that were imported so far, each with its check, by id."""
    return [_CHECKS[id_] for id_ in sorted(_CHECKS)]
