"""What records carry: samples, models, and what is said where none of it is handled."""

import json
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from tests.check.conftest import Check, Kcli
from tests.check.projects import ONE_MEMBER, PLANTED, project
from tests.check.test_command import GOOD, QUICK

pytestmark = pytest.mark.slow

MODELS = """\
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, Field


class Line(BaseModel):
    sku: str
    pieces: int = Field(ge=1)


class Order(BaseModel):
    at: datetime
    v: int = Field(alias="value")
    lines: list[Line] = Field(min_length=1)


@dataclass
class Reading:
    sensor: str
    value: float
    lines: list[int] = field(default_factory=list)
"""

# Without `lines` it is not reached: samples of another shape would not show it.
OF_THE_MODEL = """\
import base64, json

def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            payload = json.loads(base64.b64decode(record["kinesis"]["data"]))
            lines, _ = payload["lines"], payload["value"]
        except Exception:
            failures.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
            continue
        len(lines)
    return {"batchItemFailures": failures}
"""


@pytest.mark.parametrize("model", ["models:Order", "models:Reading"])
def test_a_model_says_what_records_carry(kcli: Kcli, tmp_path: Path, model: str) -> None:
    project(tmp_path, OF_THE_MODEL)
    (tmp_path / "models.py").write_text(MODELS)
    done = kcli("check", "--model", model, "--only", "one-bad-record", "--output", "json", *QUICK)
    assert done.returncode == 1, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["samples"] == {"from": f"--model {model}", "payloads": 20}
    (found,) = (each for each in document["properties"] if each["failure"])
    assert "object of type" in "\n".join(found["failure"]["function"])
    assert any(each.startswith("lines: ") for each in found["failure"]["madeOf"])


def test_the_same_seed_makes_the_same_of_a_model(kcli: Kcli, tmp_path: Path) -> None:
    project(tmp_path, OF_THE_MODEL)
    (tmp_path / "models.py").write_text(MODELS)
    only = ("--only", "one-bad-record", "--output", "json", "--no-tests", *QUICK)
    first, second = (kcli("check", "--model", "models:Reading", *only).stdout for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("models:Orders", "AttributeError: module 'models' has no attribute 'Orders'"),
        ("models:field", "field is neither a pydantic model nor a dataclass"),
        ("models", "a model is named as package.module:Model"),
    ],
)
def test_a_model_that_is_none_is_refused(kcli: Kcli, tmp_path: Path, model: str, said: str) -> None:
    project(tmp_path, OF_THE_MODEL)
    (tmp_path / "models.py").write_text(MODELS)
    done = kcli("check", "--model", model, *QUICK)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_samples_of_which_none_is_handled_fail_the_check(kcli: Kcli, tmp_path: Path) -> None:
    handler = "import os\n\ndef handler(event, context):\n    os.environ['TABLE']\n"
    project(tmp_path, handler, samples=ONE_MEMBER * 2)
    done = kcli("check", "samples.jsonl", *QUICK)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "✗ samples-handled: none of 2 records is handled, alone" in done.stdout
    assert "function failed: KeyError: 'TABLE'" in done.stdout
    assert "one-bad-record    left out: no sample is handled by itself" in done.stdout
    (test,) = (tmp_path / "tests").glob("test_*.py")
    assert "checks.samples_handled(function, records)" in test.read_text()


def test_one_sample_that_is_handled_is_enough(check: Check) -> None:
    report = check(GOOD, "samples-handled", samples='{"w": 1}\n{"v": 1}\n{"w": 2}\n')
    assert report.failures == []


def test_samples_that_hang_are_another_propertys_business(check: Check) -> None:
    report = check("def handler(event, context):\n    while True: pass\n", "samples-handled")
    assert report.failures == []


def test_where_nothing_that_kcli_thinks_of_is_handled_samples_are_asked_for(
    kcli: Kcli, tmp_path: Path
) -> None:
    code = "def handler(event, context):\n    raise ValueError('another stream')\n"
    project(tmp_path, code)
    done = kcli("check", "--no-tests", "--only", "answer-shape", *QUICK)
    assert done.returncode == 2, done.stdout
    assert "nothing that kcli could think of is handled" in done.stderr
    assert "ValueError: another stream" in done.stderr
    assert "`kcli check SAMPLES`" in done.stderr


def test_a_payload_that_is_the_samples_own_is_not_called_a_variant(check: Check) -> None:
    (file,) = (each for each in PLANTED if each.stem == "leak")
    (failed,) = check(file.read_text(), "memory").failures
    assert failed.failure is not None
    assert failed.failure.made_of == ("",)


def test_there_must_be_records_in_the_samples(check: Check) -> None:
    with pytest.raises(InputError, match=r"samples\.jsonl"):
        check(GOOD, samples="")
