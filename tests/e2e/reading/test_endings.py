"""Whatever ends a command: what it was asked to keep is kept, what it registered is gone."""

import signal
import subprocess
from contextlib import ExitStack

import pytest
from mypy_boto3_kinesis import KinesisClient

from tests.e2e.programs import ENDINGS
from tests.e2e.reading.commands import Commands, put
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow


def consumers(kinesis: KinesisClient, stream: str) -> list[str]:
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"][
        "StreamARN"
    ]
    return [
        each["ConsumerName"] for each in kinesis.list_stream_consumers(StreamARN=arn)["Consumers"]
    ]


@ENDINGS
@pytest.mark.parametrize(
    "command", [("tail",), ("record", "-o", "day.ndjson")], ids=["tail", "record"]
)
def test_a_consumer_of_enhanced_fan_out_is_deregistered_at_the_end(
    on_stream: Commands,
    kinesis: KinesisClient,
    stream: str,
    command: tuple[str, ...],
    ended_by: signal.Signals,
) -> None:
    put(kinesis, stream, 0, 3)
    process = subprocess.Popen(
        on_stream.line(*command, "--efo", "mine", "--since", "trim-horizon"),
        cwd=on_stream.folder,
        env=on_stream.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not consumers(kinesis, stream):
        pass
    process.send_signal(ended_by)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert consumers(kinesis, stream) == []


def test_signals_that_come_together_count_as_one(
    on_stream: Commands, kinesis: KinesisClient, stream: str
) -> None:
    """A terminal that is closed sends one to its shell, which passes it on."""
    put(kinesis, stream, 0, 3)
    process = subprocess.Popen(
        on_stream.line("tail", "--efo", "mine", "--since", "trim-horizon"),
        cwd=on_stream.folder,
        env=on_stream.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not consumers(kinesis, stream):
        pass
    for each in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):
        process.send_signal(each)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, told
    assert consumers(kinesis, stream) == []


def test_nohup_stays_so(on_stream: Commands, kinesis: KinesisClient, stream: str) -> None:
    put(kinesis, stream, 0, 3)
    with ExitStack() as opened:
        process = opened.enter_context(
            subprocess.Popen(
                ["nohup", *on_stream.line("tail", "--since", "trim-horizon", "-n", "4")],
                cwd=on_stream.folder,
                env=on_stream.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        assert process.stdout is not None
        for _ in range(4):  # the header and three records
            process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        put(kinesis, stream, 3, 1)
        assert process.stdout.readline().strip()
        process.stdout.read()  # to its end: closing the pipe earlier would end the command, too
    assert process.returncode == 0
