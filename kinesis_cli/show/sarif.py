"""Findings as SARIF 2.1.0, the format of GitHub's code scanning and of editors.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from urllib.parse import quote

from kinesis_cli._version import __version__
from kinesis_cli.lint.linting import Lint, Located, rules
from kinesis_cli.lint.text.document import Document, shown
from kinesis_cli.lint.text.edits import applied

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def sarif(found: Sequence[Lint]) -> dict[str, object]:
    """The document of one run."""
    ids = [rule.id for rule in rules()]
    results = [_result(each, ids) for lint in found for each in (*lint.findings, *lint.ignored)]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver()},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _driver() -> dict[str, object]:
    return {
        "name": "kcli",
        "version": __version__,
        "rules": [
            {
                "id": rule.id,
                "name": rule.name,
                "shortDescription": {"text": f"{rule.title}."},
                "helpUri": rule.source,
                "defaultConfiguration": {"level": rule.severity},
            }
            for rule in rules()
        ],
    }


def _result(located: Located, ids: list[str]) -> dict[str, object]:
    finding = located.finding
    result: dict[str, object] = {
        "ruleId": finding.rule.id,
        "ruleIndex": ids.index(finding.rule.id),
        "level": finding.level,
        "message": {"text": f"{finding.message} {finding.effect} {located.advice}"},
        "locations": [_location(located)],
        "partialFingerprints": {"kcli/v1": _fingerprint(located)},
    }
    if fixes := list(_fixes(located)):
        result["fixes"] = fixes
    if located.suppression is not None:
        suppression: dict[str, object] = {"kind": "inSource"}
        if located.suppression.reason:
            suppression["justification"] = located.suppression.reason
        result["suppressions"] = [suppression]
    return result


def _location(located: Located) -> dict[str, object]:
    location: dict[str, object] = {
        "logicalLocations": [{"fullyQualifiedName": located.mapping, "kind": "resource"}]
    }
    if located.document is not None:
        location["physicalLocation"] = {
            "artifactLocation": _artifact(located.document),
            "region": {"startLine": located.line or 1},
        }
    return location


def _artifact(document: Document) -> dict[str, object]:
    return {"uri": quote(shown(document.path))}


def _fingerprint(located: Located) -> str:
    """The same for the same finding, wherever the lines have gone."""
    at = "/".join(map(str, located.finding.at))
    name = shown(located.document.path) if located.document else ""
    text = f"{located.finding.rule.id} {name} {located.mapping} {at}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _fixes(located: Located) -> Iterator[dict[str, object]]:
    if not located.diff or located.document is None:
        return
    changed = applied(located.document, located.finding.changes)
    assert changed is not None
    yield {
        "description": {"text": located.advice},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(located.document),
                "replacements": list(_replacements(located.document, changed)),
            }
        ],
    }


def _replacements(old: Document, new: Document) -> Iterator[dict[str, object]]:
    """Whole lines that are replaced; a region of no length is a place to insert at."""
    before, after = old.text.splitlines(keepends=True), new.text.splitlines(keepends=True)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            continue
        if start == len(before):  # behind the last line, which may have no line end
            start_line, column = max(len(before), 1), len(before[-1]) + 1 if before else 1
        else:
            start_line, column = start + 1, 1
        region = {"startLine": start_line, "startColumn": column}
        if end == start:
            region |= {"endLine": start_line, "endColumn": column}
        elif end < len(before):
            region |= {"endLine": end + 1, "endColumn": 1}
        else:
            region |= {"endLine": end, "endColumn": len(before[-1]) + 1}
        yield {
            "deletedRegion": region,
            "insertedContent": {"text": "".join(after[first:last])},
        }
