"""Create, get, list, update and delete event source mappings, by boto3."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Local

pytestmark = pytest.mark.slow

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
        (
            {"BatchSize": 10_001},
            "1 validation error detected: Value '10001' at 'batchSize' failed to satisfy"
            " constraint: Member must have value less than or equal to 10000",
        ),
        (
            {"TumblingWindowInSeconds": 1, "ParallelizationFactor": 2},
            "Parallelization factor must be equal to 1 when tumbling window period is configured",
        ),
        (
            {"StartingPosition": None},
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy"
            " constraint: Member must not be null.",
        ),
        (
            {"StartingPosition": "invalid"},
            "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy"
            " constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
        ),
        ({"EventSourceArn": None, "FunctionName": "nobody"}, "Unrecognized event source."),
        ({"FunctionName": "nobody"}, "Function does not exist"),
        ({"FunctionName": "Second:3"}, "Function does not exist"),
    ],
)
def test_settings_that_aws_refuses_are_refused(
    client: Any,  # noqa: ANN401
    settings: dict[str, Any],
    message: str,
) -> None:
    given = {
        "EventSourceArn": BULK,
        "FunctionName": "Second",
        "StartingPosition": "LATEST",
        **settings,
    }
    given = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(ClientError) as error:
        client.create_event_source_mapping(**given)
    assert refused(error.value)["status"] == 400
    assert message in refused(error.value)["message"]
    of_the_model = message.startswith("1 validation error") and "null" not in message
    code = "ValidationException" if of_the_model else "InvalidParameterValueException"
    assert refused(error.value)["error"] == code


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Second:$LATEST", "Second:$LATEST"),
        ("000000000000:function:Second:$LATEST", "Second:$LATEST"),
        ("arn:aws:lambda:us-east-1:000000000000:function:Second:$LATEST", "Second"),
    ],
)
def test_latest_is_kept_for_a_name_and_dropped_for_a_whole_arn(
    client: Any,  # noqa: ANN401
    name: str,
    shown: str,
) -> None:
    made = client.create_event_source_mapping(
        EventSourceArn=BULK, FunctionName=name, StartingPosition="LATEST"
    )
    assert made["FunctionArn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{shown}"
    client.delete_event_source_mapping(UUID=made["UUID"])


def test_tags_of_a_new_mapping_are_kept(client: Any) -> None:  # noqa: ANN401
    made = client.create_event_source_mapping(
        EventSourceArn=BULK, FunctionName="Second", StartingPosition="LATEST", Tags={"a": "b"}
    )
    arn = made["EventSourceMappingArn"]
    assert client.list_tags(Resource=arn)["Tags"] == {"a": "b"}
    client.tag_resource(Resource=arn, Tags={"c": "d"})
    client.untag_resource(Resource=arn, TagKeys=["a"])
    client.update_event_source_mapping(UUID=made["UUID"], BatchSize=7)
    assert client.list_tags(Resource=arn)["Tags"] == {"c": "d"}
    client.delete_event_source_mapping(UUID=made["UUID"])
    with pytest.raises(ClientError, match="Event source mapping not found: "):
        client.list_tags(Resource=arn)


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
    assert functions(FunctionName="nobody") == set()
    orders = BULK.replace("bulk", "orders")
    assert functions(EventSourceArn=orders) == {"orders-function", "Second"}


def test_another_account_has_no_mappings(local: Local) -> None:
    client = local.client("lambda", key="123456789012")
    assert client.list_event_source_mappings()["EventSourceMappings"] == []
