"""The fixture `kinesis_local`: a real server, as a user's project has it."""

import json
import os
import select
import signal
import subprocess
import sys

import pytest

from tests.patience import PATIENCE
from tests.testing.projects import make_project

pytestmark = pytest.mark.slow

PUT = """
    import boto3

    def put(kinesis_local, stream, *payloads):
        client = boto3.client("kinesis", **kinesis_local.client)
        for payload in payloads:
            client.put_record(StreamName=stream.name, Data=payload, PartitionKey="device-1")
"""


def test_each_test_has_streams_of_its_own_and_counts_only_its_records(
    pytester: pytest.Pytester,
) -> None:
    make_project(
        pytester,
        PUT
        + f"""
    def test_sound(kinesis_local):
        stream = kinesis_local.stream(shards=2)
        put(kinesis_local, stream, b'{{"v": 1}}', b'{{"v": 2}}')
        assert kinesis_local.wait_idle({PATIENCE}).succeeded == 2

    def test_poison_that_waits_for_ever(kinesis_local):
        stream = kinesis_local.stream(MaximumRetryAttempts=-1)
        put(kinesis_local, stream, b"poison")
        try:
            kinesis_local.wait_idle(0.5)
        except TimeoutError as error:
            assert "records still wait" in str(error)
        else:
            raise AssertionError("it did not wait")

    def test_poison_that_is_given_up(kinesis_local):
        stream = kinesis_local.stream(MaximumRetryAttempts=0)
        put(kinesis_local, stream, b'{{"v": 3}}', b"poison")
        run = kinesis_local.wait_idle({PATIENCE})
        assert (run.succeeded, run.discarded) == (1, 1), run
        run.assert_all_handled()
    """,
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: <LocalRun: 1 succeeded, 1 discarded, *",
            "E *Orders shardId-000000000000 1 record: failed, JSONDecodeError: *",
            "E *1 record discarded, RetryAttemptsExhausted, no destination is configured",
        ]
    )


def test_the_handler_of_the_test_drains_a_real_stream_too(pytester: pytest.Pytester) -> None:
    make_project(
        pytester,
        PUT
        + """
    import app

    def test_it(kinesis, kinesis_local):
        stream = kinesis_local.stream(function="Orders")
        put(kinesis_local, stream, b'{"v": 1}')
        client = boto3.client("kinesis", **kinesis_local.client)
        assert kinesis.drain(stream.name, app.lambda_handler, client=client).succeeded == 1
        assert kinesis.drain(stream.arn, app.lambda_handler, client=client).succeeded == 1
        assert kinesis.drain(stream.name, app.lambda_handler, client=client).succeeded == 0
    """,
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_without_a_template_there_are_streams_that_nobody_reads(pytester: pytest.Pytester) -> None:
    folder = make_project(
        pytester,
        PUT
        + """
    def test_it(kinesis_local):
        put(kinesis_local, kinesis_local.stream(name="orders"), b"1")
        assert kinesis_local.wait_idle(5).calls == 0
        client = boto3.client("kinesis", **kinesis_local.client)
        assert client.list_streams()["StreamNames"] == ["orders"]
    """,
    )
    (folder / "template.yaml").unlink()
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_every_worker_of_xdist_has_a_server_of_its_own(pytester: pytest.Pytester) -> None:
    folder = make_project(
        pytester,
        """
        import pathlib

        def test_it(kinesis_local, worker_id):
            pathlib.Path(f"told-{worker_id}").write_text(kinesis_local.endpoint_url)
        """,
    )
    pytester.runpytest_subprocess("-n", "2", "--dist", "each").assert_outcomes(passed=2)
    assert len({told.read_text() for told in folder.glob("told-gw*")}) == 2


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process as Linux can")
@pytest.mark.parametrize("end", ["session", "kill -9"])
def test_the_server_ends_with_the_session_however_that_ends(
    pytester: pytest.Pytester, end: str
) -> None:
    waiting = "import sys; sys.stdout.write('ready'); sys.stdout.flush(); sys.stdin.read()"
    folder = make_project(pytester, f"def test_it(kinesis_local):\n    {waiting}")
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-s", "--basetemp", "base"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        told = b""
        while b"ready" not in told:
            read = process.stdout.read(1)
            assert read, told
            told += read
        state = folder / "base" / "kinesis0" / "server.json"
        server = os.pidfd_open(json.loads(state.read_text())["pid"])
        assert not select.select([server], [], [], 0)[0]
        if end == "kill -9":
            process.send_signal(signal.SIGKILL)
        process.stdin.close()
        process.stdout.read()
    assert select.select([server], [], [], PATIENCE)[0]  # readable as soon as it has ended
    os.close(server)
