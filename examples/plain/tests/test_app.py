import app
import pytest


def order(count=1):
    return {"customer": "c-1", "price": 20, "count": count}


def test_orders_are_handled_in_one_call(kinesis):
    records = kinesis.records([order(1), order(2), order(3)], key="c-1")
    run = kinesis.deliver(records, app.lambda_handler)
    run.assert_all_handled()
    assert len(run.calls) == 1
    assert run.calls[0].log == ("c-1 owes 20", "c-1 owes 40", "c-1 owes 60")


def test_a_poison_order_is_given_up_alone(kinesis):
    records = kinesis.records([order(), b"not json", order()], key="c-1")
    run = kinesis.deliver(records, app.lambda_handler)
    assert run.discarded == [records[1]]
    assert run.deliveries(records[0]) == 1  # it was done before the poison
    assert run.documents[0]["requestContext"]["condition"] == "RetryAttemptsExhausted"


@pytest.mark.parametrize("kind", ["empty", "cut off", "invalid UTF-8", "missing member", "gzip"])
def test_whatever_is_wrong_with_an_order_the_others_are_handled(kinesis, kind):
    records = kinesis.records([order(), kinesis.broken(kind, order()), order()], key="c-1")
    run = kinesis.deliver(records, app.lambda_handler)
    assert run.discarded == [records[1]]
    assert run.succeeded == 2


@pytest.mark.kinesis(BatchSize=1)
def test_one_call_for_each_order_where_the_batch_size_is_one(kinesis):
    run = kinesis.deliver([order(), order()], app.lambda_handler)
    assert [len(call.records) for call in run.calls] == [1, 1]


def test_a_shard_waits_while_its_poison_is_tried_again(kinesis):
    first = kinesis.records([b"not json"], key="c-1")
    later = kinesis.at("+1").records([order()], key="c-1")
    run = kinesis.deliver(first + later, app.lambda_handler)
    given_up = next(call for call in run.calls if "discarded" in call.reason)
    handled = next(call for call in run.calls if later[0] in call.records)
    assert handled.at >= given_up.at


def test_the_day_of_the_incident_goes_as_it_did(kinesis, snapshot):
    assert kinesis.deliver("fixtures/day.ndjson", app.lambda_handler).markdown() == snapshot
