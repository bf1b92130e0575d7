"""Many tests of a user on four workers: nothing is shared, nothing is flaky.

`make soak` has two hundred of them, twenty times.
"""

import json
import os

import pytest

from tests.testing.projects import make_project

ROUNDS = int(os.environ.get("KCLI_FLAKE_ROUNDS", "1"))
SIZE = 4 if "KCLI_FLAKE_ROUNDS" in os.environ else 1
SIMULATED, WITH_MOTO, REAL = 35 * SIZE, 12 * SIZE, 3 * SIZE

TESTS = f"""
    import json, os, pathlib, time

    import app, boto3, pytest
    from moto import mock_aws


    @pytest.mark.parametrize("number", range({SIMULATED}))
    def test_poison_is_given_up(kinesis, number, monkeypatch):
        monkeypatch.setenv("NUMBER", str(number))
        seen = []

        def handler(event, context):
            seen.append((os.environ["NUMBER"], time.time()))
            time.sleep(number / 100)
            return app.lambda_handler(event, context)

        payloads = [{{"v": each}} for each in range(number % 7)] + ["poison"] + [{{"v": 1}}] * 3
        records = kinesis.at(f"+{{number}}").records(payloads, shards=1 + number % 3)
        run = kinesis.deliver(records, handler, seed=number)
        assert run.discarded == [record for record in records if record.data == b"poison"]
        assert {{each for each, _ in seen}} == {{str(number)}}
        assert all(at >= kinesis.now for _, at in seen)


    @pytest.mark.parametrize("number", range({WITH_MOTO}))
    def test_moto(kinesis, number, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        with mock_aws():
            client = boto3.client("kinesis")
            client.create_stream(StreamName="orders", ShardCount=2)
            for each in range(3):
                client.put_record(StreamName="orders", Data=b'{{"v": 1}}', PartitionKey=str(each))
            assert kinesis.drain("orders", app.lambda_handler).succeeded == 3


    @pytest.mark.parametrize("number", range({REAL}))
    def test_real(kinesis_local, worker_id, number):
        client = boto3.client("kinesis", **kinesis_local.client)
        stream = kinesis_local.stream(shards=1 + number % 2)
        for each in range(number % 3 + 1):
            client.put_record(StreamName=stream.name, Data=b'{{"v": 1}}', PartitionKey=str(each))
        assert kinesis_local.wait_idle(120).succeeded == number % 3 + 1
        assert client.list_streams()["StreamNames"] == sorted([stream.name, "Stream"])
        pathlib.Path(f"told-{{worker_id}}.{{number}}").write_text(
            json.dumps([os.getpid(), kinesis_local.endpoint_url])
        )
"""


@pytest.mark.slow
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_many_tests_on_four_workers_pass_and_share_nothing(
    pytester: pytest.Pytester, round_: int
) -> None:
    folder = make_project(pytester, TESTS)
    result = pytester.runpytest_subprocess("-n", "4", "-q")
    result.assert_outcomes(passed=SIMULATED + WITH_MOTO + REAL)
    told = [json.loads(each.read_text()) for each in folder.glob("told-*")]
    assert len(told) == REAL
    endpoints = dict(told)  # process → endpoint
    assert len({tuple(each) for each in told}) == len(endpoints) == len(set(endpoints.values()))
    left = {each.name for each in folder.iterdir()} - {each.name for each in folder.glob("told-*")}
    assert left <= {
        *("template.yaml", "src", "tox.ini", "test_app.py", "stdout", "stderr"),
        *("runpytest-0", "runpytest-current"),
        *(".pytest_cache", "__pycache__"),
    }
