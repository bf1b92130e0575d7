"""`kcli check` as users meet it: pages, JSON, JUnit, exit codes, the tests that it leaves."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kinesis_cli.testing.search.registry import PROPERTIES
from tests.check.conftest import Kcli
from tests.check.projects import HERE, NO_MEMBER, ONE_MEMBER, TEMPLATE, project
from tests.e2e.programs import KCLI, Completed

pytestmark = pytest.mark.slow

PLANTED = HERE / "planted"
GOOD = (HERE / "honest" / "plain.py").read_text()
QUICK = ("--max-examples", "10")


def code(name: str) -> str:
    return (PLANTED / f"{name}.py").read_text()


def test_a_failure_is_told_in_words_with_what_lambda_would_do(kcli: Kcli, tmp_path: Path) -> None:
    project(tmp_path, code("whole_batch_raises"))
    done = kcli("check", "samples.jsonl", "--only", "one-bad-record", *QUICK)
    assert done.returncode == 1, done.stderr
    page = done.stdout.partition("✗ one-bad-record:")[2]
    assert page.startswith(" the whole call fails for record 1, although record 2 is good\n")
    assert "  1  record-1  not json  (not JSON)\n" in page
    assert "function failed: JSONDecodeError: " in page
    assert "Lambda   then: both records discarded after 4 calls, 1 of them good" in page
    assert "again    kcli check samples.jsonl --max-examples 10 --only one-bad-record\n" in page
    assert "1 property does not hold, 0 do" in page


def test_a_sound_handler_ends_with_0_and_leaves_nothing(kcli: Kcli, tmp_path: Path) -> None:
    project(tmp_path, GOOD, samples=ONE_MEMBER)
    done = kcli("check", "samples.jsonl", *QUICK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 properties hold" in done.stdout
    names = {each.name for each in tmp_path.iterdir()}
    assert names - {"__pycache__"} == {"src", "samples.jsonl", "template.yaml"}


def test_hypothesis_neither_looks_up_categories_nor_reads_modules() -> None:
    script = """
from pathlib import Path
from kinesis_cli.testing.checks.made_records import Item
from kinesis_cli.testing.search.generation import batches_of, by_itself, go_through

seen = []
with by_itself() as folder:
    batches = batches_of([Item(b'{"v": 1.5, "name": "Ann"}')], ["word", 17])
    go_through(batches, seen.append, random_seed=0, examples=50, shrink=False)
    print(len(seen), [str(each) for each in Path(folder).rglob("*")])
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    count, _, kept = done.stdout.strip().partition(" ")
    assert int(count) >= 50
    assert kept == "[]"  # each of the two keeps what it has found


def test_the_same_seed_prints_the_same_bytes(kcli: Kcli, tmp_path: Path) -> None:
    project(tmp_path, code("whole_batch_raises"), samples=ONE_MEMBER)
    arguments = (
        "check",
        "samples.jsonl",
        "--output",
        "json",
        "--seed",
        "3",
        "--max-examples",
        "40",
    )
    first, second = kcli(*arguments), kcli(*arguments)
    assert first.returncode == second.returncode == 1
    assert first.stdout == second.stdout


def test_json_has_the_batch_the_function_and_what_lambda_would_do(
    kcli: Kcli, tmp_path: Path
) -> None:
    project(tmp_path, code("event_id"))
    done = kcli("check", "samples.jsonl", "--only", "ids-of-batch", "--output", "json", *QUICK)
    document = json.loads(done.stdout)
    assert document["version"] == 1
    assert document["function"]["handler"] == "app.handler"
    assert document["mapping"]["MaximumRetryAttempts"] == 3
    by_name = {each["name"]: each for each in document["properties"]}
    assert len(by_name) == 13
    assert by_name["memory"]["verdict"] == "left out"
    failure = by_name["ids-of-batch"]["failure"]
    (record,) = failure["records"]
    assert record["eventID"] in failure["problem"]
    assert failure["lambda"]["discarded"] == 1
    assert failure["lambda"]["invocations"] == 4
    assert (tmp_path / failure["test"]).is_file()
    event = json.loads((tmp_path / failure["event"]).read_text())
    assert event["Records"] == failure["records"]


def test_junit_has_a_case_for_each_property(kcli: Kcli, tmp_path: Path) -> None:
    project(tmp_path, code("misspelt"))
    only = ("--only", "answer-shape", "--only", "ids-of-batch")
    done = kcli("check", "samples.jsonl", "--junit", "out.xml", "--no-tests", *only, *QUICK)
    assert done.returncode == 1
    (suite,) = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert suite.get("tests") == "13"
    failed = [case for case in suite if case.find("failure") is not None]
    assert [case.get("name") for case in failed] == ["answer-shape"]
    skipped = {case.get("name") for case in suite if case.find("skipped") is not None}
    assert skipped == set(PROPERTIES) - {"answer-shape", "ids-of-batch"}
    assert not (tmp_path / "tests").exists()


@pytest.mark.parametrize(
    ("name", "options", "mended"),
    [
        ("whole_batch_raises", (), GOOD),
        ("event_id", (), GOOD),
        ("last_failed_only", (), GOOD),
        ("caches", (), GOOD),
        ("dict_order", (), GOOD),
        ("mutates", (), GOOD),
        ("swallows_all", (), GOOD),
        ("sleepy", (), GOOD),
        ("leak", (), GOOD),
        ("secret", ("--secret", "name"), GOOD),
        ("uuid_write", ("--idempotent",), GOOD),
    ],
)
def test_the_test_that_is_left_fails_now_and_passes_once_it_is_mended(
    kcli: Kcli, tmp_path: Path, name: str, options: tuple[str, ...], mended: str
) -> None:
    project(tmp_path, code(name))
    wanted = code(name).partition(":")[0].strip('"')
    done = kcli("check", "samples.jsonl", "--only", wanted, *options, *QUICK)
    assert done.returncode == 1, done.stdout + done.stderr
    (test,) = (tmp_path / "tests").glob("test_*.py")
    assert test.read_text().startswith(f'"""{wanted} does not hold.')
    project(tmp_path / "mended", mended)
    shutil.copytree(tmp_path / "tests", tmp_path / "mended" / "tests")
    both = pytest_in(tmp_path)
    assert both.returncode == 1, both.stdout
    assert f"CheckFailedError: {wanted}: " in both.stdout
    (failed,) = re.findall("^FAILED (.*)::", both.stdout, re.MULTILINE)
    assert failed == f"tests/{test.name}"
    assert "1 failed, 1 passed" in both.stdout


def pytest_in(folder: Path) -> Completed:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    # of all plugins that are installed here; to load them takes three times as long as the tests
    plugin = ("-p", "kinesis_cli.testing.plugin")
    options = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *plugin, "tests", "mended/tests"],
        cwd=folder,
        env={**variables, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_counterexample_gets_one_test_however_often_it_is_found(
    kcli: Kcli, tmp_path: Path
) -> None:
    project(tmp_path, code("misspelt"))
    for _ in range(2):
        kcli("check", "samples.jsonl", "--only", "answer-shape", *QUICK)
    assert len(list((tmp_path / "tests").glob("*.py"))) == 1
    project(tmp_path, code("misspelt_item"))
    kcli("check", "samples.jsonl", "--only", "answer-shape", *QUICK)
    assert len(list((tmp_path / "tests").glob("*.py"))) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "one-bad-recrod"), "Did you mean one-bad-record?"),
        (("--only", "no-secrets-in-log"), "Name the members: --secret card.number."),
        (("samples.jsonl", "--model", "a:B"), "both say what records carry"),
        (("missing.json",), "missing.json: no such file or directory"),
        (("--aws", "shell"), "--aws local has services"),
        (("--tests", "template.yaml/x", "samples.jsonl", "--only", "answer-shape"), "--no-tests"),
    ],
)
def test_bad_input_is_one_sentence(
    kcli: Kcli, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    project(tmp_path, code("misspelt"))
    done = kcli("check", *arguments, *QUICK)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_hypothesis_it_says_what_to_type(tmp_path: Path) -> None:
    project(tmp_path, GOOD)
    script = (
        "import sys; sys.modules['hypothesis'] = None; from kinesis_cli.cli.main import main;"
        "sys.exit(main(['check']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert "hypothesis" in done.stderr
    assert "check]" in done.stderr


def test_ctrl_c_shows_what_was_found_so_far(tmp_path: Path) -> None:
    waits = tmp_path / "waits"
    project(
        tmp_path,
        f"""
import pathlib
def handler(event, context):
    pathlib.Path({str(waits)!r}).touch()
    while True: pass
""",
        template=TEMPLATE.replace("Timeout: 3", "Timeout: 900"),
    )
    with subprocess.Popen(
        [*KCLI, "check", "samples.jsonl", "--no-tests"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not waits.exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "left out: interrupted" in printed


ENDINGS = {
    "it hangs": "while True: pass",
    "it sleeps": "import time; time.sleep(10_000)",
    "it exits": "import os; os._exit(0)",
    "it is killed": "import os; os.kill(os.getpid(), 9)",
    "it calls sys.exit": "import sys; sys.exit(1)",
    "it prints a lot": "print('x' * 1_000_000)",
    "it closes standard output": "import sys; sys.stdout.close()",
    "it leaves a thread": "import threading, time; threading.Thread(target=time.sleep, "
    "args=(10_000,)).start()",
    "it leaves a process": "import subprocess; subprocess.Popen(['sleep', '10000'])",
    "it changes the environment": "import os; os.environ.clear(); os.chdir('/')",
    "it swallows everything": "import sys; sys.modules.clear()",
    "it changes builtins": "import builtins; builtins.len = None",
}


@pytest.mark.parametrize("statement", ENDINGS.values(), ids=ENDINGS)
def test_a_check_ends_well_whatever_the_handler_does(
    kcli: Kcli, tmp_path: Path, statement: str
) -> None:
    project(tmp_path, f"def handler(event, context):\n    {statement}\n", samples=NO_MEMBER)
    only = ("--only", "time", "--only", "no-state-leak", "--max-examples", "0")
    done = kcli("check", "samples.jsonl", "--no-tests", *only)
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert "bug in kcli" not in done.stderr
