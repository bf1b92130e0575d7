"""Templates in the styles that are common, without a finding that is wrong."""

import pytest

from tests.unit.lint.conftest import Linted
from tests.unit.lint.styles import STYLES


@pytest.mark.parametrize("name", STYLES)
def test_what_is_found_in_a_template_is_what_is_so(name: str, lint: Linted) -> None:
    style = STYLES[name]
    linted = lint(style.template, style.files, name=style.name, parameters=style.parameters)
    assert {each.finding.rule.id for each in linted.findings} == style.found
    assert linted.mappings == style.mappings


@pytest.mark.parametrize("name", STYLES)
def test_every_change_that_is_offered_leaves_a_template_without_that_finding(
    name: str, lint: Linted
) -> None:
    style = STYLES[name]
    linted = lint(style.template, style.files, name=style.name, parameters=style.parameters)
    for each in linted.findings:
        if not each.diff or each.document is None:
            continue
        from kinesis_cli.lint.text.edits import applied

        changed = applied(each.document, each.finding.changes)
        assert changed is not None
        again = lint(changed.text, style.files, name=style.name, parameters=style.parameters)
        said = {(left.finding.rule.id, left.mapping) for left in again.findings}
        assert (each.finding.rule.id, each.mapping) not in said
