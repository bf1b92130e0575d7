"""Records that are made equal those that AWS made (`tests/unit/data/dynamodb_cases.json`)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kinesis_cli.payloads.changes.keys import TableKeys
from kinesis_cli.payloads.changes.on_kinesis import on_kinesis
from kinesis_cli.payloads.changes.table_stream import ChangeMaker, stream_arn
from kinesis_cli.payloads.changes.views import View
from kinesis_cli.payloads.changes.writes import Write

CASES = json.loads((Path(__file__).parents[2] / "data/dynamodb_cases.json").read_text())
FORMS = {
    "<event id>": r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "<uuid>": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",
    "<time>": r"\d+\.0",
    "<time in ms>": r"\d{13}",
    "<sequence number>": r"\d{21,40}",
    "<region>": "us-east-1",
    "<table>": "orders",
    "<stream arn>": r"arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/\S+",
}


def cases(form: str) -> list[Any]:
    named = [case for case in CASES if case["kind"] == "event" and case["expect"]["form"] == form]
    return [pytest.param(case, id=case["name"]) for case in named]


def writes(case: dict[str, Any]) -> Iterator[tuple[float, Write]]:
    for record in case["records"]:
        if record["old"] != record["new"]:
            at = record.get("at", 1_789_651_658 + record.get("t", 0))
            yield at, Write(record["old"], record["new"], by_ttl=record["change"] == "ttl")


def made(case: dict[str, Any]) -> list[bytes]:
    maker = ChangeMaker(
        TableKeys(*case["table"]["keys"]),
        View(case["table"]["view"]),
        stream_arn=stream_arn("orders", 1_789_000_000),
        random=Random(1),
        created=1_789_000_000,
    )
    return [raw for _, raw in maker.records(writes(case))]


def check(found: Any, expected: Any, *, ordered: bool) -> None:  # noqa: ANN401 - JSON
    """Compare members and their order, as far as AWS defines it."""
    if isinstance(expected, str) and expected in FORMS:
        assert re.fullmatch(FORMS[expected], str(found)), (expected, found)
    elif isinstance(expected, dict):
        assert set(found) == set(expected)
        if ordered:
            assert list(found) == list(expected)
        for name, each in expected.items():
            check(found[name], each, ordered=ordered and not name.endswith(("Keys", "Image")))
    else:
        assert found == expected


@pytest.mark.parametrize("case", cases("lambda"))
def test_an_event_equals_what_lambda_sent(case: dict[str, Any]) -> None:
    expected = case["expect"]["event"]["Records"]
    found = made(case)
    for raw, record in zip(found, expected, strict=True):
        check(json.loads(raw), record, ordered=True)
    for raw, time in zip(found, case["expect"].get("time_text", []), strict=False):
        assert f'"ApproximateCreationDateTime":{time},'.encode() in raw
    assert not any(b" " in raw.replace(b"hello world", b"") for raw in found)


@pytest.mark.parametrize("case", cases("streams-api"))
def test_records_equal_what_the_stream_held(case: dict[str, Any]) -> None:
    for raw, record in zip(made(case), case["expect"]["records"], strict=True):
        found = json.loads(raw)
        del found["eventSourceARN"]
        check(found, record, ordered=False)


@pytest.mark.parametrize("case", cases("kinesis"))
def test_changes_on_a_kinesis_stream_equal_what_dynamodb_put_there(case: dict[str, Any]) -> None:
    ((at, payload),) = on_kinesis(
        writes(case),
        TableKeys(*case["table"]["keys"]),
        table="orders",
        region="us-east-1",
        random=Random(1),
    )
    check(json.loads(payload.data), case["expect"]["data"], ordered=True)
    assert re.fullmatch("[0-9A-F]{32}", payload.partition_key)
    assert at == case["records"][0].get("at", 1_789_651_658)
    assert b" " not in payload.data
