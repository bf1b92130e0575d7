"""Functions that are objects of the test: called in its process, with all that it set up."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any, cast
from unittest.mock import Mock, patch

import pytest

from kinesis_cli import InputError
from kinesis_cli.testing import Kinesis, LambdaContext, Record, Run, deliver

Event = dict[str, Any]
NOTHING: dict[str, object] = {}  # a mapping: AWS's defaults
ONCE: dict[str, object] = {"MaximumRetryAttempts": 0}


def test_payloads_are_sent_as_bytes_texts_or_json(kinesis: Kinesis) -> None:
    records = kinesis.records([b"\xff", "tä", {"v": 1}, [1], 2, None, True])
    assert [record.data for record in records] == [
        *(b"\xff", "tä".encode(), b'{"v": 1}', b"[1]", b"2", b"null", b"true"),
    ]
    assert [record.partition_key for record in records[:2]] == ["record-1", "record-2"]
    assert records[2].json() == {"v": 1}


def test_keys_choose_shards_and_may_come_from_the_payload(kinesis: Kinesis) -> None:
    records = kinesis.records(
        [{"id": each} for each in "abcdef"], key=lambda each: each["id"], shards=3
    )
    assert [record.partition_key for record in records] == list("abcdef")
    assert len({record.shard_id for record in records}) > 1
    again = kinesis.records([{"id": "a"}], key="a", shards=3)
    assert again[0].shard_id == records[0].shard_id
    assert int(again[0].sequence_number) > int(records[0].sequence_number)


def test_no_two_records_of_a_test_have_the_same_number(kinesis: Kinesis) -> None:
    made = [*kinesis.records([1, 2]), *kinesis.records([3], shards=2), *kinesis.records([4])]
    assert len({record.sequence_number for record in made}) == 4


@pytest.mark.parametrize("key", ["", "x" * 257, 7])
def test_a_key_that_no_stream_takes_is_refused(kinesis: Kinesis, key: object) -> None:
    with pytest.raises(InputError, match="is no partition key"):
        kinesis.records([1], key=lambda _: cast("str", key))


def test_records_show_what_they_hold_and_nothing_acts_on_a_terminal(kinesis: Kinesis) -> None:
    plain, hostile, large, empty = kinesis.records(
        [{"v": 1}, b"\x1b[31mred\x9b", b"x" * 300, b""], key="device-1"
    )
    assert repr(plain).endswith('of shard 0, key device-1, {"v": 1}>')
    assert "\x1b" not in repr(hostile)
    assert "\\x1b[31mred" in repr(hostile)
    assert repr(large).endswith("x… (300 bytes)>")
    assert repr(empty).endswith("(empty)>")


def test_the_event_is_what_lambda_sends(kinesis: Kinesis) -> None:
    event = kinesis.event([{"v": 1}], key="device-1")
    (record,) = event["Records"]
    assert record["kinesis"]["data"] == "eyJ2IjogMX0="
    assert record["eventSource"] == "aws:kinesis"
    assert record["eventID"] == f"shardId-000000000000:{record['kinesis']['sequenceNumber']}"


def test_every_kind_of_broken_payload_can_be_made_and_an_unknown_one_names_them(
    kinesis: Kinesis,
) -> None:
    with pytest.raises(InputError, match="there are: not JSON, empty, cut off, ") as refused:
        kinesis.broken("burnt")
    kinds = str(refused.value).partition("there are: ")[2].split(", ")
    for kind in kinds:
        assert isinstance(kinesis.broken(kind), bytes)
    assert kinesis.broken("missing member", {"a": 1, "b": 2}, member="b") == b'{"a": 1}'
    assert kinesis.broken("cut-off", b"1234") == b"12"
    assert len(kinesis.broken("huge")) > 1_000_000


def test_one_record_may_hold_many_as_the_producer_library_packs_them(kinesis: Kinesis) -> None:
    packed = kinesis.aggregate([{"v": each} for each in range(3)], key="device-1")
    assert packed.data.startswith(b"\xf3\x89\x9a\xc2")
    consumer = "arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1"
    opened = kinesis.aggregate([1, 2, 3], event_source_arn=consumer)
    run = kinesis.deliver([opened], lambda event, context: None, mapping=NOTHING)
    assert run.succeeded == 3


def failing_on(*payloads: bytes) -> Callable[[Event, object], None]:
    import base64

    def handler(event: Event, context: object) -> None:
        for record in event["Records"]:
            if base64.b64decode(record["kinesis"]["data"]) in payloads:
                raise ValueError(f"cannot take {record['kinesis']['data']}")

    return handler


def test_a_run_tells_how_each_record_ended(kinesis: Kinesis) -> None:
    mapping = {
        "MaximumRetryAttempts": 0,
        "BisectBatchOnFunctionError": True,
        "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"v": [{"numeric": [">", 0]}]}}'}]},
    }
    records = kinesis.records([{"v": 0}, {"v": 1}, {"v": 2}, {"v": 3}])
    run = kinesis.deliver(records, failing_on(b'{"v": 2}'), mapping=mapping)
    assert run.filtered == [records[0]]
    assert run.discarded == [records[2]]
    assert run.succeeded == 2
    assert run.expired == []
    assert [run.ending(each) for each in records] == [
        "filtered",
        "succeeded",
        "discarded",
        "succeeded",
    ]
    assert [int(run.deliveries(each)) for each in records] == [0, 2, 3, 3]
    assert run.documents[0]["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert "matches no filter" in run.life(records[0])
    assert run.summary.invocations == len(run.calls) == 5
    assert repr(run).startswith("<Run of 4 records: 2 succeeded, 1 discarded, 1 filtered; 5 calls")


def test_a_call_tells_its_records_response_exception_and_log(kinesis: Kinesis) -> None:
    def handler(event: Event, context: LambdaContext) -> object:
        sys.stdout.write(f"called with {len(event['Records'])}\n")
        logging.getLogger().warning("about %s", context.aws_request_id)
        if len(event["Records"]) > 1:
            raise RuntimeError("too many")
        return {"batchItemFailures": []}

    records = kinesis.records([1, 2])
    mapping = {"BisectBatchOnFunctionError": True}
    first, second, _ = kinesis.deliver(records, handler, mapping=mapping).calls
    assert first.records == tuple(records)
    assert (first.outcome, second.outcome) == ("failed", "success")
    assert isinstance(first.exception, RuntimeError)
    assert first.traceback is not None
    assert first.traceback.tb_frame.f_code.co_filename == __file__
    assert first.error is not None
    assert first.error.error_type == "RuntimeError"
    assert second.response == {"batchItemFailures": []}
    assert first.log[0] == "called with 2"
    assert first.log[1].startswith("[WARNING]\t2025-01-01T00:00:0")
    assert repr(first) == "<Call 0, attempt 1, 2 records: failed, RuntimeError>"


def test_the_same_exception_of_a_day_of_retries_is_kept_once(kinesis: Kinesis) -> None:
    run = kinesis.deliver([b"x"], failing_on(b"x"), mapping=NOTHING)
    assert len(run.calls) > 1000
    assert len({id(call.exception) for call in run.calls}) == 1
    assert run.expired == list(run.records)


def test_the_test_s_environment_mocks_and_monkeypatches_are_in_force(
    kinesis: Kinesis, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TABLE_NAME", "orders-test")
    seen = []

    def handler(event: Event, context: object) -> None:
        seen.append((os.environ["TABLE_NAME"], os.getlogin(), os.getpid()))
        sys.stdout.write("to the output\n")
        sys.stderr.write("to the error\n")

    with patch("os.getlogin", return_value="somebody"):
        run = kinesis.deliver([1], handler, mapping=NOTHING)
    assert seen == [("orders-test", "somebody", os.getpid())]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("to the output\n", "to the error\n")
    assert run.calls[0].log == ("to the output", "to the error")


def test_a_mock_is_a_function_too(kinesis: Kinesis) -> None:
    handler = Mock(side_effect=[ValueError("once"), {"batchItemFailures": []}])
    run = kinesis.deliver([{"v": 1}], handler, mapping=NOTHING)
    assert (run.succeeded, handler.call_count) == (1, 2)
    assert handler.call_args.args[0]["Records"][0]["kinesis"]["partitionKey"] == "record-1"


def test_logging_goes_to_caplog_and_is_left_as_it_was(
    kinesis: Kinesis, caplog: pytest.LogCaptureFixture
) -> None:
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level

    def handler(event: Event, context: object) -> None:
        logging.getLogger("orders").error("seen")

    kinesis.deliver([1], handler, mapping=NOTHING)
    assert [record.message for record in caplog.records] == ["seen"]
    assert (list(logging.getLogger().handlers), logging.getLogger().level) == (handlers, level)


# Time


def test_the_clock_of_a_call_is_virtual_and_sleeps_are_not_waited_for(kinesis: Kinesis) -> None:
    seen = []

    def handler(event: Event, context: LambdaContext) -> None:
        seen.append((datetime.now(UTC), context.get_remaining_time_in_millis()))
        time.sleep(100)
        sleep(200)  # taken out of `time` when this file was imported
        seen.append((datetime.now(UTC), context.get_remaining_time_in_millis()))

    began = time.monotonic()
    kinesis.at("2031-05-06T07:08:09Z").deliver([1], handler, mapping=NOTHING)
    assert time.monotonic() - began < 100
    (first, left), (last, left_then) = seen
    assert f"{first:%Y-%m-%dT%H:%M}" == "2031-05-06T07:08"
    assert (last - first, left - left_then) == (timedelta(seconds=300), 300_000)
    assert datetime.now(UTC).year != 2031


def test_a_call_that_sleeps_past_the_timeout_is_timed_out(kinesis: Kinesis, tmp_path: Path) -> None:
    from tests.testing.projects import TEMPLATE

    (tmp_path / "template.yaml").write_text(TEMPLATE)
    run = Kinesis(directory=tmp_path).deliver([1], lambda event, context: time.sleep(11))
    assert [call.error.error_type for call in run.calls if call.error] == ["Sandbox.Timedout"] * 3


def test_a_stand_in_for_sleep_stays(kinesis: Kinesis, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = Mock(return_value=None)
    monkeypatch.setattr("time.sleep", stand_in)
    kinesis.deliver([1], lambda event, context: time.sleep(5), mapping=NOTHING)
    stand_in.assert_called_once_with(5)
    assert time.sleep is stand_in


STOPPED = """
from datetime import datetime, timezone
import time

import freezegun
import time_machine

from kinesis_cli.testing import Kinesis


def check(stop):
    seen = []

    def handler(event, context):
        seen.append(datetime.now(timezone.utc).isoformat(timespec="seconds"))
        time.sleep(60)

    with stop("2030-02-03T04:05:06+00:00"):
        kinesis = Kinesis()
        (record,) = kinesis.records([1])
        assert round(record.arrival) == 1896321906
        kinesis.deliver([record], handler, mapping={})
        assert abs(time.time() - 1896321906) < 60
    assert seen == ["2030-02-03T04:05:06+00:00"]


def test_freezegun():
    check(freezegun.freeze_time)


def test_time_machine():
    check(time_machine.travel)


def test_decorated():
    @freezegun.freeze_time("2030-02-03")
    def decorated():
        return Kinesis().now

    assert decorated() == 1896307200
    assert Kinesis().now == 1735689600
"""


def test_a_clock_that_the_test_has_stopped_stays_the_one_that_is_seen(
    pytester: pytest.Pytester,
) -> None:
    # In a process of its own: freezegun asks all modules for all they have, and not all stand that.
    pytester.makepyfile(test_stopped=STOPPED)
    pytester.runpytest_subprocess().assert_outcomes(passed=3)


def test_the_real_clock_is_seen_where_the_marker_or_keyword_asks_for_it() -> None:
    years = []
    kinesis = Kinesis(wall_clock=True)
    kinesis.deliver([1], lambda event, context: years.append(time.time()), mapping=NOTHING)
    assert abs(years[0] - time.time()) < 3600


def test_records_arrive_when_at_says_and_the_mapping_waits_for_them(kinesis: Kinesis) -> None:
    early = kinesis.at("2026-01-31T12:00:00Z").records([1])
    later = kinesis.at("+3600").records([2], interval=5)
    latest = kinesis.at(timedelta(days=1)).records([3])
    assert later[0].arrival - early[0].arrival == 3600
    run = kinesis.deliver(early + later + latest, lambda event, context: None, mapping=NOTHING)
    assert [len(call.records) for call in run.calls] == [1, 1, 1]
    assert kinesis.at(datetime(2026, 1, 1)).now == 1767225600


def test_in_a_block_of_at_time_stands_still_for_direct_calls(kinesis: Kinesis) -> None:
    with kinesis.at("2026-03-29T00:59:59Z"):
        context = kinesis.context(timeout=3)
        assert datetime.now(UTC).isoformat() == "2026-03-29T00:59:59+00:00"
        time.sleep(2)
        assert context.get_remaining_time_in_millis() == 1000
    assert kinesis.now == 1774746001
    assert datetime.now(UTC).isoformat() != "2026-03-29T01:00:01+00:00"


@pytest.mark.parametrize("when", ["yesterday", -1, float("nan"), True])
def test_what_is_no_time_is_refused(kinesis: Kinesis, when: float) -> None:
    with pytest.raises(InputError, match="is not a time"):
        kinesis.at(when)


# The test's own end


def test_pytest_fail_skip_and_exit_within_a_function_are_the_test_s(kinesis: Kinesis) -> None:
    def fail(event: Event, context: object) -> None:
        pytest.fail("of the test")

    def skip(event: Event, context: object) -> None:
        pytest.skip("of the test")

    with pytest.raises(pytest.fail.Exception, match="of the test"):
        kinesis.deliver([1], fail, mapping=NOTHING)
    with pytest.raises(pytest.skip.Exception, match="of the test"):
        kinesis.deliver([1], skip, mapping=NOTHING)


def test_an_assertion_of_the_test_s_file_fails_the_test_and_others_fail_the_call(
    kinesis: Kinesis, tmp_path: Path
) -> None:
    def handler(event: Event, context: object) -> None:
        assert len(event["Records"]) == 7

    with pytest.raises(AssertionError, match="7"):
        kinesis.deliver([1], handler, mapping=NOTHING)
    with pytest.raises(AssertionError, match="Expected"):
        kinesis.deliver([1], lambda event, context: Mock().assert_called_once(), mapping=NOTHING)
    names: dict[str, Any] = {}
    exec(compile("def handler(event, context): assert False", tmp_path / "app.py", "exec"), names)
    run = kinesis.deliver([1], names["handler"], mapping=ONCE)
    assert run.calls[0].outcome == "failed"
    run = kinesis.deliver([1], lambda e, c: names["handler"](e, c), mapping=ONCE)
    assert run.calls[0].outcome == "failed"


def test_ctrl_c_reaches_the_test(kinesis: Kinesis) -> None:
    import signal

    def handler(event: Event, context: object) -> None:
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        kinesis.deliver([1], handler, mapping=NOTHING)
    assert signal.getsignal(signal.SIGINT) is before


# Event loops


async def work() -> str:
    await asyncio.sleep(0)
    return "done"


def run_a_loop(event: Event, context: object) -> str:
    return asyncio.run(work())


@pytest.mark.asyncio
async def test_functions_may_run_a_loop_of_their_own_in_a_test_of_pytest_asyncio(
    kinesis: Kinesis,
) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    run = kinesis.deliver([1], run_a_loop, mapping=NOTHING)
    assert run.calls[0].response == "done"
    assert (asyncio.get_running_loop(), asyncio.current_task()) == (loop, task)
    assert await work() == "done"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_functions_may_run_a_loop_of_their_own_in_a_test_of_anyio(kinesis: Kinesis) -> None:
    run = kinesis.deliver([1], run_a_loop, mapping=NOTHING)
    assert run.calls[0].response == "done"
    assert await work() == "done"


def test_a_coroutine_function_fails_as_on_lambda(kinesis: Kinesis) -> None:
    async def handler(event: Event, context: object) -> None: ...

    run = kinesis.deliver([1], handler, mapping=ONCE)
    assert run.calls[0].error is not None
    assert run.calls[0].error.error_type == "Runtime.MarshalError"


# What can be delivered, to what


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    from tests.testing.projects import APP, TEMPLATE

    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(APP)
    yield tmp_path
    sys.modules.pop("app", None)


def test_a_file_an_event_and_records_are_delivered_alike(kinesis: Kinesis, tmp_path: Path) -> None:
    records = kinesis.records([{"v": 1}, {"v": 2}])
    file = tmp_path / "day.ndjson"
    file.write_bytes(b"\n".join(record.raw for record in records))
    handler = Mock(return_value=None)
    for what in (records, kinesis.event(records), file, str(file)):
        run = kinesis.deliver(what, handler, mapping=NOTHING)
        assert run.succeeded == 2
        assert [each.sequence_number for each in run.records] == [
            each.sequence_number for each in records
        ]


def test_the_template_s_function_runs_where_none_is_given(project: Path) -> None:
    kinesis = Kinesis(directory=project)
    run = kinesis.deliver([{"v": 1}, b"poison"])
    assert run.handler == "app.lambda_handler"
    assert run.calls[1].log == ("value 1",)
    assert len(run.discarded) == 1
    named = kinesis.deliver([{"v": 1}], "src/app.py:lambda_handler")
    assert named.succeeded == 1


def test_a_function_of_the_template_has_no_aws_in_its_reach_unless_the_test_replaced_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os\ndef lambda_handler(event, context): print(os.environ.get('AWS_PROFILE'))"
    (project / "src" / "app.py").write_text(code)
    monkeypatch.setenv("AWS_PROFILE", "production")
    kinesis = Kinesis(directory=project)
    assert kinesis.deliver([1]).calls[0].log == ("None",)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert kinesis.deliver([1]).calls[0].log == ("production",)


def test_records_and_payloads_are_not_mixed(kinesis: Kinesis) -> None:
    with pytest.raises(InputError, match="records and payloads are mixed"):
        kinesis.deliver([*kinesis.records([1]), 2], lambda event, context: None, mapping=NOTHING)


def test_a_stranger_s_record_is_refused_where_a_run_is_asked(kinesis: Kinesis) -> None:
    run = kinesis.deliver(kinesis.records([1]), lambda event, context: None, mapping=NOTHING)
    (other,) = kinesis.records([2])
    for ask in (run.deliveries, run.life, run.ending):
        with pytest.raises(ValueError, match="is not a record of this run"):
            ask(other)


def test_where_a_shard_goes_on_is_told_by_the_record_s_place(kinesis: Kinesis) -> None:
    records = kinesis.records([1, 2, 3, 4], key="device-1")

    def handler(event: Event, context: object) -> object:
        numbers = [each["kinesis"]["sequenceNumber"] for each in event["Records"]]
        failed = {records[2].sequence_number} & set(numbers)
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    reports = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 0}
    run = kinesis.deliver(records, handler, mapping=reports)
    assert run.calls[0].checkpoint == records[2].sequence_number
    for text in (run.life(records[3]), run.report(), run.markdown()):
        assert "partial: reported 1 of 4; retry from record 3" in text.replace(" | ", ": ")


def test_assert_all_handled_says_nothing_of_what_was_filtered(kinesis: Kinesis) -> None:
    filters = {"FilterCriteria": {"Filters": [{"Pattern": '{"data": {"v": [1]}}'}]}}
    run = kinesis.deliver([{"v": 1}, {"v": 2}], lambda e, c: None, mapping=filters)
    run.assert_all_handled()
    assert len(run.filtered) == 1


def test_all_that_can_happen_to_a_stream_is_told_by_name() -> None:
    kinesis = Kinesis(mapping=NOTHING)
    record = kinesis.records([1])
    late = kinesis.deliver(
        record, lambda e, c: None, StartingPosition="LATEST", start_at=kinesis.now + 9
    )
    assert late.ending(record[0]) == "skipped"
    ended = kinesis.deliver(record, failing_on(b"1"), until=kinesis.now + 9)
    assert ended.ending(record[0]) == "undelivered"
    thrown = kinesis.deliver(record, lambda e, c: None, inject=["error@1"])
    assert [call.outcome for call in thrown.calls] == ["failed", "success"]


def test_deliver_is_the_same_without_a_fixture() -> None:
    run = deliver([{"v": 1}], lambda event, context: None, mapping=NOTHING, BatchSize=5)
    assert isinstance(run, Run)
    assert isinstance(run.records[0], Record)
    assert (run.succeeded, run.mapping.batch_size) == (1, 5)
