"""From a template, or a deployed mapping, to findings in their places."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from kinesis_cli.errors import InputError
from kinesis_cli.lint.facts import MappingFacts
from kinesis_cli.lint.reading.mappings import LintedMapping, mappings_of
from kinesis_cli.lint.reading.resources import is_terraform
from kinesis_cli.lint.rule import Change, Finding, Rule, Severity
from kinesis_cli.lint.rules import all_checks
from kinesis_cli.lint.text.document import Document
from kinesis_cli.lint.tools import (
    DEPLOYED,
    TERRAFORM,
    setting_of,
    terraform_place,
    tool_that_made,
)
from kinesis_cli.project.functions.choosing import not_followed
from kinesis_cli.project.template.file import TemplateFile, parse_template, reading_template
from kinesis_cli.project.template.template import Template

if TYPE_CHECKING:
    from kinesis_cli.lint.text.suppressions import Suppression
    from kinesis_cli.project.function import Function


@dataclass(frozen=True)
class Located:
    """A finding, where it is written."""

    finding: Finding
    mapping: str  # "Orders, Clicks"
    document: Document | None  # None: nothing to point into, as of a deployed mapping
    line: int | None
    suppression: "Suppression | None" = None
    tool: str = ""  # that made the template; "": a person wrote it
    setting: str = ""  # what the tool calls what is to be changed

    @property
    def advice(self) -> str:
        """What to do; in a template that a tool made, in the tool's words."""
        return f"{self.finding.advice} {self.setting}".strip()

    @cached_property
    def diff(self) -> str:
        """The change that mends it; "": there is none that is sure to be right."""
        if self.document is None or self.tool or not self.finding.changes:
            return ""
        from kinesis_cli.lint.text.edits import applied  # start-up counts

        changed = applied(self.document, self.finding.changes)
        return self.document.diff_to(changed) if changed else ""


@dataclass(frozen=True)
class Lint:
    """What was found in a template."""

    path: FilePath  # as the user named it
    mappings: int
    findings: list[Located]  # those that count
    ignored: list[Located] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what is odd about the suppressions

    def diff(self) -> str:
        """All changes together."""
        from kinesis_cli.lint.text.edits import applied

        text = ""
        documents = {id(each.document): each.document for each in self.findings if each.document}
        for document in documents.values():
            changes = _together(document, self.findings)
            changed = applied(document, changes) if changes else None
            text += document.diff_to(changed) if changed else ""
        return text


def findings_of(facts: MappingFacts, ignore: Collection[str] = ()) -> Iterator[Finding]:
    """What the rules say of a mapping, the worst first.

    Args:
        facts: what is known of it.
        ignore: ids of rules that are not asked.
    """
    found = [
        finding for rule, check in all_checks() if rule.id not in ignore for finding in check(facts)
    ]
    return iter(sorted(found, key=lambda finding: finding.level.rank))


def lint_file(source: TemplateFile, ignore: Collection[str] = ()) -> Lint:
    """What the rules say of a template's file.

    Args:
        source: the file, and the values of its parameters.
        ignore: ids of rules that are not asked.

    Raises:
        InputError: the template is not usable.
    """
    with reading_template(source):
        return _lint(Template.read(source), ignore, {})


def lint_function(function: "Function") -> list[Located]:
    """What the rules say of the mappings of one function of a template; [] where they cannot tell.

    Args:
        function: as `find_function` found it.
    """
    if function.template is None:
        return []
    logical_id = function.origin.rpartition(", ")[2]
    try:
        found = lint_file(TemplateFile(function.template)).findings
    except InputError:  # what it runs as is known all the same
        return []
    return [each for each in found if each.mapping.partition(", ")[0] == logical_id]


def lint_stack(
    name: str, text: str, parameters: Mapping[str, str], ignore: Collection[str] = ()
) -> Lint:
    """What the rules say of a deployed stack.

    Args:
        name: the stack's.
        text: its template, YAML or JSON.
        parameters: their values there.
        ignore: ids of rules that are not asked.

    Raises:
        InputError: the template is not usable.
    """
    path = FilePath(name)
    with reading_template(path):
        document = parse_template(text, path)
        if not isinstance(document, Mapping):
            raise InputError("its template holds no mapping", place=name)
        template = Template(path, document, parameters)
        return _lint(template, ignore, {path: Document(path, text)}, DEPLOYED)


def _lint(
    template: Template,
    ignore: Collection[str],
    documents: dict[FilePath, Document],
    tool: str = "",
) -> Lint:
    found: list[Located] = []
    given: dict[FilePath, list[Suppression]] = {}
    mappings = mappings_of(template)
    for mapping in mappings:
        path = mapping.template.path
        if path not in documents:
            documents[path] = Document.read(path)
        if path not in given:
            given[path] = _suppressions(documents[path])
        made_by = tool or _tool(mapping.template)
        found += _located(mapping, documents[path], given[path], ignore, made_by)
    found = list({_key(each): each for each in found}.values())
    counted = [each for each in found if each.suppression is None]
    counted.sort(key=_order)
    ignored = [each for each in found if each.suppression is not None]
    notes = [note for path, each in given.items() for note in _notes(path, each, ignored, ignore)]
    if not mappings:
        notes += [f"{template.path.name}: {sentence}" for sentence in not_followed(template)]
    return Lint(template.path, len(mappings), counted, ignored, notes)


def _suppressions(document: Document) -> "list[Suppression]":
    if "kcli" not in document.text:
        return []
    from kinesis_cli.lint.text.suppressions import suppressions_of  # start-up counts

    return suppressions_of(document)


def _tool(template: Template) -> str:
    made = tool_that_made(template.path)
    return TERRAFORM if not made and is_terraform(template) else made


def _located(
    mapping: LintedMapping,
    document: Document,
    suppressions: "Iterable[Suppression]",
    ignore: Collection[str],
    tool: str,
) -> Iterator[Located]:
    for finding in findings_of(mapping.facts, ignore):
        line = document.line(finding.at) if finding.at else None
        if tool == TERRAFORM and (found := _in_terraform(document, finding)):
            yield Located(
                finding, mapping.facts.name, *found, None, tool, setting_of(tool, finding)
            )
            continue
        covering = (each for each in suppressions if each.covers(finding.rule.id, line))
        yield Located(
            finding,
            mapping.facts.name,
            document,
            line,
            next(covering, None),
            tool,
            setting_of(tool, finding),
        )


def _in_terraform(plan: Document, finding: Finding) -> tuple[Document, int] | None:
    """Where a finding of a plan is written."""
    place = terraform_place(plan.path, str(finding.at[1])) if len(finding.at) > 1 else None
    return (Document.read(place[0]), place[1]) if place else None


def _key(located: Located) -> tuple[object, ...]:
    """Two mappings of a function or queue find the same about it."""
    finding = located.finding
    return finding.rule.id, finding.message, finding.at, id(located.document)


def _order(located: Located) -> tuple[int, str, int]:
    return located.finding.level.rank, located.finding.rule.id, located.line or 0


def _notes(
    path: FilePath,
    given: "list[Suppression]",
    ignored: list[Located],
    not_asked: Collection[str],
) -> Iterator[str]:
    ids = {rule.id for rule, _ in all_checks()}
    used = {id(each.suppression) for each in ignored}
    for each in given:
        where = f"{path.name}, line {each.line}"
        if not each.ids:
            yield f"{where}: `kcli: ignore` names no rule; write `kcli: ignore K003 reason`"
            continue
        for unknown in sorted(set(each.ids) - ids):
            yield f"{where}: there is no rule {unknown}"
        if id(each) not in used and set(each.ids) <= ids - set(not_asked):
            yield f"{where}: nothing to ignore: no {', '.join(each.ids)} there"


def _together(document: Document, findings: Iterable[Located]) -> list[Change]:
    """The changes of all findings in a document that can be made, each place once."""
    changes: dict[tuple[object, ...], Change] = {}
    for each in findings:
        if each.document is not document or not each.diff:
            continue
        for change in each.finding.changes:
            changes.setdefault((change.map, change.member), change)
    return list(changes.values())


def worst(findings: Iterable[Located]) -> Severity | None:
    """The highest severity; None: there is none."""
    return min((each.finding.level for each in findings), key=lambda s: s.rank, default=None)


def rules() -> list[Rule]:
    """Every rule, by id."""
    return [rule for rule, _ in all_checks()]


def refuse_unknown_rules(ids: Iterable[str], place: str) -> None:
    """Refuse ids of rules that there are not.

    Raises:
        InputError: names the first.
    """
    there = {rule.id for rule in rules()}
    for each in ids:
        if each not in there:
            raise InputError(
                f"there is no rule {each}",
                place=place,
                advice=f"There are {min(there)} to {max(there)}; `kcli lint --rules` lists them.",
            )
