import json
from pathlib import Path

import pytest

from kinesis_cli.cli.main import main
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.stream.event import KinesisEvent

Captured = pytest.CaptureFixture[bytes]


def run(*arguments: str) -> int:
    return main(["event", *arguments])


def test_an_event_of_one_reading_is_printed(capfdbinary: Captured) -> None:
    assert run() == 0
    (record,) = KinesisEvent.from_json(capfdbinary.readouterr().out).records
    assert set(json.loads(record.kinesis.data)) == {"temperature", "readingTimestamp"}


def test_the_same_seed_prints_the_same_bytes(capfdbinary: Captured) -> None:
    options = ["--count", "20", "--shards", "2", "--sensors", "5", "--hot-rate", "0.2"]
    outputs = []
    for seed in ("1", "1", "2"):
        assert run(*options, "--seed", seed) == 0
        outputs.append(capfdbinary.readouterr().out)
    assert outputs[0] == outputs[1] != outputs[2]


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "a.ndjson.zst", "a.json"])
def test_a_file_is_an_event_or_a_recording_by_its_name(
    name: str, tmp_path: Path, capfdbinary: Captured
) -> None:
    path = tmp_path / name
    assert run("--count", "3", "--start", "2025-01-01T00:00:00Z", "-o", str(path)) == 0
    output = capfdbinary.readouterr()
    assert output.out == b""
    kind = "an event" if name == "a.json" else "a recording"
    assert output.err.decode().strip() == f"{path}: {kind} of 3 records"
    with Recording.open([str(path)]) as recording:
        assert (recording.count, recording.first_arrival) == (3, 1735689600.0)


def test_ndjson_prints_a_recording(capfdbinary: Captured) -> None:
    arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/billing:1700000000"
    assert run("--count", "2", "--output", "ndjson", "--event-source-arn", arn) == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["eventSourceARN"] for line in lines] == [arn, arn]


def test_all_payloads_of_a_file_are_taken_unless_a_count_is_given(
    tmp_path: Path, capfdbinary: Captured
) -> None:
    (tmp_path / "in").write_text("1\n2\n3\n")
    for count, found in (([], 3), (["--count", "2"], 2)):
        assert run("--from", str(tmp_path / "in"), "--aggregate", *count) == 0
        (record,) = KinesisEvent.from_json(capfdbinary.readouterr().out).records
        assert record.kinesis.data.count(b"record-") == found


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--shards", "0"], "0 shards: a stream has 1 to 20,000"),
        (["--start", "soon"], "--start: 'soon' is not a time"),
        (["--interval", "-1"], "each at or after the one before"),
        (["--data", "x", "--from", "y"], "--data and --from cannot be used together"),
        (["--data", "-", "--from", "-"], "--data and --from cannot be used together"),
        (["--from", "missing"], "missing: no such file or directory"),
        (["--invalid-rate", "2"], "2.0 is not a share"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], sentence: str, capfdbinary: Captured
) -> None:
    assert run(*arguments) == 2
    output = capfdbinary.readouterr()
    assert output.out == b""
    assert sentence in output.err.decode()
    assert "Traceback" not in output.err.decode()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--data x --temperature 1", "--temperature is about readings, and --data brings other"),
        ("--model a:B --sensors 2", "--sensors is about readings, and --model brings other"),
        ("--from a --series sine", "--series is about readings, and --from brings other"),
        ("--temperature 1 --max 2", "--max is about a series, and --temperature is that of every"),
        ("--period 5", "--period is for --series sine and --series spike"),
        ("--step 5 --series sine", "--step is for --series walk"),
        ("--data - --from -", "--data and --from cannot be used together"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(
    options: str, problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(*options.split()) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert problem in " ".join(output.err.split())


@pytest.mark.parametrize(
    ("option", "value", "advice"),
    [
        ("--event-source-arn", "foo", "reads like arn:aws:kinesis:us-east-1:123456789012:stream/"),
        (
            "--event-source-arn",
            "arn:aws:sqs:us-east-1:123456789012:queue",
            "not an ARN of a stream",
        ),
        ("--start", "nonsense", "or +SECONDS from now."),
    ],
)
def test_a_value_of_another_form_is_told_with_one_that_would_do(
    option: str, value: str, advice: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(option, value) == 2
    assert advice in " ".join(capfd.readouterr().err.split())
