"""Each planted bug is found under its name, in few records; handlers without one pass."""

from pathlib import Path

import pytest

from tests.check.conftest import Check
from tests.check.projects import FEW_MEMBERS, HONEST, PLANTED, SAMPLES, planted
from tests.examples import TIMES

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

MAX_RECORDS = 3
MAX_BATCHES = 4_000
# A handler without a bug goes through everything, for seconds: `make soak` tries all of them, with
# more samples.
TRIED = HONEST if TIMES > 1 else HONEST[::3]
CARRIED = SAMPLES if TIMES > 1 else FEW_MEMBERS


@pytest.mark.parametrize("file", PLANTED, ids=lambda file: file.stem)
def test_a_planted_bug_is_found_under_its_name(file: Path, check: Check) -> None:
    bug = planted(file)
    sizes, secrets = bug.values_of("--batch-size"), bug.values_of("--secret")
    mapping: dict[str, object] = {"BatchSize": int(sizes[0])} if sizes else {}
    report = check(file.read_text(), bug.property, secrets=secrets, mapping=mapping)
    (failed,) = report.failures
    assert failed.name == bug.property
    assert failed.failure is not None
    assert len(failed.failure.records) <= MAX_RECORDS  # a full batch: few, many times
    assert report.batches <= MAX_BATCHES


def test_there_are_enough_of_them() -> None:
    assert len(PLANTED) >= 15
    assert len(HONEST) >= 10


@pytest.mark.parametrize("file", TRIED, ids=lambda file: file.stem)
def test_a_handler_without_a_bug_raises_no_alarm(file: Path, check: Check) -> None:
    report = check(file.read_text(), examples=40, samples=CARRIED)
    assert {each.name: each.failure for each in report.failures} == {}
    assert sum(each.verdict == "held" for each in report.results) >= 9
