import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_unsure_rule_has_its_line_in_the_docs_and_every_line_its_rule() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "kinesis_cli").rglob("*.py"))
    page = (ROOT / "docs" / "fidelity.md").read_text()
    assert set(re.findall(r"UNSURE\(([a-z-]+)\)", code)) == set(
        re.findall(r"^\| (?!id )([a-z-]*[a-z]) \|", page, re.MULTILINE)
    )
