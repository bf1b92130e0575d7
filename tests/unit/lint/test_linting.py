"""Where findings are, and what is told besides."""

import json

from kinesis_cli.lint.linting import Lint, lint_file
from kinesis_cli.project.files import bundled_template
from kinesis_cli.project.template.file import TemplateFile
from tests.unit.lint.conftest import Linted
from tests.unit.lint.styles import STYLES

TF = """\
resource "aws_lambda_function" "worker" {}

# resource "aws_lambda_event_source_mapping" "orders" was here
resource "aws_lambda_event_source_mapping" "orders" {
  batch_size = 100
}
"""


def places(linted: Lint) -> set[tuple[str, int | None]]:
    return {
        (each.document.path.name if each.document else "", each.line) for each in linted.findings
    }


def test_findings_of_a_plan_are_where_terraform_is_written(lint: Linted) -> None:
    plan = STYLES["terraform"]
    linted = lint(plan.template, {**plan.files, "mappings.tf": TF}, name="plan.json")
    assert places(linted) == {("mappings.tf", 4)}
    assert all("In Terraform: `" in each.advice for each in linted.findings if each.setting)
    assert not any(each.diff for each in linted.findings)
    assert linted.diff() == ""


def test_findings_of_a_plan_without_its_files_are_in_the_plan(lint: Linted) -> None:
    plan = STYLES["terraform"]
    assert {file for file, _ in places(lint(plan.template, plan.files, name="plan.json"))} == {
        "plan.json"
    }


def test_what_may_hide_a_mapping_is_told_where_there_is_none(lint: Linted) -> None:
    template = {
        "Transform": "AWS::LanguageExtensions",
        "Conditions": {"Prod": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "F": {"Type": "AWS::Lambda::Function", "Condition": "Prod"},
            "Fn::ForEach::Workers": [],
        },
    }
    linted = lint(json.dumps(template), name="template.json")
    assert linted.mappings == 0
    assert linted.notes == [
        "template.json: F is left out: its condition Prod is false.",
        "template.json: Fn::ForEach::Workers is not followed: what it would make is not there.",
    ]


def test_nothing_is_found_in_the_template_that_kcli_ships() -> None:
    linted = lint_file(TemplateFile(bundled_template()))
    assert (linted.mappings, linted.findings) == (1, [])


def test_what_two_mappings_share_is_said_once(lint: Linted) -> None:
    text = STYLES["sam, careful"].template.replace(
        "        In:\n",
        "        Again:\n          Type: Kinesis\n          Properties:\n"
        "            Stream: !GetAtt Stream.Arn\n            StartingPosition: TRIM_HORIZON\n"
        "            MaximumRetryAttempts: 1\n            BisectBatchOnFunctionError: true\n"
        "            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dlq.Arn}}\n"
        "        In:\n",
    )
    linted = lint(text, STYLES["sam, careful"].files)
    ids = [each.finding.rule.id for each in linted.findings]
    assert linted.mappings == 2
    assert ids.count("K018") == 1
