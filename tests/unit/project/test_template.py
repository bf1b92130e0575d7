"""CloudFormation's intrinsics without a deployment."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.project.functions.choosing import merged
from kinesis_cli.project.template.template import Template
from kinesis_cli.project.template.values import Unresolved


def template(**sections: object) -> Template:
    return Template(Path("template.yaml"), {"Resources": {}, **sections})


EXAMPLE = template(
    Parameters={
        "Size": {"Type": "Number", "Default": 7},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
        "Open": {"Type": "String"},
    },
    Mappings={"M": {"us-east-1": {"size": 3}}},
    Conditions={
        "Yes": {"Fn::Equals": [{"Ref": "Size"}, "7"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Unknown": {"Fn::Equals": [{"Ref": "Open"}, "x"]},
    },
    Resources={
        "Named": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "readings"}},
        "Unnamed": {"Type": "AWS::S3::Bucket"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Stream": {"Type": "AWS::Kinesis::Stream"},
        "Consumer": {
            "Type": "AWS::Kinesis::StreamConsumer",
            "Properties": {
                "StreamARN": {"Fn::GetAtt": "Stream.Arn"},
                "ConsumerName": "fan-out",
            },
        },
        "Strange": {"Type": "AWS::Other::Thing"},
    },
)


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ({"a": [{"Ref": "Size"}]}, {"a": [7]}),
        ({"Ref": "Names"}, ["a", "b", "c"]),
        ({"Ref": "Named"}, "readings"),
        ({"Ref": "Unnamed"}, "Unnamed"),
        ({"Ref": "Topic"}, "arn:aws:sns:us-east-1:123456789012:Topic"),
        ({"Ref": "AWS::StackName"}, "kcli"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
        (
            {"Fn::GetAtt": ["Named", "Arn"]},
            "arn:aws:dynamodb:us-east-1:123456789012:table/readings",
        ),
        ({"Fn::GetAtt": "Unnamed.Arn"}, "arn:aws:s3:::Unnamed"),
        (
            {"Fn::GetAtt": "Consumer.ConsumerARN"},
            "arn:aws:kinesis:us-east-1:123456789012:stream/Stream/consumer/fan-out:1545084650",
        ),
        ({"Fn::Sub": "x-${Size}-${AWS::Region}-${!Kept}"}, "x-7-us-east-1-${Kept}"),
        ({"Fn::Sub": ["${own}/${Named}", {"own": {"Ref": "Size"}}]}, "7/readings"),
        ({"Fn::Sub": "${Unnamed.Arn}/*"}, "arn:aws:s3:::Unnamed/*"),
        ({"Fn::Join": [":", ["a", {"Ref": "Size"}, True]]}, "a:7:true"),
        ({"Fn::Split": ["-", "a-b"]}, ["a", "b"]),
        ({"Fn::Select": ["1", {"Ref": "Names"}]}, "b"),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "size"]}, 3),
        ({"Fn::If": ["Yes", 1, 2]}, 1),
        ({"Fn::If": ["No", 1, 2]}, 2),
        ({"Fn::If": ["Both", 1, 2]}, 2),
        ({"Fn::If": ["Either", 1, {"Ref": "Open"}]}, 1),
    ],
)
def test_an_intrinsic_has_the_value_that_aws_would_give(value: object, expected: object) -> None:
    assert EXAMPLE.resolve(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Open"},
        {"Ref": "Nothing"},
        {"Fn::GetAtt": "Strange.Arn"},
        {"Fn::GetAtt": "Named.StreamArn"},
        {"Fn::GetAtt": "Named"},
        {"Fn::Sub": "x-${Open}"},
        {"Fn::Sub": {"no": "text"}},
        {"Fn::Join": ["-", ["a", {"Ref": "Open"}]]},
        {"Fn::Join": "a"},
        {"Fn::Split": ["-", {"Ref": "Open"}]},
        {"Fn::Split": ["", "x"]},
        {"Fn::Select": [5, ["a"]]},
        {"Fn::Select": ["0", {"Ref": "Open"}]},
        {"Fn::FindInMap": ["M", "eu-west-1", "size"]},
        {"Fn::FindInMap": ["M", {"Ref": "Open"}, "size"]},
        {"Fn::FindInMap": "M"},
        {"Fn::If": ["Unknown", 1, 2]},
        {"Fn::If": ["Nowhere", 1, 2]},
        {"Fn::If": "Yes"},
        {"Fn::ImportValue": "x"},
        {"Fn::Transform": {}},
        "{{resolve:ssm:/x}}",
    ],
)
def test_what_only_aws_knows_is_unresolved_and_says_why(value: object) -> None:
    resolved = EXAMPLE.resolve(value)
    assert isinstance(resolved, Unresolved)
    assert resolved.reason


def test_the_short_form_of_yaml_means_the_long_one_of_json(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        """
        Resources:
          A: !Ref X
          B: !GetAtt X.Arn
          C: !Sub ["${a}", {a: !Ref X}]
          D: !If [Big, !Join ["-", [a, !Base64 b]], !Transform {Name: n}]
          E: !Condition Big
        """
    )
    assert Template.read(path).document["Resources"] == {
        "A": {"Ref": "X"},
        "B": {"Fn::GetAtt": "X.Arn"},
        "C": {"Fn::Sub": ["${a}", {"a": {"Ref": "X"}}]},
        "D": {
            "Fn::If": [
                "Big",
                {"Fn::Join": ["-", ["a", {"Fn::Base64": "b"}]]},
                {"Fn::Transform": {"Name": "n"}},
            ]
        },
        "E": {"Condition": "Big"},
    }


def test_resources_under_a_false_condition_do_not_exist() -> None:
    conditional = template(
        Conditions={"No": {"Fn::Equals": ["a", "b"]}, "Yes": {"Fn::Equals": ["a", "a"]}},
        Resources={name: {"Type": "T", "Condition": name} for name in ("No", "Yes", "Undefined")},
    )
    assert list(conditional.resources("T")) == ["Yes", "Undefined"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
MAPS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@given(MAPS)
def test_a_value_without_intrinsics_resolves_to_itself(value: dict[str, object]) -> None:
    assert template().resolve(value) == value


@given(MAPS, MAPS)
def test_merging_loses_nothing_of_the_functions_own(
    shared: dict[str, object], own: dict[str, object]
) -> None:
    before = json.dumps([shared, own])
    result = merged(shared, own)
    assert result.keys() == shared.keys() | own.keys()
    for name, value in own.items():
        match result[name], value:
            case list() as joined, list():
                assert joined[len(joined) - len(value) :] == value
            case dict() as joined, dict():
                assert joined.keys() >= value.keys()
            case joined, _:
                assert joined == value
    assert json.dumps([shared, own]) == before


def test_an_intrinsic_is_never_merged_with_a_map() -> None:
    assert merged({"a": {"x": 1}}, {"a": {"Ref": "P"}}) == {"a": {"Ref": "P"}}
    assert merged({"a": {"Fn::If": []}}, {"a": {"x": 1}}) == {"a": {"x": 1}}
    assert merged({"a": [1]}, {"a": [1, 2]}) == {"a": [1, 1, 2]}
