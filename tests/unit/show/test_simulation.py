"""What a simulation looks like: whole outputs, hostile data, and the same numbers in each."""

import gzip
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from kinesis_cli import EventSourceMapping, Record
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.event_source_mapping.unsure import without_points
from kinesis_cli.handlers.in_process import CallableHandler, InProcessHandler
from kinesis_cli.project.find import find_function
from kinesis_cli.project.mapping import choose_mapping
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.show.cells import (
    counted,
    cut,
    duration_cell,
    number_cell,
    payload_cell,
    shard_cell,
    since_cell,
    time_cell,
    wrapped,
)
from kinesis_cli.show.comparison import Compared, show_comparison
from kinesis_cli.show.console import stdout_console
from kinesis_cli.show.failed_record import why_in_words
from kinesis_cli.show.life import LifeView
from kinesis_cli.show.simulation.run import Run
from kinesis_cli.show.simulation.view import simulation_view
from kinesis_cli.show.simulation.words import consequences, points_to_tell
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import Summary
from kinesis_cli.stream.aggregate import aggregated
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record_source import RecordList, RecordSource
from tests.unit.snapshots import assert_equals_snapshot
from tests.unit.streams import START, numbers_of, raising, record, records_at, reporting

gzipped = partial(gzip.compress, mtime=0)  # the ids of tests must not change with the time


ROOT = Path(__file__).parents[3]
TRACEBACK = "Traceback (most recent call last):\n  File\nValueError: hot"
HOSTILE = "\x1b[31m\x9b2J\u202e\u2066[red]\r\n\t\x7f"
SQS = "arn:aws:sqs:us-east-1:123456789012:FailureQueue"

Function = Callable[[Any, Any], object]


class Shown(str):
    """An output, and what it shows."""

    __slots__ = ("summary",)
    summary: Summary


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Sets the width of standard output."""

    def set_width(width: int) -> None:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        stdout_console.cache_clear()

    yield set_width
    stdout_console.cache_clear()


def shown(
    source: RecordSource,
    handler: Handler,
    mapping: EventSourceMapping,
    output: str = "table",
    *,
    show_all: bool = False,
    explain: Sequence[Record] | None = None,
    texts: Mapping[str, str] | None = None,
    **options: Any,  # noqa: ANN401 - any option
) -> Shown:
    """What `kcli simulate` prints."""
    simulation = Simulation(source, handler, mapping, SimulationOptions(**options))
    said = {
        "handler": "new_message_processor.handler.function_handler",
        "handler_origin": "template.yaml, NewMessageFunction",
        "mapping_origin": "template.yaml, NewMessageFunction",
        "source": "fixtures/batch.json",
        **(texts or {}),
    }
    with redirect_stdout(io.StringIO()) as written:
        if explain is not None:
            view: Any = LifeView(explain, simulation.start_at, simulation.starts_from, output)
        else:
            run = Run(
                runtime="in-process",
                mapping=mapping.to_aws(),
                records=source.count,
                shards=len(source.shard_ids),
                start_at=simulation.start_at,
                interpreter=None,
                **said,
            )
            view = simulation_view(run, output, show_all=show_all)
        for row in simulation.rows():
            view.row(row)
        summary = simulation.summary()
        view.finish(summary)
    text = Shown(written.getvalue())
    text.summary = summary
    return text


def called(
    records: Sequence[Record],
    function: Function,
    mapping: Mapping[str, object] | None = None,
    output: str = "table",
    **options: Any,  # noqa: ANN401 - any option
) -> Shown:
    """The same for a Python function and records in memory."""
    settings = EventSourceMapping.from_aws(mapping or {})
    with closing(CallableHandler(function)) as handler:
        return shown(
            RecordList(records), handler, settings, output, **{"start_at": START, **options}
        )


def batch(output: str, **options: Any) -> Shown:  # noqa: ANN401 - any option
    """fixtures/batch.json through the project's own function and template."""
    function = find_function(
        template=ROOT / "template.yaml", function=None, handler=None, env_vars=None
    )
    mapping = choose_mapping(function, None, {}).mapping
    with (
        Recording.open([str(ROOT / "fixtures" / "batch.json")]) as recording,
        closing(InProcessHandler(function)) as handler,
    ):
        if explain := options.pop("explain", None):
            options["explain"] = recording.find(explain)
        return shown(recording, handler, mapping, output, **options)


Columns = Callable[[int], None]


# Whole outputs


@pytest.mark.parametrize("width", [80, 200])
def test_the_table_is_as_reviewed(columns: Columns, width: int) -> None:
    columns(width)
    assert_equals_snapshot(batch("table"), f"batch-{width}.txt")


@pytest.mark.parametrize("output", ["json", "ndjson"])
def test_the_documents_are_as_reviewed(output: str) -> None:
    assert_equals_snapshot(batch(output), f"batch.{output}")


@pytest.mark.parametrize("output", ["table", "json", "ndjson"])
def test_the_life_of_a_record_is_as_reviewed(columns: Columns, output: str) -> None:
    columns(80)
    name = "life.txt" if output == "table" else f"life.{output}"
    assert_equals_snapshot(batch(output, explain="041084428290"), name)


@pytest.mark.parametrize("output", ["table", "json", "ndjson"])
def test_a_comparison_is_as_reviewed(columns: Columns, output: str) -> None:
    columns(80)
    mappings = [
        {"MaximumRetryAttempts": 2},
        {"MaximumRetryAttempts": 2, "BisectBatchOnFunctionError": True},
        {"BatchSize": 2, "MaximumRecordAgeInSeconds": 60},
    ]
    runs = []
    for number, mapping in enumerate(mappings, 1):
        settings = EventSourceMapping.from_aws(mapping)
        function: Function = raising(3)
        with closing(CallableHandler(function)) as handler:
            simulation = Simulation(
                RecordList(records_at(*[0.0] * 9)),
                handler,
                settings,
                SimulationOptions(start_at=START),
            )
            assert list(simulation.rows())
        runs.append(Compared(f"mapping-{number}.yaml", settings, simulation.summary()))
    with redirect_stdout(io.StringIO()) as written:
        show_comparison(runs, output)
    name = "comparison.txt" if output == "table" else f"comparison.{output}"
    assert_equals_snapshot(written.getvalue(), name)


def test_everything_that_can_happen_to_a_record_is_shown(columns: Columns) -> None:
    columns(80)
    data = ['{"a": 1}', '{"a": 2}', "no json", '{"a": 1}', '{"a": 1}', '{"a": 1}']
    records = [
        record(index, at=at, data=each, key=f"sensor-{index}", shard=index % 2)
        for index, (at, each) in enumerate(zip([-90_000, 0, 0, 0.2, 0.3, 400], data, strict=True))
    ]
    mapping = {
        "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"a": [1]}}'}]},
        "MaximumRetryAttempts": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failures"}},
    }
    text = called(
        records,
        reporting(3),
        mapping,
        until=START + 300,
        faults=(),
        texts={"source": "standard input"},
    )
    assert_equals_snapshot(text, "everything.txt")


def test_a_recording_without_records_is_shown(columns: Columns) -> None:
    columns(80)
    assert_equals_snapshot(called([], reporting()), "empty.txt")


# The same numbers in each form


NUMBERS = {
    "records": r"(\d+) records?: ",
    "succeeded": r"(\d+) succeeded",
    "discarded": r"(\d+) discarded\b(?! )",
    "filtered": r"(\d+) filtered",
    "expired": r"(\d+) expired",
    "skipped": r"(\d+) skipped",
    "undelivered": r"(\d+) undelivered",
    "invocations": r"(\d+) invocations? in",
    "redelivered": r"(\d+) times a record was delivered again",
}


@pytest.mark.parametrize(
    ("mapping", "options"),
    [
        ({"MaximumRetryAttempts": 2, "BisectBatchOnFunctionError": True}, {}),
        ({"StartingPosition": "LATEST"}, {"until": START + 60}),
        ({"FunctionResponseTypes": ["ReportBatchItemFailures"], "BatchSize": 4}, {}),
    ],
)
def test_table_json_and_lines_say_the_same_numbers(
    columns: Columns, mapping: dict[str, object], options: dict[str, Any]
) -> None:
    columns(80)
    records = [record(index, at=index - 3) for index in range(12)]
    table, document, lines = (
        called(records, raising(5), mapping, output, show_all=True, retention_hours=0.1, **options)
        for output in ("table", "json", "ndjson")
    )
    parsed = json.loads(document)
    rows = [json.loads(line) for line in lines.splitlines()]
    assert [row["type"] for row in rows][:: len(rows) - 1] == ["run", "summary"]
    assert {**rows[-1]} == {"type": "summary", **parsed["summary"]}
    by_type = {
        kind: [r for r in rows if r["type"] == kind] for kind in ("invocation", "destination")
    }
    for kind, name in (("invocation", "invocations"), ("destination", "destination")):
        assert [{"type": kind, **each} for each in parsed[name]] == by_type[kind]
    assert {"version": 1, "function": parsed["function"], "mapping": parsed["mapping"]} == {
        name: rows[0][name] for name in ("version", "function", "mapping")
    }
    summary_text = table[table.index("\nSummary\n") :]
    for name, pattern in NUMBERS.items():
        match = re.search(pattern, summary_text)
        assert int(match[1] if match else 0) == parsed["summary"][name], name
    elapsed = duration_cell(parsed["summary"]["elapsedSeconds"])
    age = duration_cell(parsed["summary"]["maxIteratorAgeSeconds"])
    assert f"in {elapsed} of virtual time, iterator age up to {age}\n" in summary_text
    calls = re.findall(r"^ +(\d+) +[+-]\S+(?: s)? +\d+ +(\d+) +(\d+)  (\w+) ", table, re.MULTILINE)
    assert calls == [
        (str(c["index"]), str(c["attempt"]), str(len(c["sequenceNumbers"])), c["outcome"])
        for c in parsed["invocations"]
    ]
    assert sum(
        parsed["summary"][name]
        for name in ("succeeded", "discarded", "filtered", "expired", "skipped", "undelivered")
    ) == len(records)


def test_the_documents_member_names_are_the_contract() -> None:
    document = json.loads(called(records_at(0), raising(0), {"MaximumRetryAttempts": 0}, "json"))
    assert list(document) == [
        "version", "function", "mapping", "invocations", "attempts", "destination", "filtered",
        "expired", "summary", "unsure", "metrics",
    ]  # fmt: skip
    assert document["version"] == 1
    assert list(document["invocations"][0]) == [
        "index", "requestId", "shardId", "at", "attempt", "sequenceNumbers", "outcome",
        "checkpoint", "batchItemFailures", "error", "reason", "durationMs",
    ]  # fmt: skip
    assert list(document["summary"]) == [
        "records", "succeeded", "discarded", "filtered", "expired", "skipped", "undelivered",
        "invocations", "redelivered", "maxIteratorAgeSeconds", "elapsedSeconds",
    ]  # fmt: skip
    error = document["invocations"][0]["error"]
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "poison")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (gzipped(b'{"temperature": 21}'), '[gzip] {"temperature": 21}'),
        (gzipped(b'{"n": 1}' * 5000), '[gzip] {"n": 1}{"n": 1}'),
        (
            aggregated([Payload("a", None, b"one"), Payload("b", None, gzipped(b"two"))]),
            r"[KPL aggregate of 2] one\ntwo",
        ),
    ],
    ids=["gzip", "long gzip", "aggregate"],
)
def test_a_packed_payload_is_shown_opened_and_marked(
    columns: Columns, data: bytes, text: str
) -> None:
    columns(120)
    records = [
        lambda_record(
            shard_id="shardId-000000000000",
            sequence_number="1",
            partition_key="k",
            arrival=START,
            data=data,
        )
    ]
    mapping = {"MaximumRetryAttempts": 0}

    def failing(event: object, context: object) -> None:
        raise ValueError("poison")

    table = called(records, failing, mapping)
    assert f"payload {text}" in table
    assert "Lambda passes them as they are." in table
    life = called(records, failing, mapping, explain=records)
    assert f"payload {text}" in life
    assert f"shown unpacked: Lambda passes the {text[1:].partition(']')[0]} as it is" in life


TOO_LARGE = "its event is larger than 6 MB: Lambda never calls the function with it"


def test_a_record_over_6_mb_is_told_with_the_reason_in_every_face(columns: Columns) -> None:
    columns(200)
    large = record(0, data="x" * (5 << 20))
    records = [large, record(1)]
    mapping = {"MaximumRetryAttempts": 1}
    first, second = (
        f"{TOO_LARGE}; {plan}"
        for plan in ("retry 1 of 1 in 0.2 s", "retries exhausted, 1 record discarded")
    )
    document = json.loads(called(records, reporting(), mapping, "json"))
    assert [list(attempt) for attempt in document["attempts"]] == [
        ["shardId", "at", "attempt", "sequenceNumbers", "reason"]
    ] * 2
    assert [attempt["attempt"] for attempt in document["attempts"]] == [1, 2]
    assert [without_points(attempt["reason"]) for attempt in document["attempts"]] == [
        first,
        second,
    ]
    assert "UNSURE(payload-limit)" in document["attempts"][0]["reason"]
    assert document["attempts"][0]["sequenceNumbers"] == [large.sequence_number]
    assert [call["sequenceNumbers"] for call in document["invocations"]] == [
        [records[1].sequence_number]
    ]
    rows = map(json.loads, called(records, reporting(), mapping, "ndjson").splitlines())
    assert [row for row in rows if row["type"] == "attempt"] == [
        {"type": "attempt", **attempt} for attempt in document["attempts"]
    ]
    table = called(records, reporting(), mapping)
    assert "\nAttempts that never reached the function\n" in table
    said = f"1 record, {large.sequence_number}: 2 attempts, {second}"
    assert said in " ".join(table.split())
    life = called(records, reporting(), mapping, explain=[large])
    assert f"attempt 1, never called: {first}" in life
    assert f"attempt 2, never called: {second}" in life


def test_a_day_of_attempts_that_reach_no_function_is_told_in_a_line_each(
    columns: Columns,
) -> None:
    columns(200)
    records = [record(0, data="x" * (5 << 20))]
    table = called(records, reporting(), {})
    (line,) = [line for line in table.splitlines() if TOO_LARGE in line]
    assert re.search(r": 1,4\d\d attempts, ", line)
    life = called(records, reporting(), {}, explain=records)
    told = [line for line in life.splitlines() if "never called" in line]
    assert "attempt 1, never called" in told[0]
    assert re.search(r"attempts 2 to 1,4\d\d, never called", told[-1])
    assert len(told) == 2


def test_filtered_and_expired_records_have_lines_and_lists() -> None:
    records = [record(0, at=-90_000, data='{"a": 1}'), record(1), record(2)]
    mapping = {"FilterCriteria": {"Filters": [{"Pattern": '{"data": {"a": [1]}}'}]}}
    numbers = [each.sequence_number for each in records]
    document = json.loads(called(records, reporting(), mapping, "json"))
    assert (document["expired"], document["filtered"]) == (numbers[:1], numbers[1:])
    lines = called(records, reporting(), mapping, "ndjson").splitlines()
    told = [json.loads(line) for line in lines]
    shard_id = records[0].shard_id
    assert [each for each in told if each["type"] in ("filtered", "expired")] == [
        {"type": "expired", "shardId": shard_id, "sequenceNumbers": numbers[:1]},
        {"type": "filtered", "shardId": shard_id, "sequenceNumbers": numbers[1:]},
    ]


# Long lists


def test_long_lists_are_folded_and_all_of_them_are_shown_on_demand(columns: Columns) -> None:
    columns(80)
    records = [record(index) for index in range(40)]
    mapping = {"BatchSize": 1, "MaximumRetryAttempts": 0}
    folded = called(records, raising(*range(40)), mapping)
    assert "  … 24 more invocations (--all shows them all)\n" in folded
    assert "  … 24 more records (--all shows them all)\n" in folded
    assert "  … 24 more documents (--all shows them all)\n" in folded
    assert re.findall(r"^ +(\d+) +\+", folded, re.MULTILINE) == [
        *map(str, range(12)), *map(str, range(36, 40)),
    ]  # fmt: skip
    complete = called(records, raising(*range(40)), mapping, show_all=True)
    assert re.findall(r"^ +(\d+) +\+\S+ s +\d", complete, re.MULTILINE) == list(map(str, range(40)))
    assert "more" not in complete
    assert folded.summary == complete.summary


@pytest.mark.parametrize("count", [12, 16, 17])
def test_a_list_is_folded_only_where_that_saves_lines(columns: Columns, count: int) -> None:
    columns(80)
    text = called([record(index) for index in range(count)], reporting(), {"BatchSize": 1})
    assert ("more invocation" in text) is (count > 16)


# Hostile data


def hostile_records() -> list[Record]:
    wide = "温度" * 200
    return [
        record(0, key=HOSTILE + "k" * 60, data=HOSTILE + "x" * (1 << 20)),
        record(1, key=wide, data=wide),
        record(2, key="", data=""),
        record(3, key="bytes", data='{"text": "' + "y" * 2000 + '"}'),
    ]


def loud(event: dict[str, Any], context: object) -> object:
    for number in numbers_of(event):
        sys.stdout.write(f"{HOSTILE} {number} {HOSTILE * 100}\n")
    raise ValueError(HOSTILE + "温" * 300)


HOSTILE_MAPPING = {
    "MaximumRetryAttempts": 1,
    "BatchSize": 1,
    "DestinationConfig": {"OnFailure": {"Destination": SQS}},
}
HOSTILE_TEXTS = {
    "handler": HOSTILE,
    "handler_origin": HOSTILE + "path/" * 40,
    "mapping_origin": HOSTILE,
    "source": HOSTILE,
}


def acting(text: str) -> set[str]:
    """What may act on a terminal."""
    return {character for character in text if not character.isprintable()} - {"\n"}


@pytest.mark.parametrize("width", [80, 200])
def test_nothing_hostile_reaches_a_terminal_and_nothing_is_wider_than_it(
    columns: Columns, width: int
) -> None:
    columns(width)
    records = hostile_records()
    text = called(records, loud, HOSTILE_MAPPING, texts=HOSTILE_TEXTS)
    assert not acting(text)
    assert "[red]" in text
    assert r"\x1b[31m\x9b2J\u202e\u2066[red]\r\n\t\x7f" in text
    assert max(map(cell_len, text.splitlines())) <= width
    for each in records:
        life = called(records, loud, HOSTILE_MAPPING, explain=[each])
        assert not acting(life)
        assert max(map(cell_len, life.splitlines())) <= width


@pytest.mark.parametrize("output", ["json", "ndjson"])
def test_documents_are_printable_ascii_with_the_same_texts_inside(output: str) -> None:
    text = called(hostile_records(), loud, HOSTILE_MAPPING, output, texts=HOSTILE_TEXTS)
    assert text.isascii()
    assert not acting(text)
    errors = (
        [each["error"] for each in json.loads(text)["invocations"]]
        if output == "json"
        else [
            line["error"]
            for line in map(json.loads, text.splitlines())
            if line["type"] == "invocation"
        ]
    )
    assert {error["errorMessage"] for error in errors} == {HOSTILE + "温" * 300}


def test_hostile_names_of_mappings_are_harmless_in_a_comparison(columns: Columns) -> None:
    columns(80)
    run = Compared(HOSTILE + "path/" * 30, EventSourceMapping(), Summary())
    with redirect_stdout(io.StringIO()) as written:
        show_comparison([run] * 3, "table")
    assert not acting(written.getvalue())
    assert max(map(cell_len, written.getvalue().splitlines())) <= 80


@pytest.mark.parametrize(
    ("mapping", "function"),
    [
        ({"BatchSize": 7, "MaximumRetryAttempts": 1}, raising(3)),
        ({"MaximumRetryAttempts": 0, "TumblingWindowInSeconds": 30}, reporting()),
        ({"MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": 604_800}, raising(3)),
        (
            {
                "FilterCriteria": {
                    "Filters": [{"Pattern": '{"data": {"a": [{"prefix": "x"}]}}'}] * 5
                }
            },
            reporting(),
        ),
        ({"DestinationConfig": {"OnFailure": {"Destination": SQS}}}, reporting(1)),
    ],
)
def test_ordinary_runs_fit_80_columns(
    columns: Columns, mapping: dict[str, object], function: Function
) -> None:
    columns(80)
    records = [record(index, at=index * 50, shard=index % 2) for index in range(20)]
    text = called(records, function, mapping)
    assert [line for line in text.splitlines() if cell_len(line) > 80] == []


# Words


def sentences(summary: Summary, *, has_destination: bool = True) -> list[str]:
    return consequences(summary, has_destination=has_destination)


def test_the_summary_says_what_would_hurt(columns: Columns) -> None:
    columns(80)
    text = called(
        records_at(*[0.0] * 4),
        reporting(1),
        {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 3},
    )
    summary = " ".join(text[text.index("\nSummary\n") :].split())
    assert "! shard 0 was blocked for 1.70 s by the failure of …989136588899" in summary
    assert (
        "! 8 times a record was delivered again although no earlier call had failed it" in summary
    )
    assert "! 2 records discarded together with a failed one, though never reported" in summary
    assert "! 3 records discarded without a destination: they leave no trace" in summary


def test_a_run_without_failures_has_nothing_to_warn_of() -> None:
    assert sentences(Summary(records=3, succeeded=3)) == []


def test_ignored_answers_and_expired_records_are_said() -> None:
    told = sentences(Summary(expired=1, warnings={"key 'x' ignored": 3}))
    assert told == [
        "1 record left the stream before being handled",
        "key 'x' ignored (3 calls)",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("plain\ttext", "plain    text"),
        (f"failed\n{TRACEBACK}", "failed: ValueError: hot"),
        (f"failed: ValueError: hot\n{TRACEBACK}", "failed: ValueError: hot"),
        ('{"message": "m", "errorType": "E", "errorMessage": "e", "stackTrace": ["f"]}', "m: E: e"),
        ('{"reason": "too hot", "message": "m"}', "too hot"),
        ('{"message": "m"}', "m"),
        ('{"level": "WARN"}', '{"level": "WARN"}'),
        ("[1]", "[1]"),
        ("7", "7"),
        ('{"message": {"a": 1}}', '{"a": 1}'),
        ("[WARNING]\t2026-01-31T12:00:00.000Z\t8286a188-ba32-4475-8077-530cd35c09a9\thot", "hot"),
    ],
)
def test_a_log_line_is_cut_down_to_its_reason(line: str, words: str) -> None:
    assert why_in_words(line) == words


# Cells


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 s"),
        (1.234, "1.23 s"),
        (59.99, "59.99 s"),
        (59.999, "0:01:00"),
        (3661, "1:01:01"),
        (86_399.6, "1d 00:00:00"),
        (90_061, "1d 01:01:01"),
    ],
)
def test_lengths_of_time_are_short_and_clear(seconds: float, text: str) -> None:
    assert duration_cell(seconds) == text
    assert since_cell(seconds) == f"+{text}"
    if seconds:
        assert since_cell(-seconds) == f"-{text}"


def test_cells_shorten_numbers_shards_and_payloads() -> None:
    number = "49590338271490256608559692538361571095921575989136588898"
    assert number_cell(number) == "…989136588898"
    assert number_cell(number, whole=True) == number
    assert number_cell("1234567890123") == "1234567890123"
    assert (shard_cell("shardId-000000000006"), shard_cell("other")) == ("6", "other")
    assert payload_cell("é".encode()) == "é"
    assert payload_cell(b"abc\xe2\x82") == "abc"  # cut in the middle of a character
    assert payload_cell(b"\x00\xff") == "0x00ff"
    assert (counted(1, "call"), counted(1234, "call")) == ("1 call", "1,234 calls")
    assert time_cell(1545084650.987) == "2018-12-17T22:10:50.987Z"
    assert time_cell(1e300) == "1e+300"


@pytest.mark.parametrize("text", ["plain text to cut", "温度温度温度温度温度", "a温b度c温d度"])
@pytest.mark.parametrize("width", range(1, 22))
def test_cutting_and_wrapping_count_columns_not_characters(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width
    assert cut(text, 100) == text
    if width > 1:
        lines = wrapped(text, width)
        assert max(map(cell_len, lines)) <= width
        assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_point_that_only_shifts_times_is_told_where_something_went_wrong() -> None:
    unsure = ("lane-mapping", "poll-phase", "push-delay")
    assert points_to_tell(Summary(records=1, succeeded=1, unsure=unsure)) == ["lane-mapping"]
    for wrong in (
        Summary(failures=1, unsure=unsure),
        Summary(throttles=1, unsure=unsure),
        Summary(discarded=1, unsure=unsure),
        Summary(expired=1, unsure=unsure),
        Summary(undelivered=1, unsure=unsure),
    ):
        assert points_to_tell(wrong) == list(unsure)
