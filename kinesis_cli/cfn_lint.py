"""The rules of `kcli lint` as rules of cfn-lint: `cfn-lint --append-rules kinesis_cli.cfn_lint`.

cfn-lint wants ids of E, W or I and four digits: K001 is E9801, K002 is W9802, K017 is I9817 (which
cfn-lint shows with `--include-checks I` only). What is an error for sure has another id than what
is a warning under the same rule.

Source: https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/getting_started/rules.md
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from kinesis_cli.errors import InputError
from kinesis_cli.lint.linting import Located, lint_file, rules
from kinesis_cli.lint.rule import Rule, Severity
from kinesis_cli.project.template.file import TemplateFile

_LETTERS = {Severity.ERROR: "E", Severity.WARNING: "W", Severity.NOTE: "I"}


@lru_cache(maxsize=1)  # each rule asks about the same template
def _findings(filename: str) -> tuple[Located, ...]:
    try:
        return tuple(lint_file(TemplateFile(Path(filename))).findings)
    except InputError:
        return ()  # cfn-lint itself says what is wrong with a template that cannot be read


def cfn_lint_id(rule: Rule, severity: Severity) -> str:
    """A rule's id in cfn-lint: K001 as E9801."""
    return f"{_LETTERS[severity]}98{rule.id[2:]}"


class _KcliRule(CloudFormationLintRule):
    """Finds what one rule of kcli says at one severity."""

    rule: Rule
    level: Severity

    def match(self, cfn: Template) -> list[RuleMatch]:
        """What the rule says of a template's file."""
        if cfn.filename is None:
            return []
        return [
            _match(each)
            for each in _findings(cfn.filename)
            if each.finding.rule.id == self.rule.id and each.finding.level is self.level
        ]


def _match(located: Located) -> RuleMatch:
    finding = located.finding
    line, column = (located.line or 1) - 1, 0
    if located.document is not None and not located.tool:
        span = located.document.span(finding.at)
        column = span.column - 1 if span else 0
    return RuleMatch(
        list(finding.at),
        f"{finding.rule.id} {located.mapping}: {finding.message} {finding.effect}",
        location=(line, column, line, column + 1),
    )


def _classes() -> dict[str, type[CloudFormationLintRule]]:
    """A class for each rule and severity, which is what cfn-lint looks for in a module."""
    made: dict[str, type[CloudFormationLintRule]] = {}
    for rule in rules():
        levels = {rule.severity}
        if rule.severity is Severity.ERROR:
            levels.add(Severity.WARNING)  # where it is not sure
        for level in levels:
            name = cfn_lint_id(rule, level)
            members: dict[str, Any] = {
                "__doc__": f"{rule.title}.",
                "id": name,
                "shortdesc": f"{rule.title} ({rule.id})",
                "description": rule.title,
                "source_url": rule.source,
                "tags": ["kinesis", "lambda", rule.name],
                "rule": rule,
                "level": level,
            }
            made[name] = type(name, (_KcliRule,), members)
    return made


globals().update(_classes())
