import app


def test_only_alarms_reach_the_function(kinesis):
    app.raised.clear()
    records = kinesis.records(
        [{"level": "alarm", "place": "boiler"}, {"level": "info", "place": "door"}, b"not json"]
    )
    run = kinesis.deliver(records, app.lambda_handler)
    assert run.filtered == [records[1], records[2]]
    assert app.raised == ["boiler"]


def test_an_alarm_without_a_place_does_not_keep_the_others(kinesis):
    records = kinesis.records([{"level": "alarm"}, {"level": "alarm", "place": "boiler"}])
    run = kinesis.deliver(records, app.lambda_handler)
    assert run.discarded == [records[0]]
    assert run.deliveries(records[0]) == 3  # with the other, alone, and once more


def test_the_mapping_is_that_of_the_app(kinesis):
    run = kinesis.deliver([], app.lambda_handler)
    assert (run.mapping.batch_size, run.mapping.maximum_retry_attempts) == (50, 1)
