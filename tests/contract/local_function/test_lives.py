"""What became of each record, asked of the server's control path."""

from collections.abc import Iterator
from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.local.client.process import ask

from .conftest import Local

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

ORDERS = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"


def put(local: Local, *payloads: str) -> list[str]:
    """Put records on one shard; their sequence numbers."""
    client = local.client("kinesis")
    answer = client.put_records(
        StreamName="orders", Records=[{"PartitionKey": "k", "Data": each} for each in payloads]
    )
    return [each["SequenceNumber"] for each in answer["Records"]]


def lives(local: Local, **request: object) -> dict[str, Any]:
    answer = ask(local.server, "lives", {"stream": ORDERS, **request})
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
def since(local: Local) -> Iterator[int]:
    """Where the history stands."""
    local.wait()
    yield lives(local)["next"]
    local.wait()


def of_function(answer: dict[str, Any], function: str) -> list[dict[str, Any]]:
    return [fact for fact in answer["facts"] if fact["function"] == function]


def test_a_record_that_was_handled_has_a_call_that_began_and_ended(
    local: Local, since: int
) -> None:
    (number,) = put(local, "fine")
    local.wait()
    answer = lives(local, since=since)
    assert {each["function"] for each in answer["mappings"]} == {"orders-function", "Second"}
    assert all(each["why"] == "" for each in answer["mappings"])
    for function in ("orders-function", "Second"):
        calling, called, ended = of_function(answer, function)
        assert [each["what"] for each in (calling, called, ended)] == ["calling", "called", "ended"]
        assert calling["requestId"] == called["requestId"]
        assert (called["outcome"], ended["outcome"]) == ("success", "handled")
        assert calling["at"] <= called["at"] <= ended["at"]
        assert all(each["sequenceNumbers"] == [number] for each in (calling, called, ended))


def test_a_record_that_was_given_up_has_the_reason_and_the_place_of_its_document(
    local: Local, since: int
) -> None:
    good, bad = put(local, "fine", "bad")
    local.wait()
    facts = of_function(lives(local, since=since), "orders-function")
    called = [fact for fact in facts if fact["what"] == "called"]
    assert called[0]["outcome"] == "partial"
    assert called[0]["failures"] == [bad]
    ended = {fact["outcome"]: fact for fact in facts if fact["what"] == "ended"}
    assert ended["handled"]["sequenceNumbers"] == [good]
    assert ended["discarded"]["sequenceNumbers"] == [bad]
    assert ended["discarded"]["reason"] == "RetryAttemptsExhausted"
    assert ":sqs:" in ended["discarded"]["destination"]


def test_one_records_life_is_asked_for_by_its_sequence_number(local: Local, since: int) -> None:
    numbers = put(local, "one", "two")
    local.wait()
    facts = lives(local, sequenceNumber=numbers[1])["facts"]
    assert facts
    assert all(numbers[1] in fact["sequenceNumbers"] for fact in facts)
    assert all(fact["number"] > since for fact in facts)


def test_a_mapping_that_is_disabled_says_so(local: Local, since: int) -> None:
    client = local.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName="Second")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        why = {each["function"]: each["why"] for each in lives(local, since=since)["mappings"]}
        assert why == {"orders-function": "", "Second": "the mapping is disabled"}
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_a_stream_that_nobody_reads_has_no_mappings_and_no_facts(local: Local) -> None:
    answer = lives(local, stream=f"{ORDERS}-of-nobody")
    assert answer["mappings"] == answer["facts"] == []


def test_a_question_that_is_none_is_refused(local: Local) -> None:
    with pytest.raises(InputError, match="lives"):
        lives(local, since="yesterday")
