"""The JSON Schemas of what kcli prints, and that each command has one.

`tests/e2e/json_shapes.py` compares what each run of all tests prints with them; here each shape is
printed once.
"""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer

from docs.make_schemas import files, schemas
from kinesis_cli.cli.main import COMMANDS, load
from kinesis_cli.manual.schemas import FOLDER, known_schemas, schema_text
from kinesis_cli.show.shapes.of_commands import PRINTED
from kinesis_cli.show.shapes.words import WORDS
from tests.e2e.json_shapes import why_not
from tests.e2e.local_endpoint import put_poison
from tests.e2e.programs import Completed, Kcli

DESCRIBED = ("json", "ndjson")
OPEN = {"Report"}  # whose figures are AWS's, all that it gives
BATCH = str(Path(__file__).parents[2] / "fixtures" / "batch.json")


def outputs_of(command: Any) -> set[str]:  # noqa: ANN401 - typer's commands are untyped
    """The forms of `--output` that are described: SARIF, annotations and diffs are others'."""
    for option in command.params:
        if "--output" in option.opts:
            return {
                str(getattr(each, "value", each)) for each in option.type_descriptor.choices
            } & {*DESCRIBED}
    return set()


def printing_commands() -> dict[str, set[str]]:
    """Each command that prints JSON, "local status", with the forms."""
    found = {}
    for name in COMMANDS:
        command: Any = typer.main.get_command(load(name))
        found[name] = outputs_of(command)
        for subcommand, its_command in getattr(command, "commands", {}).items():
            found[f"{name} {subcommand}"] = outputs_of(its_command)
    del found["schema"]  # its --output says of which output the schema is
    return {name: outputs for name, outputs in found.items() if outputs}


def test_each_command_that_prints_json_says_what_it_prints() -> None:
    """A command that fails here needs a line in show/shapes/of_commands.py, and `make docs`."""
    described = {
        name: {
            *(["json"] if printed.documents else []),
            *(["ndjson"] if printed.rows or name != "lint" else []),
        }
        for name, printed in PRINTED.items()
    }
    assert described == printing_commands()
    assert known_schemas() == sorted(PRINTED)


def test_the_files_are_what_make_docs_writes() -> None:
    made = files()
    assert {path: path.read_text() for path in made} == made
    assert {*FOLDER.iterdir()} <= {*made}


@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_one_and_names_each_member(name: str) -> None:
    schema = schemas()[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    for title, definition in schema["$defs"].items():
        assert definition.get("additionalProperties") is (None if title in OPEN else False)
        assert definition["description"]
        for member, meaning in definition["properties"].items():
            said = meaning.get("$ref") or meaning["description"]
            assert said, (
                f"kinesis_cli/show/shapes does not say what {member} of {definition['title']} is"
            )


def test_no_word_of_the_shapes_is_left_over() -> None:
    members = {
        member
        for schema in schemas().values()
        for definition in schema["$defs"].values()
        for member in definition["properties"]
    }
    assert {*WORDS} <= members


def test_a_title_means_one_thing_in_all_schemas() -> None:
    found: dict[str, object] = {}
    for schema in schemas().values():
        for title, definition in schema["$defs"].items():
            assert found.setdefault(title, definition) == definition


def run_of(kcli: Kcli, *arguments: str) -> Completed:
    done = kcli(*arguments)
    assert done.returncode == 0, done.stderr
    return done


def shapes(command: str, output: str, text: str) -> set[str]:
    """The titles of those shapes that a text, or a line of it, has."""
    schema = json.loads(schema_text(command, output))
    of = schema.get("anyOf", [{"$ref": schema.get("$ref")}])
    found = set()
    for line in text.splitlines() if output == "ndjson" else [text]:
        for reference in of:
            alone = {**reference, "$defs": schema["$defs"]}
            if jsonschema.Draft202012Validator(alone).is_valid(json.loads(line)):
                found.add(reference["$ref"].rpartition("/")[2])
    return found


FAILING = "--maximum-retry-attempts", "1", "--retention-hours", "0.02", "--seed", "1"
DURATION = "--invocation-duration", "0.1"
HOT = '{"data": {"temperature": [{"numeric": ["<", 100]}]}}'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "output", "arguments", "titles"),
    [
        ("simulate", "json", [BATCH, *FAILING], {"Simulation"}),
        (
            "simulate",
            "ndjson",
            [BATCH, "--maximum-retry-attempts", "1", "--filter", HOT, "--inject", "throttle@1-9"],
            {"RunRow", "InvocationRow", "FilteredRow", "SummaryRow"},
        ),
        ("simulate", "json", [BATCH, "--explain", "5502925887162917256716877842"], {"Life"}),
        ("simulate", "json", [BATCH, "--compare", "mapping.json"], {"Comparison"}),
        ("simulate", "ndjson", [BATCH, "--compare", "mapping.json"], {"ComparedRow"}),
        ("simulate", "json", [BATCH, "--sweep", "BatchSize=5,10", *DURATION], {"Sweep"}),
        (
            "simulate",
            "ndjson",
            [BATCH, "--sweep", "BatchSize=5,10", *DURATION],
            {"SweepRow", "PointRow", "RecommendationRow"},
        ),
        ("invoke", "json", [BATCH], {"Call"}),
        ("invoke", "ndjson", [BATCH], {"Call"}),
        ("lint", "json", ["template.yaml"], {"Lint"}),
        ("lint", "json", ["--rules"], {"Rules"}),
        ("event", "json", [], {"KinesisEvent"}),
        ("event", "json", ["--dynamodb", "--changes", "put,update,ttl"], {"TableEvent"}),
        ("event", "json", ["--kafka"], {"KafkaEvent"}),
        ("event", "ndjson", [], {"KinesisRecord"}),
        ("event", "ndjson", ["--dynamodb", "--changes", "put,ttl"], {"TableRecord"}),
        ("event", "ndjson", ["--kafka", "--self-managed"], {"KafkaLine"}),
        ("config", "json", [], {"Config"}),
    ],
)
def test_a_command_prints_its_shapes(
    command: str,
    output: str,
    arguments: list[str],
    titles: set[str],
    kcli: Kcli,
    tmp_path: Path,
    root: Path,
) -> None:
    (tmp_path / "mapping.json").write_text('{"BatchSize": 5}')
    (tmp_path / "template.yaml").write_text((root / "template.yaml").read_text())
    (tmp_path / "lambda_function").symlink_to(root / "lambda_function")
    printed = run_of(kcli, command, *arguments, "--output", output).stdout
    assert titles <= shapes(command, output, printed)


@pytest.mark.slow
def test_what_is_said_of_a_stream_has_its_shapes(run: Kcli, queue: str) -> None:
    number = put_poison(run)
    recording = run.folder / "batch.json"  # replay keeps its journal beside it
    shutil.copy(BATCH, recording)
    everything = ("--since", "trim-horizon", "--no-follow")
    for command, output, arguments, title in (
        ("put", "json", ["--count", "3"], "Put"),
        ("put", "ndjson", ["--count", "3"], "PutRow"),
        ("put", "json", ["--count", "3", "--dry-run"], "DryRun"),
        ("put", "ndjson", ["--count", "3", "--dry-run"], "WouldPut"),
        ("replay", "json", [str(recording), "--speed", "max"], "Put"),
        ("replay", "json", [str(recording), "--dry-run"], "Load"),
        ("tail", "json", [*everything], "KinesisEvent"),
        ("tail", "ndjson", [*everything], "KinesisRecord"),
        ("status", "json", [], "Status"),
        ("redrive", "json", [], "Redrive"),
        ("redrive", "ndjson", [], "RedrivenRow"),
        ("tail-logs", "ndjson", [*everything], "LogEvent"),
        ("local status", "json", [], "LocalStatus"),
        ("local status", "ndjson", [], "LocalStatus"),
    ):
        done = run_of(run, *command.split(), *arguments, "--output", output)
        assert title in shapes(command, output, done.stdout), f"{command}: {done.stdout[:500]}"
    redriven = json.loads(run_of(run, "redrive", "--output", "json").stdout)
    assert redriven["documents"][0]["startSequenceNumber"] <= number


def test_a_member_that_no_schema_names_does_not_fit(kcli: Kcli) -> None:
    document = json.loads(run_of(kcli, "config", "--output", "json").stdout)
    assert why_not("config", "json", document) == ""
    for at in ((), ("target",), ("settings", 0)):
        changed = copy.deepcopy(document)
        inner = changed
        for step in at:
            inner = inner[step]
        inner["news"] = 1
        assert "news" in why_not("config", "json", changed)
    del document["target"]
    assert "target" in why_not("config", "json", document)


def test_a_schema_is_printed_for_the_words_of_a_command(kcli: Kcli) -> None:
    listed = run_of(kcli, "schema").stdout.splitlines()
    assert listed == known_schemas()
    for name in listed:
        output = ["--output", "ndjson"] if name == "tail-logs" else []
        printed = json.loads(run_of(kcli, "schema", *name.split(), *output).stdout)
        assert printed["title"].startswith(("kcli " + name, "a line of kcli " + name))
    document = run_of(kcli, "schema", "config").stdout
    assert run_of(kcli, "schema", "config", "--output", "ndjson").stdout == document
    lines = run_of(kcli, "schema", "simulate", "--output", "ndjson").stdout
    assert "RunRow" in json.loads(lines)["$defs"]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["simulat"], "Did you mean `kcli schema simulate`?"),
        (["local"], "`kcli schema` lists"),
        (["../../x"], "`kcli schema` lists"),
        (["tail-logs"], "`kcli schema tail-logs --output ndjson`"),
        (["put", "--output", "table"], "--output json or ndjson"),
    ],
)
def test_what_has_no_schema_is_a_sentence(arguments: list[str], advice: str, kcli: Kcli) -> None:
    done = kcli("schema", *arguments)
    assert done.returncode == 2
    assert advice in done.stderr
    assert done.stdout == ""
