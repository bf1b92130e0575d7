import app
import pytest

# moto's queues keep a message for four days: the function must see the time that they see
pytestmark = pytest.mark.kinesis(wall_clock=True)

ORDER = {"customer": "c-1", "number": 1, "status": "new", "total": 20}
PAID = {**ORDER, "status": "paid"}
PARCEL = '{"order": "c-1/1", "total": 20.0}'
KEYS = "customer,number"


def test_an_order_is_shipped_when_it_is_paid(kinesis, shipped):
    records = kinesis.changes([ORDER, PAID], keys=KEYS)
    run = kinesis.deliver(records, app.lambda_handler)
    assert run.filtered == [records[0]]  # it is new
    assert run.succeeded == 1
    assert shipped() == [PARCEL]


def test_an_order_that_changes_after_it_was_paid_is_not_shipped_again(kinesis, shipped):
    more = {**PAID, "note": "call before"}
    records = kinesis.changes([(None, PAID), (PAID, more), (more, None)], keys=KEYS)
    run = kinesis.deliver(records, app.lambda_handler)
    assert run.filtered == [records[2]]  # a removal has no NewImage
    assert shipped() == [PARCEL]


def test_an_order_without_a_total_is_given_up_alone(kinesis, shipped):
    broken = {"customer": "c-2", "number": 7, "status": "paid"}
    records = kinesis.changes([PAID, broken, {**PAID, "number": 2}], keys=KEYS)
    run = kinesis.deliver(records, app.lambda_handler)
    assert run.discarded == [records[1]]
    assert run.deliveries(records[1]) == 6  # twice with others, then alone: a call and 3 retries
    assert run.documents[0]["DDBStreamBatchInfo"]["batchSize"] == 1
    assert len(shipped()) == 2


def test_what_is_written_to_the_table_is_shipped(kinesis, orders, shipped):
    orders.put_item(Item=ORDER)
    orders.put_item(Item=ORDER)  # the same again: DynamoDB has no record of that
    pay = {"UpdateExpression": "SET #s = :s", "ExpressionAttributeNames": {"#s": "status"}}
    key = {"customer": "c-1", "number": 1}
    orders.update_item(Key=key, **pay, ExpressionAttributeValues={":s": "paid"})
    run = kinesis.drain_table("orders", app.lambda_handler)
    assert (run.succeeded, len(run.filtered)) == (1, 1)
    assert shipped() == [PARCEL]
    orders.delete_item(Key=key)
    assert len(kinesis.drain_table("orders", app.lambda_handler).filtered) == 1
    assert shipped() == []
