"""A shard that stands still is said to, with what is in the way; and no longer than it does."""

import pytest

from tests.contract.live_page.browsers import Browser, Events
from tests.contract.local_function.conftest import Local

pytestmark = pytest.mark.slow


def until_stuck(events: Events, count: int) -> None:
    while len(events.sections.get("stuck", {}).get("shown", [])) != count:
        assert events.next() is not None


def test_a_batch_that_fails_again_and_again_is_named_until_it_is_gone(local: Local) -> None:
    browser = Browser(local.server).enter()
    kinesis, functions = local.client("kinesis"), local.client("lambda")
    kinesis.create_stream(StreamName="held", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="held")
    arn = kinesis.describe_stream_summary(StreamName="held")["StreamDescriptionSummary"][
        "StreamARN"
    ]
    mapping = functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="orders-function", StartingPosition="TRIM_HORIZON"
    )
    with browser.events() as events:
        assert events.next()
        assert events.sections["stuck"] == {"shown": [], "more": 0}
        data = "boom </b>"
        kinesis.put_record(StreamName="held", PartitionKey="k", Data=data)
        until_stuck(events, 1)
        (row,) = events.sections["stuck"]["shown"]
        assert (row["function"], row["stream"]) == ("orders-function", "held")
        assert (row["records"], row["why"]) == (1, "ValueError: boom")
        assert row["attempt"] > 1
        functions.delete_event_source_mapping(UUID=mapping["UUID"])
        until_stuck(events, 0)
    kinesis.delete_stream(StreamName="held")
