"""`kcli check` of functions in processes of their own: other languages, and `--isolated`."""

import json
import shutil
from pathlib import Path

import pytest

from tests.check.conftest import Kcli
from tests.check.projects import ONE_MEMBER, TEMPLATE, project
from tests.check.test_command import QUICK, code

pytestmark = pytest.mark.slow

has_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")

NODE = """\
exports.handler = async (event) => {
  const batchItemFailures = [];
  for (const record of event.Records) {
    const text = Buffer.from(record.kinesis.data, "base64").toString();
    %s
  }
  return { batchItemFailures };
};
"""
RAISES = NODE % "JSON.parse(text);"
REPORTS = NODE % (
    "try { JSON.parse(text).v.toString(); } catch (error) {"
    " batchItemFailures.push({ itemIdentifier: record.kinesis.sequenceNumber }); }"
)


def node(folder: Path, text: str) -> None:
    template = TEMPLATE.replace("python3.13", "nodejs22.x")
    project(folder, "", template=template, samples=ONE_MEMBER)
    (folder / "src" / "app.py").unlink()
    (folder / "src" / "app.js").write_text(text)


@has_node
def test_a_bug_in_node_js_is_found_and_shown_without_lambdas_own_lines(
    kcli: Kcli, tmp_path: Path
) -> None:
    node(tmp_path, RAISES)
    done = kcli("check", "samples.jsonl", "--only", "one-bad-record", "--no-tests", *QUICK)
    assert done.returncode == 1, done.stderr
    assert "✗ one-bad-record: the whole call fails for record 1" in done.stdout
    assert "function failed: SyntaxError: " in done.stdout
    assert "RequestId: 0" not in done.stdout.partition("✗ one-bad-record:")[2]


@has_node
def test_a_sound_function_in_node_js_has_what_can_be_seen_from_outside(
    kcli: Kcli, tmp_path: Path
) -> None:
    node(tmp_path, REPORTS)
    done = kcli("check", "samples.jsonl", "--max-examples", "5", "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    properties = {each["name"]: each for each in json.loads(done.stdout)["properties"]}
    held = {name for name, each in properties.items() if each["verdict"] == "held"}
    assert held == {
        "samples-handled",
        "answer-shape",
        "ids-of-batch",
        "one-bad-record",
        "neighbours",
        "deterministic",
        "no-state-leak",
        "time",
        "mapping-fits",
    }
    assert "nobody can look into the process" in properties["memory"]["why"]


def test_isolated_finds_what_is_kept_from_batch_to_batch(kcli: Kcli, tmp_path: Path) -> None:
    project(tmp_path, code("failures_global"), samples=ONE_MEMBER)
    only = ("--only", "no-state-leak", "--only", "memory")
    done = kcli("check", "samples.jsonl", "--isolated", "--no-tests", *only, *QUICK)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "✗ no-state-leak: in a fresh environment the batch is handled" in done.stdout
    assert "memory            left out: nobody can look into the process" in done.stdout
