"""What kcli local makes of Terraform's mappings, and what it says of those that it cannot know."""

import json
from pathlib import Path

from kinesis_cli.local.function.project import ProjectFunction, project_functions
from kinesis_cli.local.place import Place
from kinesis_cli.project.function import CodeChoices
from kinesis_cli.project.template.file import TemplateFile
from tests.unit.project.test_terraform_modules import MAPPING, OF_A_STREAM, OF_STREAM, plan_of

ARN = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders"


def function_in(folder: Path, name: str, document: object) -> ProjectFunction:
    """The one function of a document of Terraform's."""
    file = folder / name
    file.write_text(json.dumps(document))
    place = Place("http://127.0.0.1:1", "us-east-1")
    (function,) = project_functions(TemplateFile(file), place, CodeChoices())
    return function


def test_the_stream_that_a_plan_does_not_tell_a_state_does(tmp_path: Path) -> None:
    plan = plan_of({"one": OF_A_STREAM, "other": OF_A_STREAM}, *OF_STREAM)
    unknown = function_in(tmp_path, "plan.json", plan).unknown
    assert set(unknown) == {MAPPING % "one", MAPPING % "other"}
    for reason in unknown.values():
        assert reason.endswith(
            "; once it was applied, `terraform show -json > state.json` tells it, "
            "for --template state.json"
        )

    known = {**OF_A_STREAM, "event_source_arn": ARN, "function_name": "worker"}
    applied = plan_of({"one": known, "other": known}, *OF_STREAM)
    state = {"format_version": "1.0", "values": applied["planned_values"]}
    function = function_in(tmp_path, "state.json", state)
    assert function.unknown == {}
    assert {each["EventSourceArn"] for each in function.mappings.values()} == {
        "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
    }
