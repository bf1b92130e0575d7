"""What `kcli lint` prints: for people, as one document, as annotations, as a diff."""

from collections.abc import Iterable, Sequence

from msgspec.structs import asdict

from kinesis_cli.lint.linting import Lint, Located, rules
from kinesis_cli.lint.rule import Severity
from kinesis_cli.lint.text.document import shown
from kinesis_cli.lint.words import counted
from kinesis_cli.show.console import (
    escape,
    note,
    plain,
    stdout_console,
    write_json,
    write_text,
)
from kinesis_cli.show.shapes import lint as shapes

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
_NARROWEST = 20  # columns of a text that is wrapped
_SHORT_DIFF = 6  # changed lines that are shown with a finding
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}  # GitHub's names


def show_lint(found: Sequence[Lint], output: str) -> None:
    """Print what was found.

    Args:
        found: of each template.
        output: "table", "json", "sarif", "github" or "diff".
    """
    match output:
        case "json":
            write_json(as_document(found))
        case "sarif":
            from kinesis_cli.show.sarif import sarif

            write_json(sarif(found))
        case "github":
            for line in _annotations(found):
                write_text(f"{line}\n")
        case "diff":
            write_text("".join(map(_safe_diff, found)))
        case _:
            _show_table(found)
    for lint in found:
        for text in lint.notes:
            note(text)
    if output in ("github", "diff"):
        note(_sentence(found))


def show_rules(output: str) -> None:
    """Print the rules.

    Args:
        output: "json", or anything else for a table.
    """
    if output == "json":
        described = [
            shapes.Rule(
                id=rule.id,
                name=rule.name,
                severity=rule.severity,
                title=rule.title,
                source=rule.source,
            )
            for rule in rules()
        ]
        write_json(shapes.Rules(version=1, rules=described))
        return
    from kinesis_cli.show.cells import wrapped

    for rule in rules():
        before = f"{rule.id}  {rule.severity:8} "
        for line in wrapped(f"{rule.title}.", stdout_console().width - len(before)):
            _line(f"{before}{line}", _STYLES[rule.severity] if before.strip() else "")
            before = " " * len(before)


def as_document(found: Sequence[Lint]) -> shapes.Lint:
    """What was found as JSON, version 1."""
    return shapes.Lint(
        version=1,
        templates=[
            shapes.LintTemplate(
                path=shown(lint.path),
                mappings=lint.mappings,
                findings=[finding_document(each) for each in lint.findings],
                ignored=[_ignored_document(each) for each in lint.ignored],
            )
            for lint in found
        ],
        summary=shapes.LintSummary(
            **_counts(found), ignored=sum(len(lint.ignored) for lint in found)
        ),
    )


def finding_document(located: Located) -> shapes.LintFinding:
    """One finding as JSON."""
    finding = located.finding
    return shapes.LintFinding(
        id=finding.rule.id,
        name=finding.rule.name,
        severity=finding.level,
        message=finding.message,
        effect=finding.effect,
        advice=located.advice,
        mapping=located.mapping,
        file=shown(located.document.path) if located.document else None,
        line=located.line,
        code=finding.file or None,
        diff=located.diff or None,
        unsure=finding.unsure,
        source=finding.rule.source,
    )


def _ignored_document(located: Located) -> shapes.IgnoredFinding:
    reason = located.suppression.reason if located.suppression else ""
    return shapes.IgnoredFinding(**asdict(finding_document(located)), reason=reason)


def _counts(found: Iterable[Lint]) -> dict[str, int]:
    levels = [each.finding.level for lint in found for each in lint.findings]
    return {str(severity): levels.count(severity) for severity in Severity}


def _sentence(found: Sequence[Lint]) -> str:
    mappings = sum(lint.mappings for lint in found)
    where = shown(found[0].path) if len(found) == 1 else counted(len(found), "template")
    if not mappings:
        return f"{where}: no event source mapping from a stream, nothing to check"
    counts = [counted(count, name) for name, count in _counts(found).items() if count]
    ignored = sum(len(lint.ignored) for lint in found)
    if ignored:
        counts.append(f"{ignored:,} ignored")
    said = ", ".join(counts) or "nothing found"
    return f"{where}: {counted(mappings, 'event source mapping')}, {said}"


def _show_table(found: Sequence[Lint]) -> None:
    for alike in _alike(each for lint in found for each in lint.findings):
        _show_finding(alike)
        _line("")
    _line(f"{_sentence(found)}.")
    changes = sum(bool(each.diff) for lint in found for each in lint.findings)
    if changes:
        names = " ".join(dict.fromkeys(shown(lint.path) for lint in found))
        of = "it" if changes == 1 else f"{changes:,} of these"
        _wrapped("", f"`kcli lint {names} --output diff | git apply` mends {of}.")


def _alike(findings: Iterable[Located]) -> list[list[Located]]:
    """Findings that say the same, of several mappings, together."""
    groups: dict[tuple[str, str, str, str], list[Located]] = {}
    for each in findings:
        finding = each.finding
        key = finding.rule.id, finding.message, finding.effect, each.advice
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def _show_finding(alike: list[Located]) -> None:
    """What a rule says, once, with all the places that it says it of."""
    for each in alike:
        level = each.finding.level
        heading = plain(f"{_where(each)}: ")
        heading.append(f"{level} {each.finding.rule.id}", style=_STYLES[level])
        heading.append(f" {escape(each.mapping)}")
        stdout_console().print(heading, soft_wrap=True)
    first = alike[0]
    _wrapped("  ", first.finding.message, "bold")
    _wrapped("  ", first.finding.effect)
    _wrapped("  Fix: ", first.advice)
    if first.finding.unsure:
        from kinesis_cli.show.cells import assumed

        _wrapped("  ? ", assumed(sorted(first.finding.unsure)), "dim")
    for line in _short_diff(first):
        _line(f"    {line}", "green" if line.startswith("+") else "red")


def _short_diff(located: Located) -> list[str]:
    """The changed lines, where they are few."""
    lines = [line for line in located.diff.splitlines() if line.startswith(("+", "-"))]
    lines = [line for line in lines if not line.startswith(("+++ ", "--- ")) and line != "+"]
    return lines if len(lines) <= _SHORT_DIFF else []


def _where(located: Located) -> str:
    if located.document is None:
        return located.mapping
    name = shown(located.document.path)
    return f"{name}:{located.line}" if located.line else name


def _annotations(found: Iterable[Lint]) -> Iterable[str]:
    """Commands of GitHub's workflows.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    for lint in found:
        for each in lint.findings:
            finding = each.finding
            name = shown(each.document.path) if each.document else each.mapping
            place = f"file={_property(name)},line={each.line or 1}"
            title = _property(f"{finding.rule.id} {finding.rule.name}")
            text = f"{each.mapping}: {finding.message} {finding.effect} {each.advice}"
            yield f"::{_COMMANDS[finding.level]} {place},title={title}::{_data(text)}"


def _data(text: str) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escape(text)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _safe_diff(lint: Lint) -> str:
    """A diff as it is: what it holds is the user's own template, and must come through whole."""
    return lint.diff()


def _wrapped(before: str, text: str, style: str = "") -> None:
    """A text in as many lines as it needs, the second and further ones under the first."""
    from kinesis_cli.show.cells import wrapped  # a template without findings need not wait for it

    room = max(stdout_console().width - len(before), _NARROWEST)
    for line in wrapped(escape(text), room):
        _line(f"{before}{line}", style)
        before = " " * len(before)


def _line(text: str, style: str = "") -> None:
    stdout_console().print(plain(text), style=style, soft_wrap=True)
