"""What `kcli lint` prints, and `kcli status` of the same rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from kinesis_cli.lint.rule import Severity
from kinesis_cli.show.shapes.base import Count, Shape, Version, says


class Finding(Shape):
    """Something that will hurt, by a rule of `kcli lint`."""

    id: Annotated[str, says('"K003"')]
    name: Annotated[str, says('"no-destination"')]
    severity: Severity
    message: Annotated[str, says("What is there.")]
    effect: Annotated[str, says("What comes of it.")]
    advice: Annotated[str, says("What mends it.")]


class LintFinding(Finding):
    """A finding in a template, and where."""

    mapping: Annotated[str, says("Of which mapping, by name.")]
    file: Annotated[str | None, says("null: a deployed stack.")]
    line: Annotated[int | None, says("1 for the first; null: it is said of the whole.")]
    code: Annotated[str | None, says("The function's source file, where that is meant.")]
    diff: Annotated[str | None, says("That mends it, for `git apply`.")]
    unsure: Annotated[Sequence[str], says("Names of points in docs/fidelity.md.")]
    source: Annotated[str, says("AWS's page.")]


class IgnoredFinding(LintFinding):
    """A finding that a comment, or the settings, ignore."""

    reason: Annotated[str, says("Empty where none is given.")]


class LintTemplate(Shape):
    """One template."""

    path: str
    mappings: Annotated[int, says("Event source mappings in it.")]
    findings: Sequence[LintFinding]
    ignored: Sequence[IgnoredFinding]


class LintSummary(Shape):
    """How many there are."""

    error: Count
    warning: Count
    note: Count
    ignored: Count


class Lint(Shape):
    """What `kcli lint` found."""

    version: Version
    templates: Sequence[LintTemplate]
    summary: LintSummary


class Rule(Shape):
    """A rule."""

    id: str
    name: str
    severity: Severity
    title: str
    source: Annotated[str, says("AWS's page.")]


class Rules(Shape):
    """What `kcli lint --rules` prints."""

    version: Version
    rules: Sequence[Rule]
