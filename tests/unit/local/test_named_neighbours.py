"""Which templates name what moto makes: it is imported early for them only."""

from pathlib import Path

import pytest

from kinesis_cli.local.neighbours.resources.kinds import names_neighbours
from kinesis_cli.project.template.template import Template
from tests.templates import HEAD, fed_function


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (fed_function(), False),
        (fed_function(failures="failures"), True),
        (f"{HEAD}  Lines: {{Type: AWS::Logs::LogGroup}}\n", False),
        (f"{HEAD}  Table: {{Type: AWS::Serverless::SimpleTable}}\n", True),
    ],
)
def test_a_template_names_neighbours(template: str, expected: bool, tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(template)
    assert names_neighbours(Template.read(file)) is expected


def test_so_does_one_whose_part_does(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text(fed_function(failures="failures"))
    file = tmp_path / "template.yaml"
    file.write_text(
        f"{HEAD}  Part:\n    Type: AWS::Serverless::Application\n"
        "    Properties: {Location: part.yaml}\n"
    )
    assert names_neighbours(Template.read(file))
