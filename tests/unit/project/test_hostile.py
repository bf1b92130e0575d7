"""Projects whose files loaders stumble over, or that stand for more than any machine holds.

What is told here of single files is tried at random in `tests/hostile`.
"""

# ruff: noqa: E501 - data

import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.project.find import find_function
from kinesis_cli.project.loading import MAX_DEPTH, load_json, load_toml, load_yaml
from kinesis_cli.project.mapping import read_mapping
from kinesis_cli.project.settings import read_settings
from kinesis_cli.project.target import template_streams

Write = Callable[[str, str], Path]

FUNCTION = """\
Transform: AWS::Serverless-2016-10-31
{more}
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: ., Handler: app.handler, Runtime: python3.12, {property}}}
"""


def doubling(steps: int, name: str, first: str, each: str) -> str:
    """Lines of which each names the one before twice."""
    lines = [f"{name}0: {first}"]
    lines += [f"{name}{n}: {each.replace('*', f'{name}{n - 1}')}" for n in range(1, steps)]
    return "\n".join(lines)


ALIASES = "\n".join(
    ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
)
MERGES = "\n".join(
    ["a0: &a0 {x: 1, y: 2}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 60))]
)
CONDITIONS = doubling(60, "  C", "!Equals [a, a]", "!And [{Condition: *}, {Condition: *}]")
QUEUES = "\n".join(
    ["  Q0: {Type: AWS::SQS::Queue, Properties: {QueueName: qqqqqqqq}}"]
    + [
        f'  Q{n}: {{Type: AWS::SQS::Queue, Properties: {{QueueName: !Sub "${{Q{n - 1}}}${{Q{n - 1}}}"}}}}'
        for n in range(1, 60)
    ]
)
LISTS = "\n".join(
    ["  Q0: {Type: AWS::SQS::Queue, Properties: {QueueName: !Join ['', [a, b]]}}"]
    + [
        f"  Q{n}: {{Type: AWS::SQS::Queue, Properties: "
        f"{{QueueName: !Join [x, [!Ref Q{n - 1}, !Ref Q{n - 1}]]}}}}"
        for n in range(1, 60)
    ]
)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file of the project that the test runs in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("def handler(event, context): pass\n")

    def written(file: str, text: str) -> Path:
        (tmp_path / file).write_text(text)
        return tmp_path / file

    return written


def template(more: str = "", property: str = "Timeout: 3", below: str = "") -> str:  # noqa: A002
    """A template with a function."""
    return FUNCTION.format(more=more, property=property) + below + "\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (template("Metadata: 2024-13-45", "Description: 99999-01-01"), ""),
        (template("Metadata: 0x_"), "is not YAML"),
        (template("Metadata: 0b_"), "is not YAML"),
        (template("Metadata: !!int x"), "is not YAML"),
        (template("Metadata: !!timestamp x"), ""),
        (template("Metadata: !!binary ä"), "is not YAML"),
        (template("Metadata: !!python/object:os.system x"), "is not YAML"),
        (template("Metadata: " + "1" * 5000), "a number of 5,000 digits"),
        (template("Metadata: 0x" + "f" * 5000), "a number of 5,002 digits"),
        (template("Metadata: &a [*a]"), "an alias that leads back to itself"),
        (template("Metadata: &a {b: [{c: *a}]}"), "an alias that leads back to itself"),
        (template("Metadata: " + "[" * 201 + "]" * 201), f"deeper than {MAX_DEPTH} levels"),
        (template("Metadata: " + "[" * 90_000 + "]" * 90_000), "nest"),
        (template("Metadata: " + "[" * 150 + "]" * 150), ""),
        (template(ALIASES), "aliases for more than 250,000 values"),
        (template(MERGES), ""),
        (template(property="MemorySize: .inf"), "MemorySize is inf, not a number above 0"),
        (template(property="Timeout: 1e999"), "not a number above 0"),
        (template(property="Timeout: .nan"), "Timeout is nan, not a number above 0"),
        (template(property="Condition: [a]", more="Conditions: {C: !Not [{Condition: C}]}"), ""),
        (
            template("Conditions: {A: {Condition: B}, B: !Not [{Condition: A}]}", "Timeout: !If [A, 1, 2]"),
            "the condition A leads back to itself",
        ),
        (
            template(
                property="Environment: {Variables: {A: !Ref Q}}",
                below="  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${R}'}}\n"
                "  R: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub 'x${Q}'}}",
            ),
            "the name of Q leads back to itself",
        ),
        (template(f"Conditions:\n{CONDITIONS}", "Timeout: !If [C59, 1, 2]"), ""),
        (
            template(property="Environment: {Variables: {A: !Ref Q59}}", below=QUEUES),
            "stands for more text than kcli resolves",
        ),
        (
            template(property="Environment: {Variables: {A: !Ref Q59}}", below=LISTS),
            "stands for more text than kcli resolves",
        ),
        (template(property="Environment: {Variables: {'': x}}"), "a variable has no name"),
        (template(property="Environment: {Variables: {'a=b': x}}"), "'a=b' is not a name of a variable"),
        (template(property='Environment: {Variables: {a: "x\\0"}}'), "no text has"),
        (template().replace("CodeUri: .", 'CodeUri: "a\\0b"'), "null"),
        (template().replace("CodeUri: .", "CodeUri: " + "a" * 5000), "file name too long"),
        (template(below="  Odd: {Type: [a]}\n  Other: {Type: {a: b}}"), ""),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_what_is_wrong_in_a_template_is_a_sentence_with_its_place(
    text: str, problem: str, write: Write
) -> None:
    file = write("template.yaml", text)
    if not problem:
        find_function()
        return
    with pytest.raises(InputError, match=r"^(?!.*Error:)") as raised:
        find_function()
    assert problem in raised.value.problem
    assert raised.value.place.startswith(str(file))


@pytest.mark.parametrize("more", [ALIASES, "Metadata: &a [*a]", "Metadata: 0x_"])
def test_a_command_that_only_asks_for_streams_refuses_it_too(more: str, write: Write) -> None:
    write("template.yaml", template(more))
    with pytest.raises(InputError):
        template_streams()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("samconfig.yaml", "default: {a: 0x_}"),
        ("samconfig.yaml", f"default:\n  {ALIASES.replace(chr(10), chr(10) + '  ')}"),
        ("samconfig.yaml", "default: &a [*a]"),
        ("samconfig.toml", "a = " + "[" * 5000 + "]" * 5000),
        ("kcli.toml", "a = " + "[" * 5000 + "]" * 5000),
        ("kcli.toml", "stream = " + "1" * 5000),
        ("pyproject.toml", "tool.kcli = " + "{a = " * 3000 + "1" + "}" * 3000),
        ("kcli.toml", 'template = "a\\u0000b"'),
        ("kcli.toml", 'endpoint_url = "http://[::1"'),
        ("kcli.toml", 'endpoint_url = "http://x:99999999"'),
        ("kcli.toml", 'failure_queue_url = "http://[::1"'),
    ],
)
def test_what_is_wrong_in_a_file_of_settings_is_a_sentence(
    file: str, text: str, write: Write
) -> None:
    write(file, text)
    with pytest.raises(InputError) as raised:
        read_settings(environment={})
    assert file in raised.value.place


@pytest.mark.parametrize("text", ["BatchSize: 0x_", "BatchSize: 2024-13-45", "&a [*a]", ALIASES])
def test_a_mapping_file_is_refused_with_its_place(text: str, write: Write) -> None:
    file = write("mapping.yaml", text)
    with pytest.raises(InputError) as raised:
        EventSourceMapping.from_aws(read_mapping(file), place=str(file))
    assert raised.value.place.startswith(str(file))


@pytest.mark.parametrize("levels", [MAX_DEPTH, MAX_DEPTH + 1, 100_000])
def test_any_loader_takes_as_many_levels_as_the_others(levels: int) -> None:
    lists = "[" * levels + "]" * levels
    for load, text in ((load_json, lists), (load_yaml, lists), (load_toml, f"a = {lists[1:-1]}")):
        if levels <= MAX_DEPTH and load is not load_toml:
            assert load(text, "here")
        elif levels > MAX_DEPTH:
            with pytest.raises(InputError, match=r"^here.*: .*nest"):
                load(text, "here")


def test_aliases_that_stand_for_little_are_taken() -> None:
    assert load_yaml("a: &a {b: [1]}\nc: [*a, *a]\nd: {<<: *a}", "here") == {
        "a": {"b": [1]},
        "c": [{"b": [1]}, {"b": [1]}],
        "d": {"b": [1]},
    }


def test_a_template_as_large_as_aws_takes_is_within_the_budget(write: Write) -> None:
    resources = "\n".join(
        f"  F{n}: {{Type: AWS::Serverless::Function, Condition: C, Properties: {{CodeUri: ., "
        f"Handler: app.handler, FunctionName: !Sub 'f-${{AWS::Region}}-{n}', Events: {{K: {{Type: "
        f"Kinesis, Properties: {{Stream: !GetAtt S{n}.Arn, StartingPosition: LATEST}}}}}}}}}}\n"
        f"  S{n}: {{Type: AWS::Kinesis::Stream, Properties: {{Name: !Sub 's-${{AWS::Region}}-{n}'}}}}"
        for n in range(250)
    )
    write("template.yaml", template("Conditions: {C: !Equals [a, a]}", below=resources))
    assert len(template_streams()) == 250
    assert find_function(function="F7").name == "f-us-east-1-7"


def test_a_document_of_many_small_lists_is_looked_through_in_few_calls() -> None:
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    text = f"[{','.join(['[]'] * 300_000)}]"
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        document = load_json(text, "x.json")
    finally:
        sys.setprofile(before)
    assert len(document) == 300_000
    assert calls < 1_000_000


@pytest.mark.parametrize("wrap", ["[{}]", '{{"a": {}}}'])
def test_json_may_be_nested_in_200_levels_and_no_more(wrap: str) -> None:
    text = "[]"
    for _ in range(199):
        text = wrap.format(text)
    assert load_json(text, "x.json")
    with pytest.raises(InputError, match="deeper than 200 levels"):
        load_json(wrap.format(text), "x.json")
