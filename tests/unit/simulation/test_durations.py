"""How long calls take, how many run at once, and which start cold."""

import json

import pytest

from kinesis_cli import InputError, simulate
from kinesis_cli.function_log.measured_call import MeasuredCall
from kinesis_cli.function_log.measured_calls import logged_messages, measured_calls
from kinesis_cli.simulation.durations import (
    CallDuration,
    call_duration,
    fitted,
)
from tests.unit.streams import START, record, records_at


def nothing(event: object, context: object) -> object:
    return None


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0.25", CallDuration(0.25)),
        ("0", CallDuration(0.0)),
        ("3", CallDuration(3.0)),
        ("0.05+0.002/record", CallDuration(0.05, 0.002)),
        (" 0.05 + 0.002/records + .001/kb ", CallDuration(0.05, 0.002, 0.001)),
        ("0.1/KB", CallDuration(0.0, 0.0, 0.1)),
        ("measured", None),
    ],
)
def test_a_calls_duration_is_a_sum_or_measured(text: str, duration: CallDuration | None) -> None:
    assert call_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    ["", "-1", "nan", "inf", "1 s", "Measured", "9" * 400, "1+2", "1+", "1/s", "1/record+2/record"],
)
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^--invocation-duration: '.*' is not a length of time$"):
        call_duration(text)


@pytest.mark.parametrize("text", ["0.05", "0.05+0.002/record", "0.05+0.002/record+0.001/KB"])
def test_a_duration_is_written_as_it_is_read(text: str) -> None:
    assert str(call_duration(text)) == text


def test_each_call_takes_as_long_as_its_records_and_bytes_say() -> None:
    records = records_at(*[0] * 5)
    result = simulate(
        records, nothing, {"BatchSize": 3}, start_at=START, invocation_duration="1+0.5/record+2/KB"
    )
    sizes = [
        len(b'{"Records":[]}') + sum(len(r.raw) for r in batch) + len(batch) - 1
        for batch in (records[:3], records[3:])
    ]
    assert [call.duration_ms for call in result.invocations] == pytest.approx(
        [1000 * (1 + 0.5 * n + 2 * size / 1024) for n, size in zip((3, 2), sizes, strict=True)]
    )


def test_a_price_per_record_takes_the_advantage_from_large_batches() -> None:
    def seconds(size: int, duration: str) -> float:
        mapping = {"BatchSize": size}
        records = records_at(*[0] * 100)
        result = simulate(records, nothing, mapping, start_at=START, invocation_duration=duration)
        first, last = result.invocations[0], result.invocations[-1]
        return last.at - first.at + last.duration_ms / 1000

    assert seconds(10, "1") == pytest.approx(10 * seconds(100, "1"))
    assert seconds(10, "0.1/record") == pytest.approx(seconds(100, "0.1/record"))


def test_the_line_through_measured_calls_is_found() -> None:
    calls = [MeasuredCall(0.05 + 0.002 * n, n) for n in (1, 10, 100, 100)]
    found = fitted(calls, "log")
    assert found.duration == CallDuration(0.05, 0.002)
    assert (found.calls, found.sizes) == (4, 3)


def test_without_sizes_or_a_slope_the_mean_is_taken() -> None:
    unknown = [MeasuredCall(0.1), MeasuredCall(0.3, init_seconds=0.8)]
    found = fitted(unknown, "log")
    assert (found.duration, found.cold_start) == (CallDuration(0.2), 0.8)
    assert fitted([MeasuredCall(1, 5), MeasuredCall(3, 5)], "log").duration == CallDuration(2)
    assert fitted([MeasuredCall(3, 1), MeasuredCall(1, 9)], "log").duration == CallDuration(2)


def test_no_base_is_negative() -> None:
    found = fitted([MeasuredCall(0.1, 10), MeasuredCall(9.0, 100)], "log")
    assert found.duration.base == 0
    assert found.duration.per_record == pytest.approx(901 / 10_100)


def test_a_log_without_reports_is_refused() -> None:
    with pytest.raises(InputError, match=r"^--duration-from x: there is no REPORT line in it$"):
        fitted([], "--duration-from x")


ID = "00000000-0000-4000-8000-00000000000"


def report(number: int, milliseconds: float, init: str = "") -> str:
    return (
        f"REPORT RequestId: {ID}{number}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {milliseconds:.0f} ms\tMemory Size: 128 MB\t"
        f"Max Memory Used: 40 MB\t{init}"
    )


TEXT = "\n".join(
    [
        f"START RequestId: {ID}1 Version: $LATEST",
        f"[INFO]\t2026-03-02T08:00:00.000Z\t{ID}1\thandling 10 records",
        report(1, 70, "Init Duration: 812.50 ms\t"),
        f"START RequestId: {ID}2 Version: $LATEST",
        "got 100 records from Kinesis",  # printed: names no request
        f"END RequestId: {ID}2",
        report(2, 250),
        report(3, 500),
    ]
)
CALLS = [MeasuredCall(0.07, 10, 0.8125), MeasuredCall(0.25, 100), MeasuredCall(0.5)]


def test_the_reports_and_batch_sizes_of_a_text_log_are_read() -> None:
    assert measured_calls(logged_messages(TEXT)) == CALLS


def test_the_other_forms_of_a_log_are_read_alike() -> None:
    lines = TEXT.splitlines()
    tailed = "\n".join(json.dumps({"logStream": "s", "message": line + "\n"}) for line in lines)
    events = json.dumps({"events": [{"logStreamName": "s", "message": line} for line in lines]})
    aws_tail = "\n".join(
        f"2026-03-02T08:00:00.000000+00:00 2026/03/02/[$LATEST]0a {line}"
        for line in lines
        if not line.startswith("got")
    )
    assert measured_calls(logged_messages(tailed)) == CALLS
    assert measured_calls(logged_messages(events)) == CALLS
    assert [call.seconds for call in measured_calls(logged_messages(aws_tail))] == [0.07, 0.25, 0.5]


def test_json_logs_name_the_batchs_size_in_a_member() -> None:
    lines = [
        {"requestId": f"{ID}1", "level": "INFO", "message": "begin", "recordCount": 7},
        {"requestId": f"{ID}2", "level": "INFO", "message": "begin", "records": [1, 2, 3]},
        *(
            {
                "type": "platform.report",
                "record": {"requestId": f"{ID}{n}", "metrics": {"durationMs": 20.0}},
            }
            for n in (1, 2)
        ),
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    assert measured_calls(logged_messages(text)) == [MeasuredCall(0.02, 7), MeasuredCall(0.02, 3)]


def test_hostile_logs_are_read_without_a_mistake() -> None:
    text = '{"events": [1]}\n{"events"\nREPORT RequestId: x\n{"message": 3, "logStream": []}\n\x1b['
    assert measured_calls(logged_messages(text)) == []


# Concurrency


def test_a_reservation_throttles_as_lambda_does() -> None:
    records = [record(index, shard=index) for index in range(10)]
    result = simulate(
        records,
        nothing,
        {"MaximumRetryAttempts": 0},
        start_at=START,
        invocation_duration=5,
        reserved_concurrency=2,
        show_throttled=True,
    )
    running = [call for call in result.invocations if call.outcome == "success"]
    for call in running:
        others = [o for o in running if o.at <= call.at < o.at + 5 - 1e-9]
        assert len(others) <= 2
    assert result.summary.succeeded == 10  # a throttle is no retry: nothing was given up
    throttled = [call for call in result.invocations if call.outcome == "throttled"]
    assert result.summary.throttles == len(throttled) > 0
    unlimited = simulate(records, nothing, start_at=START, invocation_duration=5)
    assert unlimited.summary.throttles == 0
    assert unlimited.summary.elapsed_seconds < 7 < 25 < result.summary.elapsed_seconds


def test_a_reservation_of_nothing_stops_the_function_until_the_records_expire() -> None:
    result = simulate(
        records_at(0), nothing, start_at=START, reserved_concurrency=0, retention_hours=1
    )
    assert (result.summary.expired, result.summary.invocations) == (1, 0)


def test_the_first_call_of_each_environment_starts_cold() -> None:
    records = [record(index, shard=index % 2, at=index // 2 * 10) for index in range(6)]
    result = simulate(records, nothing, start_at=START, cold_start=0.8)
    in_order = [round(call.duration_ms) for call in sorted(result.invocations, key=lambda c: c.at)]
    # The shards are polled at other moments, so one environment may serve both.
    assert in_order[0] == 900
    assert set(in_order) == {100, 900}
    assert in_order[2:] == [100] * 4


def test_calls_side_by_side_need_an_environment_each() -> None:
    records = [record(index, key="abcd"[index]) for index in range(4)]
    mapping = {"ParallelizationFactor": 4, "BatchSize": 1}
    result = simulate(records, nothing, mapping, start_at=START, cold_start=0.8)
    assert [round(call.duration_ms) for call in result.invocations] == [900] * 4


def test_after_a_time_out_the_next_call_starts_cold() -> None:
    result = simulate(
        records_at(0, 0, 0),
        nothing,
        {"BatchSize": 1},
        start_at=START,
        cold_start=0.8,
        inject=["timeout@2"],
    )
    durations = [round(call.duration_ms) for call in result.invocations]
    assert durations == [900, 900_000, 900, 100]
