"""What is printed as JSON is constructed of the classes that its schemas are made of."""

import ast
import io
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from kinesis_cli.following.followed import ENDINGS, Followed
from kinesis_cli.show.console import write_json, write_line
from kinesis_cli.show.shapes import following
from kinesis_cli.show.shapes.of_commands import PRINTED
from kinesis_cli.show.shapes.redrive import RedrivenRow, RedriveSummary, RedriveSummaryRow
from kinesis_cli.show.shapes.simulation import FilteredRow, RunRow
from kinesis_cli.show.shapes.words import WORDS

SHOW = Path(__file__).parents[3] / "kinesis_cli" / "show"
ONLY_DESCRIBED = {"as_aws.py", "records.py"}  # AWS's own documents, which go through as they came


def used_names() -> Iterator[str]:
    """Every name that the renderers use: `Call` of `shapes.Call(…)`, too."""
    for file in SHOW.rglob("*.py"):
        if file.is_relative_to(SHOW / "shapes"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.Name):
                yield node.id


def test_the_renderers_construct_each_shape() -> None:
    """A shape that nothing constructs would be a second definition of what a dictionary says."""
    defined = {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for file in (SHOW / "shapes").glob("*.py")
        if file.name not in {*ONLY_DESCRIBED, "base.py", "of_commands.py"}
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    assert len(defined) > 60
    assert sorted(defined.keys() - {*used_names()}) == []


def test_what_has_a_type_names_it_first() -> None:
    row = FilteredRow(shard_id="shardId-000000000000", sequence_numbers=("1", "2"))
    assert printed(row) == (
        '{"type":"filtered","shardId":"shardId-000000000000","sequenceNumbers":["1","2"]}'
    )
    for command in PRINTED.values():
        for shape in command.rows:
            config = shape.__struct_config__
            assert "type" not in shape.__struct_encode_fields__
            assert config.tag_field in (None, "type")


def test_the_last_line_of_a_redrive_says_first_of_what_it_is() -> None:
    names = RedriveSummaryRow.__struct_encode_fields__
    assert names == ("version", "source", *RedriveSummary.__struct_encode_fields__)


def test_a_record_of_a_recording_goes_through_as_it_came() -> None:
    """Spaces and the forms of numbers are the recording's."""
    kept = b'{"kinesis": {"approximateArrivalTimestamp": 1.50}}'
    assert kept.decode() in printed(redriven(kept, remark="gone"))


def test_what_utf_8_cannot_hold_is_replaced_in_a_shape_too() -> None:
    document = redriven(b'{"kinesis":{"data":"eA=="}}', remark="half \ud83d of two")
    for text in (printed(document), page(document)):
        assert json.loads(text)["remark"] == "half \ufffd of two"
        assert json.loads(text)["records"] == [{"kinesis": {"data": "eA=="}}]
        assert list(json.loads(text))[:2] == ["type", "id"]


def test_a_number_beyond_64_bits_is_printed_whole() -> None:
    row = RunRow(version=1, function=None, mapping={"BatchSize": 10**30})  # type: ignore[arg-type]
    assert printed(row) == (
        '{"type":"run","version":1,"function":null,"mapping":{"BatchSize":' + f"{10**30}" + "}}"
    )


def test_what_is_known_of_a_followed_record_is_what_is_printed() -> None:
    known = msgspec.structs.fields(Followed)
    shown = msgspec.structs.fields(following.Followed)
    assert [each.encode_name for each in known] == [each.encode_name for each in shown]
    figures = {each.encode_name for each in msgspec.structs.fields(following.FollowedFunction)}
    assert {*ENDINGS} < figures


def redriven(line: bytes, *, remark: str) -> RedrivenRow:
    """A line about a document of one record."""
    return RedrivenRow(
        id="1",
        condition="RetryAttemptsExhausted",
        request_id="r",
        shard_id="shardId-000000000000",
        start_sequence_number="1",
        end_sequence_number=None,
        records=[msgspec.Raw(line)],
        missing=0,
        batch_item_failures=[],
        outcome="shown",
        remark=remark,
        deleted=False,
    )


def printed(document: Any) -> str:  # noqa: ANN401 - any shape
    """A document as one line."""
    file = io.StringIO()
    write_line(document, file, end="")
    return file.getvalue()


def page(document: Any) -> str:  # noqa: ANN401 - any shape
    """A document as it is indented."""
    file = io.StringIO()
    write_json(document, file)
    return file.getvalue()


def test_what_a_member_means_everywhere_is_not_said_again_by_a_shape() -> None:
    again = {
        f"{shape.__name__}.{field.name}"
        for shape in every_shape()
        for field in msgspec.inspect.type_info(shape).fields  # type: ignore[attr-defined]
        if isinstance(field.type, msgspec.inspect.Metadata)
        and (field.type.extra_json_schema or {}).get("description")
        in {WORDS.get(field.encode_name)} - {None}
    }
    assert again == set()


def every_shape() -> list[type[msgspec.Struct]]:
    """All of them, as the modules have them."""
    modules = (SHOW / "shapes").glob("*.py")
    found = [import_module(f"kinesis_cli.show.shapes.{file.stem}") for file in modules]
    return [
        each
        for module in found
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, msgspec.Struct)
        and each.__module__ == module.__name__
    ]
