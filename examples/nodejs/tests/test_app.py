import json

import boto3


def put(kinesis_local, stream, *payloads):
    client = boto3.client("kinesis", **kinesis_local.client)
    records = [{"Data": payload, "PartitionKey": "visitor-1"} for payload in payloads]
    client.put_records(StreamName=stream.name, Records=records)


def test_clicks_are_counted(kinesis_local):
    stream = kinesis_local.stream(shards=2)
    put(kinesis_local, stream, *(json.dumps({"page": f"/{number}"}) for number in range(10)))
    assert kinesis_local.wait_idle(timeout=60).succeeded == 10


def test_a_click_that_nobody_can_read_is_given_up_alone(kinesis_local):
    stream = kinesis_local.stream()
    put(kinesis_local, stream, b'{"page": "/1"}', b"not json", b'{"page": "/2"}')
    run = kinesis_local.wait_idle(timeout=60)
    assert (run.succeeded, run.discarded) == (2, 1)


def test_the_same_in_virtual_time_without_a_server(kinesis):
    records = kinesis.records([{"page": "/1"}, b"not json"], key="visitor-1")
    run = kinesis.deliver(records)  # the template's function
    assert run.discarded == [records[1]]
    assert any("/1 was clicked" in line for line in run.calls[0].log)
