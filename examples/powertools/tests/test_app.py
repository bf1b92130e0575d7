import json

import app
import boto3
import pytest

pytestmark = pytest.mark.usefixtures("aws")


def payment(number):
    return {"id": f"p-{number}", "amount": 10 * number}


def test_payments_are_booked(kinesis, booked):
    kinesis.deliver([payment(1), payment(2)], app.lambda_handler).assert_all_handled()
    assert booked == [("p-1", 10), ("p-2", 20)]


def test_only_the_poison_is_reported_and_given_up(kinesis, booked):
    records = kinesis.records([payment(1), b"not json", payment(3)], key="account-1")
    run = kinesis.deliver(records, app.lambda_handler)
    assert run.calls[0].reported == (records[1],)
    assert run.discarded == [records[1]]
    assert sorted(booked) == [("p-1", 10), ("p-3", 30)]  # once, although p-3 was delivered again


def test_a_batch_that_lambda_delivers_twice_is_booked_once(kinesis, booked):
    run = kinesis.deliver([payment(1)], app.lambda_handler, inject=["duplicate@1"])
    assert len(run.calls) == 2
    assert booked == [("p-1", 10)]


def test_what_moto_s_stream_holds_is_delivered_and_then_what_comes_after(kinesis, booked):
    client = boto3.client("kinesis")
    client.create_stream(StreamName="payments", ShardCount=1)
    for number in range(10):
        data = json.dumps(payment(number))
        client.put_record(StreamName="payments", Data=data, PartitionKey=f"account-{number}")
    assert kinesis.drain("payments", app.lambda_handler).succeeded == 10
    client.put_record(StreamName="payments", Data=json.dumps(payment(10)), PartitionKey="later")
    assert kinesis.drain("payments", app.lambda_handler).succeeded == 1
    assert len(booked) == 11
