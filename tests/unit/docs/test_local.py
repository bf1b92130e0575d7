"""docs/local.md names commands, options and faults that there are."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinesis_cli.cli.local import app
from kinesis_cli.local.client.fault_verbs import VERBS, fault_request

PAGE = (Path(__file__).parents[3] / "docs" / "local.md").read_text()
FAULTS = PAGE.partition("## Faults")[2].partition("##")[0]


def test_each_option_of_the_page_is_one_of_start() -> None:
    table = PAGE.partition("## Options")[2].partition("##")[0]
    help_ = CliRunner().invoke(app, ["start", "--help"], env={"COLUMNS": "200"}).output
    options = set(re.findall(r"`(--[a-z-]+)", table))
    assert len(options) > 8
    assert {option for option in options if option not in help_} == set()


@pytest.mark.parametrize("example", re.findall(r"`([a-z-]+(?: [^`]+)?)`", FAULTS))
def test_each_fault_of_the_page_is_understood(example: str) -> None:
    verb, *values = example.split()
    if verb != "kcli":
        assert fault_request(verb, values)


def test_each_fault_is_on_the_page() -> None:
    assert [verb for verb in VERBS if f"`{verb}" not in FAULTS] == []


def test_the_page_leads_to_files_that_are_there() -> None:
    links = re.findall(r"\]\((?!https)([^)#]+)\)", PAGE)
    assert links
    assert [
        link for link in links if not (Path(__file__).parents[3] / "docs" / link).exists()
    ] == []
