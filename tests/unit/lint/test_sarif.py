"""SARIF 2.1.0, held against the published schema."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kinesis_cli.lint.linting import Lint, rules
from kinesis_cli.show.console import json_text
from kinesis_cli.show.lint import as_document
from kinesis_cli.show.sarif import sarif
from tests.unit.lint.careful import CAREFUL, FILES, spoilt
from tests.unit.lint.conftest import Linted
from tests.unit.lint.styles import STYLES

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json").read_text("utf-8")
)
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)


def checked(*found: Lint) -> dict[str, Any]:
    """The run of a document that is valid, read back from its text."""
    document = json.loads(json.dumps(sarif(found)))
    VALIDATOR.validate(document)
    [run] = document["runs"]
    assert isinstance(run, dict)
    return run


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", STYLES)
def test_what_is_found_is_valid_sarif(name: str, lint: Linted) -> None:
    style = STYLES[name]
    linted = lint(style.template, style.files, name=style.name, parameters=style.parameters)
    results = checked(linted)["results"]
    assert [each["ruleId"] for each in results] == [e.finding.rule.id for e in linted.findings]
    for result in results:
        [place] = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == style.name
        assert place["physicalLocation"]["region"]["startLine"] >= 1


def test_the_validator_refuses_what_is_no_sarif() -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({"version": "2.1.0", "runs": [{"results": []}]})


def test_all_rules_are_told_of_and_results_point_to_them(lint: Linted) -> None:
    run = checked(lint(STYLES["sam, the least there is"].template))
    told = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in told] == [rule.id for rule in rules()]
    for result in run["results"]:
        assert told[result["ruleIndex"]]["id"] == result["ruleId"]


def test_nothing_found_is_a_run_without_results(lint: Linted) -> None:
    assert checked(lint(CAREFUL, FILES))["results"] == []


def test_what_is_ignored_is_suppressed_with_its_reason(lint: Linted) -> None:
    text = spoilt(("StartingPosition: TRIM_HORIZON", "StartingPosition: LATEST"))
    linted = lint(text.replace("LATEST\n", "LATEST # kcli: ignore K009 as meant\n"), FILES)
    [result] = checked(linted)["results"]
    assert result["suppressions"] == [{"kind": "inSource", "justification": "as meant"}]


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", STYLES)
def test_the_fixes_are_the_diff_in_other_words(name: str, lint: Linted) -> None:
    style = STYLES[name]
    linted = lint(style.template, style.files, name=style.name, parameters=style.parameters)
    for result, located in zip(checked(linted)["results"], linted.findings, strict=True):
        assert ("fixes" in result) == bool(located.diff)
        if "fixes" not in result or located.document is None:
            continue
        from kinesis_cli.lint.text.edits import applied

        [fix] = result["fixes"]
        [change] = fix["artifactChanges"]
        changed = applied(located.document, located.finding.changes)
        assert changed is not None
        assert replaced(located.document.text, change["replacements"]) == changed.text


def replaced(text: str, replacements: list[dict[str, Any]]) -> str:
    """A text as an editor makes it of SARIF's replacements."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:n])) for n in range(len(lines) + 1)]
    for each in reversed(replacements):
        region = each["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:start] + each["insertedContent"]["text"] + text[end:]
    return text


def test_a_finding_keeps_its_fingerprint_when_lines_move(lint: Linted) -> None:
    text = STYLES["sam, the least there is"].template
    before, after = checked(lint(text)), checked(lint(f"# a comment\n\n{text}"))
    prints = [[each["partialFingerprints"] for each in run["results"]] for run in (before, after)]
    assert prints[0] == prints[1]
    assert len({json.dumps(each) for each in prints[0]}) == len(prints[0])


def test_the_document_counts_what_it_lists(lint: Linted) -> None:
    found = as_document([lint(STYLES["the cdk"].template), lint(CAREFUL, FILES)])
    document = json.loads(json_text(found))
    listed = [each for template in document["templates"] for each in template["findings"]]
    summary = document["summary"]
    assert summary["error"] + summary["warning"] + summary["note"] == len(listed) > 0
    assert document["version"] == 1
