"""What the author of a template wants to keep, and says so."""

import json

import pytest

from kinesis_cli.lint.linting import Lint
from tests.unit.lint.careful import CAREFUL, FILES, spoilt
from tests.unit.lint.conftest import Linted

LATEST = ("StartingPosition: TRIM_HORIZON", "StartingPosition: LATEST")
EVENT = "        In:\n"


def ids(linted: Lint) -> list[str]:
    return [each.finding.rule.id for each in linted.findings]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LATEST\n", "LATEST # kcli: ignore K009 as it is meant\n"),
        ("LATEST\n", "LATEST # why? kcli: ignore K009\n# kcli: ignore K009: as it is meant\n"),
        ("            StartingPosition", "            # kcli: ignore K009 as it is meant\n\n"
         "            # another comment\n            StartingPosition"),
        (EVENT, "        In: # kcli: ignore K009 as it is meant\n"),
        (EVENT, "        In: # kcli: ignore K001, K009 as it is meant\n"),
        (EVENT, f"        # kcli:ignore K009 - as it is meant\n{EVENT}"),
        ("  Worker:\n", "  Worker: #kcli: ignore K009, as it is meant\n"),
    ],
)  # fmt: skip
def test_a_comment_is_about_what_its_line_begins(old: str, new: str, lint: Linted) -> None:
    linted = lint(spoilt(LATEST).replace(old, new, 1), FILES)
    if "why?" in new:
        assert ids(linted) == ["K009"]  # no comment of ours, and one that is below
        return
    assert ids(linted) == []
    [ignored] = linted.ignored
    assert ignored.suppression is not None
    assert ignored.suppression.reason == "as it is meant"


@pytest.mark.parametrize(
    "old",
    ["Transform: AWS::Serverless-2016-10-31\n", "            BatchSize: 100\n", "  Orders:\n"],
)
def test_a_comment_elsewhere_hides_nothing_and_is_told_of(old: str, lint: Linted) -> None:
    new = old.replace("\n", " # kcli: ignore K009 not here\n")
    linted = lint(spoilt(LATEST, (old, new)), FILES)
    assert ids(linted) == ["K009"]
    [note] = linted.notes
    assert note.endswith("nothing to ignore: no K009 there")


def test_a_rule_that_there_is_not_is_told_of(lint: Linted) -> None:
    linted = lint(CAREFUL.replace(EVENT, "        In: # kcli: ignore K999 who knows\n"), FILES)
    [note] = linted.notes
    assert note.endswith("there is no rule K999")


def test_a_comment_without_a_rule_is_told_of(lint: Linted) -> None:
    linted = lint(CAREFUL.replace(EVENT, "        In: # kcli: ignore all of it\n"), FILES)
    [note] = linted.notes
    assert note.endswith("names no rule; write `kcli: ignore K003 reason`")


def test_a_rule_that_is_not_asked_makes_no_comment_idle(lint: Linted) -> None:
    text = spoilt(LATEST).replace("LATEST\n", "LATEST # kcli: ignore K009 meant\n")
    linted = lint(text, FILES, ignore=("K009",))
    assert (linted.findings, linted.ignored, linted.notes) == ([], [], [])


def test_metadata_says_it_where_there_are_no_comments(lint: Linted) -> None:
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "F": {
                "Type": "AWS::Serverless::Function",
                "Metadata": {"kcli": {"ignore": ["K001 old", "K002, K017 new", "all"]}},
                "Properties": {
                    "InlineCode": "def h(e, c): pass",
                    "Handler": "index.h",
                    "Runtime": "python3.12",
                    "Events": {
                        "E": {
                            "Type": "Kinesis",
                            "Properties": {
                                "Stream": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
                                "StartingPosition": "LATEST",
                            },
                        }
                    },
                },
            }
        },
    }
    linted = lint(json.dumps(template, indent=2), name="template.json")
    assert ids(linted) == ["K009"]
    reasons = [each.suppression.reason for each in linted.ignored if each.suppression]
    assert sorted(reasons) == ["new", "new", "old"]
    assert len(linted.notes) == 1
