"""Create, get, list, update and delete event source mappings, by boto3."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Local

pytest.importorskip("awslambdaric")

CASES = json.loads((Path(__file__).parents[2] / "unit" / "data" / "esm_cases.json").read_text())
CREATE = {case["name"]: case for case in CASES if case["kind"] == "create"}
BULK = "arn:aws:kinesis:us-east-1:000000000000:stream/bulk"


@pytest.fixture
def client(local: Local) -> Any:  # noqa: ANN401 - boto3 makes classes as it runs
    return local.client("lambda")


@pytest.fixture
def mapping(client: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """The recorded case's: Second, fed by bulk."""
    esm = CREATE["create_defaults"]["esm"]
    made = client.create_event_source_mapping(EventSourceArn=BULK, FunctionName="Second", **esm)
    yield made
    for each in client.list_event_source_mappings(FunctionName="Second")["EventSourceMappings"]:
        if each["EventSourceArn"] == BULK:
            client.delete_event_source_mapping(UUID=each["UUID"])


def refused(error: ClientError) -> dict[str, Any]:
    answer = error.response
    return {
        "status": answer["ResponseMetadata"]["HTTPStatusCode"],
        "error": answer["Error"]["Code"],
        "message": answer["Error"]["Message"],
    }


def test_a_new_mapping_has_the_recorded_defaults(mapping: dict[str, Any]) -> None:
    expected = CREATE["create_defaults"]["expect"]
    assert mapping["ResponseMetadata"]["HTTPStatusCode"] == expected["status"]
    assert {name: mapping[name] for name in expected["response"]} == expected["response"]
    assert mapping["FunctionArn"] == "arn:aws:lambda:us-east-1:000000000000:function:Second"


def test_a_missing_stream_is_refused_as_recorded(client: Any) -> None:  # noqa: ANN401
    case = CREATE["create_missing_stream"]
    arn = f"{BULK}-that-is-not-there"
    esm = {**case["esm"], "EventSourceArn": arn}
    with pytest.raises(ClientError) as error:
        client.create_event_source_mapping(FunctionName="Second", **esm)
    expected = {**case["expect"], "message": case["expect"]["message"].replace("<stream arn>", arn)}
    assert refused(error.value) == expected


def test_the_same_stream_and_function_again_is_refused_as_recorded(
    client: Any,  # noqa: ANN401
    mapping: dict[str, Any],
) -> None:
    case = CREATE["create_duplicate"]
    with pytest.raises(ClientError) as error:
        client.create_event_source_mapping(
            EventSourceArn=BULK, FunctionName="Second", **case["esm"]
        )
    message = case["expect"]["message"].replace("<stream arn>", BULK)
    message = message.replace("<function name>", "Second").replace("<uuid>", mapping["UUID"])
    assert refused(error.value) == {**case["expect"], "message": message}


@pytest.mark.parametrize("name", [name for name in CREATE if "filter" in name])
def test_an_invalid_filter_is_refused_as_recorded(client: Any, name: str) -> None:  # noqa: ANN401
    case = CREATE[name]
    with pytest.raises(ClientError) as error:
        client.create_event_source_mapping(
            EventSourceArn=BULK, FunctionName="Second", **case["esm"]
        )
    assert refused(error.value) == case["expect"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"BatchSize": 10_001}, "BatchSize is 10001, AWS accepts 1 to 10000"),
        (
            {"TumblingWindowInSeconds": 1, "ParallelizationFactor": 2},
            "TumblingWindowInSeconds cannot be combined",
        ),
        ({"StartingPosition": None}, "StartingPosition is required"),
    ],
)
def test_settings_that_aws_refuses_are_refused(
    client: Any,  # noqa: ANN401
    settings: dict[str, Any],
    message: str,
) -> None:
    given = {"StartingPosition": "LATEST", **settings}
    given = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(ClientError) as error:
        client.create_event_source_mapping(EventSourceArn=BULK, FunctionName="Second", **given)
    assert refused(error.value)["status"] == 400
    assert message in refused(error.value)["message"]


def test_a_mapping_of_an_unknown_function_is_refused(client: Any) -> None:  # noqa: ANN401
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*Function not found"):
        client.create_event_source_mapping(
            EventSourceArn=BULK, FunctionName="nobody", StartingPosition="LATEST"
        )


def test_a_mapping_is_changed_disabled_and_deleted(
    client: Any,  # noqa: ANN401
    mapping: dict[str, Any],
) -> None:
    uuid = mapping["UUID"]
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    changed = client.update_event_source_mapping(UUID=uuid, BatchSize=7)
    assert (changed["BatchSize"], changed["State"]) == (7, "Updating")
    assert client.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    kept = client.get_event_source_mapping(UUID=uuid)
    assert (kept["BatchSize"], kept["State"]) == (7, "Disabled")
    assert client.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    assert client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_event_source_mapping(UUID=uuid)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.delete_event_source_mapping(UUID=uuid)


def test_mappings_are_listed_by_function_and_by_stream(client: Any) -> None:  # noqa: ANN401
    def functions(**wanted: str) -> set[str]:
        found = client.list_event_source_mappings(**wanted)["EventSourceMappings"]
        return {each["FunctionArn"].rpartition(":")[2] for each in found}

    assert functions() == {"orders-function", "Second", "Loop", "Any", "windowed"}
    assert functions(FunctionName="Any") == {"Any"}
    orders = BULK.replace("bulk", "orders")
    assert functions(EventSourceArn=orders) == {"orders-function", "Second"}


def test_another_account_has_no_mappings(local: Local) -> None:
    with pytest.raises(ClientError):
        local.client("lambda", key="123456789012").list_event_source_mappings()
