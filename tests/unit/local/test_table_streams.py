"""Names, labels and records of tables' streams, as far as no server is needed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.local.clock import ShiftableClock
from kinesis_cli.local.function.project import project_functions
from kinesis_cli.local.mapping.of_template import mappings_of_project
from kinesis_cli.local.place import Place
from kinesis_cli.local.table_streams.changes import (
    as_streams_api_has_it,
    changes_nothing,
    record_of,
)
from kinesis_cli.local.table_streams.labels import stream_labels
from kinesis_cli.local.table_streams.names import StreamName, TableKey, new_label, stream_name
from kinesis_cli.local.table_streams.store import TableStore, label_now
from kinesis_cli.payloads.changes.writes import Write
from kinesis_cli.project.function import CodeChoices
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.stream.kinds.dynamodb import change_record

ORDERS = TableKey("000000000000", "eu-west-1", "orders")
LABEL = "2026-09-17T13:26:53.746"
SCHEMA = [{"AttributeName": "pk", "KeyType": "HASH"}]


@pytest.fixture
def store() -> TableStore:
    return TableStore(None, ShiftableClock())


@given(st.integers(1, 10**9 - 1), st.floats(1e9, 4e9))
def test_a_sequence_number_leads_back_to_its_record(number: int, created: float) -> None:
    name = StreamName(ORDERS, new_label(created))
    sequence_number = name.sequence_number(number)
    assert 21 <= len(sequence_number) <= 40
    assert name.number(sequence_number) == number
    later = StreamName(ORDERS, new_label(created + 0.002))
    assert later.number(sequence_number) < 1


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_an_arn_leads_back_to_its_stream(region: str) -> None:
    name = StreamName(ORDERS._replace(region=region), LABEL)
    assert stream_name(name.arn) == name


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "orders",
        "arn:aws:kinesis:eu-west-1:000000000000:stream/orders",
        "arn:aws:dynamodb:eu-west-1:000000000000:table/orders",
        "arn:aws:dynamodb:eu-west-1:000000000000:table/orders/stream/now",
        "arn:aws:dynamodb:eu-west-1:000000000000:table/orders/stream/2026-99-17T13:26:53.746",
        f"arn:aws:dynamodb:eu-west-1:1:table/orders/stream/{LABEL}",
    ],
)
def test_what_is_no_arn_of_a_tables_stream_names_none(arn: str) -> None:
    assert stream_name(arn) is None


def test_two_streams_of_a_table_never_have_one_label() -> None:
    clock = ShiftableClock()
    first = label_now(clock, set())
    assert label_now(clock, {first, new_label(clock.now())}) not in {first}


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ({"n": {"N": "1"}}, {"n": {"N": "1.0"}}, True),
        ({"n": {"N": "1E2"}}, {"n": {"N": "100"}}, True),
        ({"n": {"NS": ["1", "2"]}}, {"n": {"NS": ["2.0", "1"]}}, True),
        ({"s": {"SS": ["a", "b"]}}, {"s": {"SS": ["b", "a"]}}, True),
        ({"l": {"L": [{"S": "a"}, {"S": "b"}]}}, {"l": {"L": [{"S": "b"}, {"S": "a"}]}}, False),
        ({"m": {"M": {"x": {"N": "0"}}}}, {"m": {"M": {"x": {"N": "0.0"}}}}, True),
        ({"x": {"S": "1"}}, {"x": {"N": "1"}}, False),
        ({"x": {"BOOL": True}}, {"x": {"BOOL": False}}, False),
        ({"x": {"S": "1"}}, {}, False),
        (None, {}, False),
        ({}, None, False),
        (None, None, True),
    ],
)
def test_a_write_that_leaves_the_item_as_it_was_is_told_from_others(
    old: dict[str, Any] | None, new: dict[str, Any] | None, *, is_same: bool
) -> None:
    assert changes_nothing(Write(old, new)) is is_same


def test_a_record_is_one_that_the_delivery_takes(store: TableStore) -> None:
    with store.transaction():
        stream = store.turn_on(ORDERS, LABEL, "NEW_AND_OLD_IMAGES", SCHEMA)
    item: dict[str, Any] = {"pk": {"S": "\x1b[31m\u202e"}, "n": {"N": "1"}}
    raw = record_of(stream, 7, 1789651658.9, Write(item, None, by_ttl=True))
    record = change_record(raw, shard_id=stream.name.shard_id)
    assert record.sequence_number == stream.name.sequence_number(7)
    assert record.arrival == 1789651658.0
    assert record.event_name == "REMOVE"
    assert record.change.old_image == item
    assert record.change.new_image is None
    assert raw.isascii()
    assert b"\x1b" not in raw
    answered = as_streams_api_has_it(raw)
    assert answered["userIdentity"] == {
        "Type": "Service",
        "PrincipalId": "dynamodb.amazonaws.com",
    }
    assert "eventSourceARN" not in answered
    assert json.loads(raw)["userIdentity"]["type"] == "Service"


def test_what_a_failed_transaction_has_written_is_not_there(store: TableStore) -> None:
    with store.transaction():
        stream = store.turn_on(ORDERS, LABEL, "KEYS_ONLY", SCHEMA)

    class StoppedError(Exception):
        pass

    def fail() -> None:
        with store.transaction():
            store.append(stream, store.clock.now(), b"{}")
            store.turn_off(stream)
            raise StoppedError

    with pytest.raises(StoppedError):
        fail()
    assert stream.is_enabled
    assert stream.last == 0
    assert store.read(stream, 0, 10) == []
    with store.transaction():
        store.append(stream, store.clock.now(), b"{}")
    assert [each.number for each in store.read(stream, 0, 10)] == [1]


def template(folder: Path, view: str | None, key: str = "pk") -> TemplateFile:
    file = folder / "template.yaml"
    stream = f"StreamSpecification: {{StreamViewType: {view}}}" if view else ""
    file.write_text(
        f"""
        Resources:
          Orders:
            Type: AWS::DynamoDB::Table
            Properties:
              TableName: orders
              KeySchema: [{{AttributeName: {key}, KeyType: HASH}}]
              {stream}
        """
    )
    return TemplateFile(file)


@pytest.mark.parametrize(
    ("view", "key", "kept_view", "goes_on"),
    [
        ("NEW_IMAGE", "pk", "NEW_IMAGE", True),
        ("NEW_IMAGE", "pk", "OLD_IMAGE", False),
        ("NEW_IMAGE", "pk", None, False),
        (None, "pk", "NEW_IMAGE", None),
        ("NEW_IMAGE", "other", "OLD_IMAGE", True),  # such a table stays as it was
    ],
)
def test_a_kept_stream_goes_on_unless_the_template_wants_another(
    tmp_path: Path, view: str | None, key: str, kept_view: str | None, *, goes_on: bool | None
) -> None:
    kept: Mapping[TableKey, Mapping[str, Any]] = {
        ORDERS: {
            "schema": SCHEMA,
            "label": LABEL if kept_view else None,
            "streams": {"StreamEnabled": bool(kept_view), "StreamViewType": kept_view},
        }
    }
    file = template(tmp_path, view, key)
    found = stream_labels(file, ORDERS.account, ORDERS.region, kept, ShiftableClock())
    if goes_on is None:
        assert found == {}
    else:
        assert (found["orders"] == LABEL) is goes_on


def test_an_arn_of_another_stack_is_the_one_of_the_table_here() -> None:
    place = Place("http://127.0.0.1:1", "eu-west-1", stream_labels={"orders": LABEL})
    arn = "arn:aws:dynamodb:us-east-2:123456789012:table/{}/stream/2024-01-01T00:00:00.000"
    here = "arn:aws:dynamodb:eu-west-1:000000000000:table/{}/stream/"
    assert place.localised(arn.format("orders")) == here.format("orders") + LABEL
    unknown = place.localised({"a": [arn.format("others")]})
    assert unknown == {"a": [here.format("others") + "2024-01-01T00:00:00.000"]}


def test_what_kafka_feeds_starts_here_and_is_fed_by_nothing(tmp_path: Path) -> None:
    cluster = "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-2"
    file = tmp_path / "template.yaml"
    file.write_text(
        f"""
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Orders:
            Type: AWS::DynamoDB::Table
            Properties: {{TableName: orders, StreamSpecification: {{StreamViewType: KEYS_ONLY}}}}
          Fn:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: .
              Handler: app.handler
              Runtime: python3.12
              Events:
                Topic:
                  Type: MSK
                  Properties: {{Stream: "{cluster}", StartingPosition: LATEST, Topics: [t]}}
                Own:
                  Type: SelfManagedKafka
                  Properties: {{KafkaBootstrapServers: ["a:9092"], Topics: [t]}}
                Changes:
                  Type: DynamoDB
                  Properties: {{Stream: !GetAtt Orders.StreamArn, StartingPosition: LATEST}}
        """
    )
    (tmp_path / "app.py").write_text("def handler(event, context):\n    pass\n")
    place = Place("http://127.0.0.1:1", "us-east-1", stream_labels={"orders": LABEL})
    (function,) = project_functions(TemplateFile(file), place, CodeChoices())
    assert [each["EventSourceArn"] for each in function.mappings.values()] == [
        f"arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/{LABEL}"
    ]
    assert function.unknown == {}
    (mapping,) = mappings_of_project([function], [], 0.0)
    assert mapping.function == function.name
