"""Tables of the documentation that name what the code has a table of."""

import re
from pathlib import Path

from kinesis_cli.cli.options.shared import FailOn
from kinesis_cli.lint.rule import Severity
from kinesis_cli.places.services import EXTRAS
from kinesis_cli.recordings.form import Form
from kinesis_cli.testing.search.registry import PROPERTIES

DOCS = Path(__file__).parents[3] / "docs"


def rows(page: str, head: str) -> list[list[str]]:
    """The cells of the table that begins so."""
    _, _, text = (DOCS / page).read_text().partition(f"\n| {head} |")
    table = re.match(r"[^\n]*\n((?:\|[^\n]*\n)+)", text)
    assert table is not None, f"{page} has no table whose first column is {head}"
    return [line.strip("|\n").split("|") for line in table[1].splitlines()[1:]]


def code(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def test_the_page_of_kcli_check_names_each_property_in_the_order_of_the_report() -> None:
    assert [name for row in rows("check.md", "name") for name in code(row[0])] == [*PROPERTIES]
    asked = {
        code(row[0])[0]: code(row[1])[0].split()[0]
        for row in rows("check.md", "name")
        if row[1].startswith(" (`--")
    }
    assert asked == {each.name: each.asked_by for each in PROPERTIES.values() if each.asked_by}


def test_the_page_of_kcli_simulate_names_each_form_of_records() -> None:
    assert [code(row[0])[0] for row in rows("simulate.md", "`--format`")] == [*Form]


def test_the_page_of_files_anywhere_names_each_service_and_what_is_installed_for_it() -> None:
    found = {
        code(row[0])[0].partition(":")[0]: code(row[2])[0]
        for row in rows("files-anywhere.md", "URL")
    }
    said = {scheme: f"kinesis-cli[{extra}]" for scheme, (extra, _) in EXTRAS.items()}
    del said["http"]  # the same as https
    assert found == said


def test_the_page_of_ci_names_what_makes_lint_and_simulate_fail() -> None:
    said = {code(row[0])[0]: code(row[1]) for row in rows("ci.md", "check")}
    for command, values in (("kcli lint", [*Severity]), ("kcli simulate", [*FailOn])):
        first, *others = said[command]
        assert [first.removeprefix("--fail-on "), *others] == values
