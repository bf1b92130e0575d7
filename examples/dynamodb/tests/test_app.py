from decimal import Decimal

import app


def readings(kinesis, *values):
    return kinesis.records([{"sensor": "s-1", "value": value} for value in values], key="s-1")


def value_in(table):
    return table.get_item(Key={"sensor": "s-1"})["Item"]["value"]


def test_the_last_reading_is_kept(kinesis, table):
    kinesis.deliver(readings(kinesis, 1, 2, 21.5), app.lambda_handler).assert_all_handled()
    assert value_in(table) == Decimal("21.5")


def test_a_batch_that_is_delivered_twice_changes_nothing(kinesis, table):
    records = readings(kinesis, 1, 2, 3)
    run = kinesis.deliver(records, app.lambda_handler, inject=["duplicate@1"])
    assert run.deliveries(records[0]) == 2
    assert value_in(table) == 3
    assert any("newer reading" in line for line in run.calls[1].log)


def test_a_call_that_fails_in_the_middle_is_made_good_by_the_next(kinesis, table, monkeypatch):
    keep, broken = app.keep, ["2"]

    def keep_but_once(table, record):
        if broken and app.base64.b64decode(record["data"]) == b'{"sensor": "s-1", "value": 2}':
            broken.clear()
            raise TimeoutError("DynamoDB did not answer")
        keep(table, record)

    monkeypatch.setattr(app, "keep", keep_but_once)
    run = kinesis.deliver(readings(kinesis, 1, 2, 3), app.lambda_handler)
    assert [call.outcome for call in run.calls] == ["failed", "success"]
    assert value_in(table) == 3


def test_without_its_table_readings_are_given_up_after_an_hour_at_most(kinesis, table):
    table.delete()
    records = readings(kinesis, 1)
    run = kinesis.deliver(records, app.lambda_handler)
    assert run.discarded == records
    assert run.deliveries(records[0]) == 6
    assert run.calls[0].error.error_type == "ResourceNotFoundException"
