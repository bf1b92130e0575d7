"""The pytest plugin, as a user's project has it."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testing.projects import TEMPLATE, make_project

pytestmark = pytest.mark.slow


def poison(deliveries: int) -> str:
    return f"""
    import app

    def test_poison(kinesis):
        payloads = [{{"v": 1}}, b"not json", {{"v": 3}}]
        records = kinesis.records(payloads, key="device-1", shards=1)
        run = kinesis.deliver(records, app.lambda_handler)
        assert run.discarded == [records[1]]
        assert run.deliveries(records[2]) == {deliveries}
    """


def test_records_are_delivered_under_the_mapping_of_the_template(
    pytester: pytest.Pytester,
) -> None:
    make_project(pytester, poison(3))
    pytester.runpytest().assert_outcomes(passed=1)


def test_a_wrong_number_of_deliveries_is_told_with_the_life_of_the_record(
    pytester: pytest.Pytester,
) -> None:
    make_project(pytester, poison(1))
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *assert 3 == 1",
            'E *record 3 (…* of shard 0, key device-1, {"v": 3}) was delivered 3 times, not once',
            "E *call 0, attempt 1, with 2 others: failed: JSONDecodeError: *",
            "E *ended: succeeded",
            "E *to see it again: kcli simulate .kcli/failed/test_app.py__test_poison/recording*",
            "*Kinesis delivery 1*",
            "3 records: 2 succeeded, 1 discarded; 7 calls of app.lambda_handler",
            "mapping: template.yaml, Orders",
            "*call 0, attempt 1, records 1 to 3: failed: JSONDecodeError*split into 1 + 2",
            "record 2 (*) discarded: JSONDecodeError: Expecting value*",
            '*File "*src/app.py", line 6, in lambda_handler',
        ]
    )


def waiting_in(page: str) -> list[int]:
    """How many records waited, from change to change, as a page draws them."""
    (found,) = re.findall(r'"waiting":\s*{\s*"runs":\s*(\[[\d,\s]*\])', page)
    runs: list[int] = json.loads(found)  # a number, how often, the next one, …
    return runs[::2]


def test_each_delivery_of_a_failed_test_has_a_page(pytester: pytest.Pytester) -> None:
    make_project(pytester, poison(1))
    result = pytester.runpytest("--kinesis-report", "pages")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Kinesis report*", "*pages/test_app.py__test_poison.html"])
    (page,) = (pytester.path / "pages").iterdir()
    text = page.read_text()
    assert "app.lambda_handler (in a test)" in text
    assert "pytest test_app.py::test_poison" in text
    assert "JSONDecodeError" in text
    assert waiting_in(text) == [3, 2, 1]  # the first, the poison record, the last are done
    test = pytester.path / "test_app.py"
    test.write_text(test.read_text().replace("== 1", "== 3"))
    pytester.runpytest("--kinesis-report", "pages").assert_outcomes(passed=1)
    assert list((pytester.path / "pages").iterdir()) == []


def test_without_the_option_nothing_is_written_and_nothing_more_is_loaded(
    pytester: pytest.Pytester,
) -> None:
    make_project(pytester, poison(1))
    pytester.makeconftest(
        """
        import sys
        def pytest_unconfigure():
            print("loaded:", "kinesis_cli.pytest_report" in sys.modules)
        """
    )
    result = pytester.runpytest_subprocess("-s")
    result.stdout.fnmatch_lines(["loaded: False"])
    assert not (pytester.path / "pages").exists()


def command_in(output: str) -> list[str]:
    line = next(line for line in output.splitlines() if "to see it again: " in line)
    return shlex.split(line.partition("to see it again: ")[2])


def test_the_command_of_a_failure_shows_the_record_s_life_again(
    pytester: pytest.Pytester,
) -> None:
    folder = make_project(pytester, poison(1))
    name, *arguments = command_in(pytester.runpytest("-vv").stdout.str())
    assert name == "kcli"
    kcli = Path(sys.executable).with_name("kcli")
    shown = subprocess.run(
        [kcli, *arguments, "--output", "json"], cwd=folder, capture_output=True, check=True
    )
    life = json.loads(shown.stdout)
    assert (life["partitionKey"], life["ended"]) == ("device-1", "succeeded")
    assert [step["what"].partition(",")[0] for step in life["life"]] == [
        "arrived on the stream",
        "call 0",
        "call 2",
        "call 6",
    ]


def test_what_a_failure_kept_goes_when_the_test_passes(pytester: pytest.Pytester) -> None:
    folder = make_project(pytester, poison(1))
    pytester.runpytest()
    kept = folder / ".kcli" / "failed" / "test_app.py__test_poison"
    assert sorted(each.name for each in kept.iterdir()) == ["mapping.json", "recording.ndjson"]
    assert (folder / ".kcli" / ".gitignore").read_text() == "*\n"
    mapping = json.loads((kept / "mapping.json").read_text())
    assert (mapping["BatchSize"], mapping["MaximumRetryAttempts"]) == (10, 2)
    pytester.makepyfile(
        test_app="def test_poison(kinesis): kinesis.deliver([1], lambda e, c: None)"
    )
    pytester.runpytest().assert_outcomes(passed=1)
    assert not kept.exists()


def test_markers_and_keywords_set_the_mapping_and_the_closest_wins(
    pytester: pytest.Pytester,
) -> None:
    make_project(
        pytester,
        """
        import pytest

        def sizes(kinesis, **settings):
            run = kinesis.deliver(kinesis.records(range(12)), lambda e, c: None, **settings)
            return [len(call.records) for call in run.calls]

        def test_template(kinesis):
            assert sizes(kinesis) == [10, 2]

        @pytest.mark.kinesis(BatchSize=6)
        class TestMarked:
            def test_class(self, kinesis):
                assert sizes(kinesis) == [6, 6]

            @pytest.mark.kinesis(BatchSize=4)
            def test_function(self, kinesis):
                assert sizes(kinesis) == [4, 4, 4]
                assert sizes(kinesis, BatchSize=12) == [12]

        @pytest.mark.kinesis(mapping={"BatchSize": 12})
        def test_mapping(kinesis):
            run = kinesis.deliver([1], lambda e, c: None)
            assert (run.mapping.batch_size, run.mapping.maximum_retry_attempts) == (12, -1)
        """,
    )
    pytester.runpytest("--strict-markers").assert_outcomes(passed=4)


def test_a_setting_that_lambda_refuses_is_one_sentence_at_the_test_s_own_line(
    pytester: pytest.Pytester,
) -> None:
    make_project(
        pytester,
        """
        def test_it(kinesis):
            kinesis.deliver([1], lambda event, context: None, BatchSizes=10)
        """,
    )
    result = pytester.runpytest()
    result.stdout.fnmatch_lines(
        [
            ">       kinesis.deliver([[]1], lambda event, context: None, BatchSizes=10)",
            "E       *InputError: 'BatchSizes' is not a setting of an event source mapping",
            "E       Did you mean BatchSize?",
        ]
    )
    assert "kinesis_cli/testing" not in result.stdout.str()


SECOND = """
  Returns:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: returns.lambda_handler
      Events:
        Stream:
          Type: Kinesis
          Properties: {Stream: !GetAtt Stream.Arn, StartingPosition: LATEST, BatchSize: 3}
"""


def test_of_several_functions_the_one_that_is_called_or_named_is_meant(
    pytester: pytest.Pytester,
) -> None:
    folder = make_project(
        pytester,
        """
        import app, returns, pytest

        def test_called(kinesis):
            assert kinesis.deliver([b"{}"], returns.lambda_handler).mapping.batch_size == 3
            assert kinesis.deliver([{"v": 1}], app.lambda_handler).mapping.batch_size == 10

        @pytest.mark.kinesis(function="Returns")
        def test_named(kinesis):
            assert kinesis.deliver([1], lambda e, c: None).mapping.batch_size == 3

        def test_neither(kinesis):
            kinesis.deliver([1], lambda e, c: None)
        """,
    )
    (folder / "template.yaml").write_text(TEMPLATE + SECOND)
    (folder / "src" / "returns.py").write_text("def lambda_handler(event, context): pass\n")
    result = pytester.runpytest()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["E *has 2 functions fed by Kinesis: Orders, Returns", "E *kinesis_function = NAME*"]
    )


def test_the_ini_file_names_template_and_function(pytester: pytest.Pytester) -> None:
    folder = make_project(
        pytester,
        """
        def test_it(kinesis):
            run = kinesis.deliver([1], lambda event, context: None)
            assert run.mapping_origin == "stack.yaml, Returns"

        def test_without_the_fixture():
            from kinesis_cli.testing import deliver
            run = deliver([1], lambda event, context: None)
            assert run.mapping_origin == "stack.yaml, Returns"
        """,
        ini="kinesis_template = infra/stack.yaml\nkinesis_function = Returns\n",
    )
    (folder / "infra").mkdir()
    (folder / "template.yaml").rename(folder / "infra" / "stack.yaml")
    (folder / "infra" / "stack.yaml").write_text(TEMPLATE + SECOND)
    pytester.runpytest().assert_outcomes(passed=2)


def test_a_seed_is_an_option_and_changes_when_the_polls_come(pytester: pytest.Pytester) -> None:
    make_project(
        pytester,
        """
        def test_it(kinesis):
            run = kinesis.deliver([1], lambda event, context: None)
            print("at", run.calls[0].at, run.calls[0].request_id, kinesis.seed)
        """,
    )

    def told(*options: str) -> str:
        lines = pytester.runpytest("-s", *options).stdout.lines
        return next(line for line in lines if "at 1735689600." in line)

    assert told() == told() == told("--kinesis-seed=0")
    assert told("--kinesis-seed=7").split()[-1] == "7"
    assert told("--kinesis-seed=7") != told()


def test_a_user_s_own_lambda_context_comes_first(pytester: pytest.Pytester) -> None:
    make_project(
        pytester,
        """
        import pytest

        @pytest.fixture
        def lambda_context():
            return "mine"

        def test_it(lambda_context):
            assert lambda_context == "mine"
        """,
    )
    pytester.runpytest().assert_outcomes(passed=1)


def test_lambda_context_is_there_where_the_user_has_none(pytester: pytest.Pytester) -> None:
    make_project(
        pytester,
        """
        import app

        def test_it(kinesis, lambda_context):
            assert app.lambda_handler(kinesis.event([{"v": 1}]), lambda_context) is None
            assert 2900 < lambda_context.get_remaining_time_in_millis() <= 3000
        """,
    )
    pytester.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize("base", ["", "(unittest.TestCase)"])
def test_unittest_has_deliver_and_tells_of_it_too(pytester: pytest.Pytester, base: str) -> None:
    make_project(
        pytester,
        f"""
        import unittest
        import app
        from kinesis_cli.testing import deliver

        class TestOrders{base}:
            def test_it(self):
                run = deliver([{{"v": 1}}, "poison"], app.lambda_handler)
                run.assert_all_handled()
        """,
    )
    result = pytester.runpytest()
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: 1 of 2 records not handled: *",
            "E *record 2 (…* of shard 0, key record-2, poison):",
            "E *given up: RetryAttemptsExhausted, one on-failure document for 1 record",
            "E *to see it again: kcli simulate *",
        ]
    )


MISTAKES = {
    'kinesis.deliver({"v": 1}, bad)': "Payloads come in a list: deliver([[]payload], …).",
    'kinesis.records("text")': "payloads come in a list, this is one str",
    "kinesis.records(5)": "payloads come in a list, this is one int",
    'kinesis.event({"v": 1})': "payloads come in a list, this is one dict",
    'kinesis.aggregate(b"1")': "Write aggregate([[]payload]).",
    'kinesis.deliver("missing.ndjson", bad)': "missing.ndjson: no such file or directory",
    'kinesis.deliver([1], "app.nothing")': "*no function nothing*",
    'kinesis.deliver([1], bad, inject=["bang@1"])': "*not a fault; there are throttle, *",
    "kinesis.deliver([1], bad, BatchSize=0)": "*BatchSize is 0, AWS accepts 1 to 10000",
    'kinesis.at("noon")': "*'noon' is not a time",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_sentence_at_its_own_line(
    pytester: pytest.Pytester, mistake: str
) -> None:
    make_project(
        pytester,
        f"""
        def bad(event, context):
            raise ValueError

        def test_it(kinesis):
            {mistake}
        """,
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E  *{MISTAKES[mistake]}"])
    shown = result.stdout.str()
    assert f">       {mistake}" in shown
    assert "direct cause" not in shown
    assert "kinesis_cli/" not in shown


def test_a_wrong_marker_is_told_without_a_traceback(pytester: pytest.Pytester) -> None:
    make_project(
        pytester,
        """
        import pytest

        @pytest.mark.kinesis("template.yaml")
        def test_it(kinesis): ...
        """,
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*takes names only: kinesis(BatchSize=10)"])
    assert "def kinesis(" not in result.stdout.str()


def test_without_a_template_a_function_must_be_passed(pytester: pytest.Pytester) -> None:
    folder = make_project(
        pytester,
        """
        def test_nothing_named(kinesis):
            kinesis.deliver([1])

        def test_a_function(kinesis):
            run = kinesis.deliver([1], lambda event, context: None)
            assert run.mapping_origin == "AWS's defaults"
        """,
    )
    (folder / "template.yaml").unlink()
    (folder / "src" / "app.py").write_text("")
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E  *Pass the function: deliver(records, app.handler)."])
