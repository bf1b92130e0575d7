import json
from collections.abc import Callable

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.function_log.entries import (
    LogEvent,
    LogReader,
    LogSelection,
    parse_level,
    parse_where,
)
from kinesis_cli.function_log.lines import LineKind, last_report, parse_line, whole_messages
from kinesis_cli.function_log.platform import (
    JsonLog,
    Logged,
    PlatformLog,
    Report,
    TextLog,
    Trouble,
)

ID = "8286a188-ba32-4475-8077-530cd35c09a9"
OTHER = "11111111-ba32-4475-8077-530cd35c09a9"
LOGGED = Logged(
    name="test-function",
    version="$LATEST",
    memory_size=128,
    system_log_level="INFO",
    runtime_version="python:3.13",
    runtime_arn="arn:aws:lambda:us-east-1::runtime:awslambdaric-4.2.2",
    now=lambda: "2026-11-23T20:39:16.373Z",
    new_id=lambda: OTHER,
)


@pytest.mark.parametrize(
    ("message", "kind", "request_id", "level", "text"),
    [
        (f"START RequestId: {ID} Version: $LATEST\n", LineKind.START, ID, None, "Version: $LATEST"),
        (f"END RequestId: {ID}\n", LineKind.END, ID, None, ""),
        ("INIT_START Runtime Version: python:3.14.v11\tRuntime Version ARN: a\n", LineKind.INIT,
         None, None, "Runtime Version: python:3.14.v11"),
        (f"2026-11-23T20:39:16.373Z {ID} Task timed out after 3.00 seconds\n\n", LineKind.PLATFORM,
         ID, "ERROR", "Task timed out after 3.00 seconds"),
        (f"RequestId: {ID} Error: Runtime exited with error: exit status 3", LineKind.PLATFORM, ID,
         "ERROR", "Runtime exited with error: exit status 3"),
        ("Runtime.ExitError", LineKind.PLATFORM, None, "ERROR", "Runtime.ExitError"),
        (f"[INFO]\t2026-11-23T20:39:16.373Z\t{ID}\tsome\ttext", LineKind.APPLICATION, ID, "INFO",
         "some\ttext"),
        (f"[WARNING]\t2026-11-23T20:39:16.373Z\t{ID}\thot", LineKind.APPLICATION, ID, "WARN",
         "hot"),
        ("[ERROR]\t2026-11-23T20:39:16.373Z\t\tat import", LineKind.APPLICATION, None, "ERROR",
         "at import"),
        ("[ERROR] ValueError: no\rTraceback (most recent call last):", LineKind.APPLICATION, None,
         "ERROR", "ValueError: no\rTraceback (most recent call last):"),
        ("printed", LineKind.APPLICATION, None, None, "printed"),
        ("{no json", LineKind.APPLICATION, None, None, "{no json"),
        ('["a list"]', LineKind.APPLICATION, None, None, '["a list"]'),
        ("{}", LineKind.APPLICATION, None, None, "{}"),
        ("", LineKind.APPLICATION, None, None, ""),
    ],
)  # fmt: skip
def test_each_line_is_read_for_what_it_is(
    message: str, kind: LineKind, request_id: str | None, level: str | None, text: str
) -> None:
    line = parse_line(message)
    assert (line.kind, line.request_id, line.level, line.text) == (kind, request_id, level, text)


def test_a_report_gives_its_figures_under_the_telemetry_schemas_names() -> None:
    line = parse_line(
        f"REPORT RequestId: {ID}\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\tInit Duration: 110.10 ms\tStatus: timeout\t\n"
        "XRAY TraceId: 1-5e34a614-10bd\tSegmentId: 2d0d\tSampled: true\t\n"
    )
    assert line.report == {
        "requestId": ID,
        "durationMs": 3.01,
        "billedDurationMs": 4,
        "memorySizeMB": 128,
        "maxMemoryUsedMB": 36,
        "initDurationMs": 110.1,
        "status": "timeout",
        "xrayTraceId": "1-5e34a614-10bd",
    }


@pytest.mark.parametrize("log", [TextLog(LOGGED), JsonLog(LOGGED)])
def test_what_our_own_platform_writes_is_read_back(log: PlatformLog) -> None:
    trouble = Trouble("failure", "Runtime.ExitError")
    report = Report(ID, 0.00301, 128, 36, 0.1101, trouble)
    read = last_report(log.report(report))
    assert read is not None
    assert {**read, "status": None, "errorType": None} == {
        **report.document(), "status": None, "errorType": None
    }  # fmt: skip
    assert read["errorType"] == "Runtime.ExitError"
    start, init = parse_line(log.start(ID, "arn")[0]), parse_line(log.init_start()[0])
    assert (start.kind, start.text) == (LineKind.START, "Version: $LATEST")
    assert init.kind is LineKind.INIT
    assert init.text == "Runtime Version: python:3.13"


def test_a_json_report_names_the_trace() -> None:
    value = "Root=1-5e34;Parent=2d0d;Sampled=1"
    record = {"requestId": ID, "metrics": {"durationMs": 1.5}, "tracing": {"value": value}}
    line = parse_line(json.dumps({"time": "t", "type": "platform.report", "record": record}))
    assert line.report == {"requestId": ID, "durationMs": 1.5, "xrayTraceId": "1-5e34"}


def test_an_error_in_a_json_line_has_its_stack() -> None:
    line = parse_line(
        json.dumps(
            {"level": "ERROR", "message": "it broke", "requestId": ID, "errorType": "ValueError",
             "errorMessage": "no", "stackTrace": ["  File a.py, line 1, in f\n    boom()\n"]}
        )
    )  # fmt: skip
    assert line.text == "it broke\nValueError: no\n  File a.py, line 1, in f\n    boom()"


def test_a_platform_record_that_nobody_knows_is_shown_by_its_name() -> None:
    line = parse_line(
        json.dumps({"type": "platform.logsDropped", "record": {"reason": "too fast"}})
    )
    assert (line.kind, line.text) == (LineKind.PLATFORM, "logsDropped reason=too fast")


def event(message: str, at: int = 0, stream: str = "a") -> LogEvent:
    return LogEvent(at, at, "group", stream, str(at), message)


def requests(*events: LogEvent) -> list[str | None]:
    return [entry.request_id for block in LogReader().read(events) for entry in block]


def test_what_is_printed_belongs_to_the_call_that_runs_in_its_log_stream() -> None:
    assert requests(
        event("imported"),
        event(f"START RequestId: {ID} Version: $LATEST"),
        event(f"START RequestId: {OTHER} Version: $LATEST", stream="b"),
        event("printed"),
        event("printed", stream="b"),
        event(f"END RequestId: {ID}"),
        event(f"REPORT RequestId: {ID}\tDuration: 1.00 ms"),
        event("after"),
    ) == [None, ID, OTHER, ID, OTHER, ID, ID, None]


def test_a_traceback_belongs_to_the_message_that_was_logged() -> None:
    logged = f"[ERROR]\t2026-11-23T20:39:16.373Z\t{ID}\tfailed"
    traceback = ["Traceback (most recent call last):", '  File "h.py"', "    f()", "ValueError: no"]
    lines = [*traceback, logged, *traceback, "printed", *traceback, logged, "printed"]
    printed = "\n".join(traceback)
    assert whole_messages(lines) == [
        printed, f"{logged}\n{printed}", "printed", printed, logged, "printed",
    ]  # fmt: skip


def test_lines_of_a_traceback_stay_together_whatever_comes_between() -> None:
    blocks = LogReader().read(
        [
            event("Traceback (most recent call last):", 1),
            event("from b", 2, "b"),
            event('  File "h.py", line 3, in f', 3),
            event("    boom()", 4),
            event("ValueError: no", 5),
            event("next", 6),
        ]
    )
    assert [[entry.event.timestamp for entry in block] for block in blocks] == [
        [1, 3, 4, 5], [2], [6]
    ]  # fmt: skip
    assert LogSelection(level=None, grep=None).wants(blocks[0])


def test_a_line_that_comes_long_after_newer_ones_is_late() -> None:
    reader = LogReader()
    reader.read([event("new", 100_000)])
    [[late], [not_very]] = reader.read([event("old", 94_000), event("older", 96_000)])
    assert (late.is_late, not_very.is_late) == (True, False)


def chosen(selection: LogSelection, message: str) -> bool:
    [block] = LogReader().read([event(message)])
    return selection.wants(block)


def test_members_are_compared_as_text_and_by_path() -> None:
    line = json.dumps(
        {"level": "ERROR", "record": {"n": 1, "ok": True}, "a.b": "dotted", "requestId": ID}
    )
    for where in ("level=ERROR", "record.n=1", "record.ok=true", "a.b=dotted"):
        assert chosen(LogSelection(where=(parse_where(where),)), line), where
    for where in ("level=INFO", "record.x=1", "record.n.x=1", "none=null"):
        assert not chosen(LogSelection(where=(parse_where(where),)), line), where
    assert not chosen(LogSelection(where=(("level", "ERROR"),)), "[ERROR] text")


def test_a_level_takes_what_is_above_it_too() -> None:
    assert chosen(LogSelection(level=parse_level("warning")), "[ERROR] x")
    assert not chosen(LogSelection(level="WARN"), f"[INFO]\tt\t{ID}\tx")
    assert not chosen(LogSelection(level="TRACE"), "printed")


def test_the_beginning_of_a_request_id_is_enough() -> None:
    assert chosen(LogSelection(request_id=ID[:8]), f"END RequestId: {ID}")
    assert not chosen(LogSelection(request_id=OTHER), f"END RequestId: {ID}")


@pytest.mark.parametrize(
    ("read", "text"), [(parse_where, "level"), (parse_where, "=x"), (parse_level, "LOUD")]
)
def test_what_is_no_condition_is_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(InputError):
        read(text)
