"""Fixes change one thing of a template's text, or nothing at all."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.lint.rule import Change
from kinesis_cli.lint.rule import Path as Where
from kinesis_cli.lint.text.document import Document
from kinesis_cli.lint.text.edits import applied

EVENT: Where = ("Resources", "F", "Properties", "Events", "E", "Properties")
BLOCK = """\
Resources: # of an application
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        E: # the only one
          Type: Kinesis
          Properties:
            BatchSize: 10 # small
            Pattern: |
              # no comment
              text

            StartingPosition: !Ref Position

  # what follows
  Z: {Type: T}
"""


def document(text: str, name: str = "template.yaml") -> Document:
    return Document(Path(name), text)


def changed(text: str, member: str, value: object, name: str = "template.yaml") -> str | None:
    done = applied(document(text, name), [Change(EVENT, member, value)])
    return done.raw if done else None


def test_a_value_is_replaced_and_its_comment_stays() -> None:
    assert changed(BLOCK, "BatchSize", 500) == BLOCK.replace("10 # small", "500 # small")


def test_a_member_is_added_behind_the_last_one() -> None:
    wanted = "!Ref Position\n            MaximumRetryAttempts: 3\n"
    assert changed(BLOCK, "MaximumRetryAttempts", 3) == BLOCK.replace("!Ref Position\n", wanted)


def test_a_value_from_a_parameter_stays() -> None:
    assert changed(BLOCK, "StartingPosition", "TRIM_HORIZON") is None


def test_a_value_in_several_lines_stays() -> None:
    assert changed(BLOCK, "Pattern", "x") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{Properties: {A: 1}}", "{Properties: {A: 1, M: [X]}}"),
        ("{Properties: {}}", "{Properties: {M: [X]}}"),
        ("{Properties: {A: {B: [1]}}}", "{Properties: {A: {B: [1]}, M: [X]}}"),
    ],
)
def test_maps_in_one_line_stay_in_one_line(old: str, new: str) -> None:
    head = "Resources: {F: {Properties: {Events: {E: "
    assert changed(head + old + "}}}}", "M", ["X"]) == head + new + "}}}}"


def test_json_stays_json_as_it_was_set_out() -> None:
    for indent in (1, 2, 4, "\t"):
        before = {"Resources": {"F": {"Properties": {"Events": {"E": {"Properties": {"A": 1}}}}}}}
        text = json.dumps(before, indent=indent) + "\n"
        done = changed(text, "M", {"B": [1, {"C": True}]}, "t.json")
        inside = before["Resources"]["F"]["Properties"]["Events"]["E"]["Properties"]
        inside["M"] = {"B": [1, {"C": True}]}  # type: ignore[assignment]
        if indent == "\t":  # json indents by as many spaces as a tab has characters
            assert json.loads(done or "") == before
        else:
            assert done == json.dumps(before, indent=indent) + "\n"


def test_line_ends_and_the_byte_order_mark_stay() -> None:
    text = "\ufeff" + BLOCK.replace("\n", "\r\n")
    wanted = "!Ref Position\r\n            M: 3\r\n"
    assert changed(text, "M", 3) == text.replace("!Ref Position\r\n", wanted)


def test_a_file_without_a_last_line_end_gets_none() -> None:
    text = BLOCK[: BLOCK.index("\n\n  # what")]
    assert changed(text, "M", 3) == f"{text}\n            M: 3"


def test_what_an_alias_shares_stays() -> None:
    text = """\
Shared: &shared {BatchSize: 1}
Resources: {F: {Properties: {Events: {E: {Properties: *shared}, G: {Properties: *shared}}}}}
"""
    assert changed(text, "BatchSize", 2) is None


def test_what_is_merged_in_is_overridden() -> None:
    text = """\
Shared: &shared {BatchSize: 1}
Resources:
  F:
    Properties:
      Events:
        E:
          Properties:
            <<: *shared
"""
    assert changed(text, "BatchSize", 2) == f"{text}            BatchSize: 2\n"


def test_a_resource_is_added_with_a_line_before_it() -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"A": [{"B": {"Ref": "F"}}], "C": []}}
    done = applied(document(BLOCK), [Change(("Resources",), "Q", queue)])
    assert done is not None
    assert done.raw == BLOCK + (
        "\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n"
        "      A:\n        - B: !Ref F\n      C: []\n"
    )


@pytest.mark.parametrize("text", [BLOCK, "\ufeff" + BLOCK.replace("\n", "\r\n"), BLOCK.rstrip()])
def test_a_diff_is_one_that_git_applies(text: str, tmp_path: Path, monkeypatch: object) -> None:
    file = tmp_path / "template.yaml"
    file.write_bytes(text.encode())
    before = Document.read(file)
    after = applied(
        before, [Change(EVENT, "M", 3), Change(("Resources",), "Q", {"Type": "AWS::SQS::Queue"})]
    )
    assert after is not None
    diff = before.diff_to(after).replace(str(tmp_path), "")
    diff = diff.replace("a//", "a/").replace("b//", "b/")
    for command in (["git", "init", "-q", "."], ["git", "apply", "-"]):
        subprocess.run(command, cwd=tmp_path, input=diff.encode(), check=True)
    assert file.read_bytes().decode() == after.raw


names = st.sampled_from(["A", "B", "Properties", "Events", "x y", "größe", "1", "{", "'", '"', "#"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("a:#{}[]'\"\\\n\t😀é ", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(names, values, max_size=4), st.sampled_from([None, 1, 2, 4]))
def test_the_places_of_json_are_its_values(tree: dict[str, object], indent: int | None) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=False)
    places = document(text, "t.json").positions
    for path, span in places.items():
        value: object = tree
        for step in path:
            value = value[step]  # type: ignore[index]
        assert json.loads(text[span.start : span.end]) == value
        assert span.line == text.count("\n", 0, span.key_start) + 1
        assert span.last_line == text.count("\n", 0, span.end) + 1


@given(st.dictionaries(names, values, min_size=1, max_size=4), names, st.booleans())
def test_an_edit_changes_nothing_else_or_is_not_made(
    tree: dict[str, object], member: str, is_json: bool
) -> None:
    import yaml

    before = {"Resources": tree}
    text = json.dumps(before) if is_json else yaml.safe_dump(before, allow_unicode=True)
    name = "t.json" if is_json else "t.yaml"
    done = applied(document(text, name), [Change(("Resources",), member, 7)])
    if done is not None:
        assert done.document == {"Resources": {**tree, member: 7}}
