"""What the open page is sent: the newest state, in bounded pieces, with exact counts."""

import gzip
import json

import pytest
from mypy_boto3_kinesis import KinesisClient

from kinesis_cli.local.live_page.streams import MAX_RECORDS
from kinesis_cli.local.state import Server
from kinesis_cli.stream.aggregate import aggregated
from kinesis_cli.stream.payload import Payload
from tests.contract.kinesis.conftest import client_of
from tests.contract.live_page.browsers import Browser
from tests.servers import Started

MAX_EVENT = 512 * 1024  # bytes, as the contract with the page says


@pytest.fixture
def kinesis(server: Server) -> KinesisClient:
    return client_of(Started("ours", server.port, server.pid), key="000000000000")


def total(browser: Browser) -> int:
    found: int = browser.state["records"]["total"]
    return found


def test_the_first_event_has_all_and_the_next_only_what_changed(browser: Browser) -> None:
    with browser.events() as events:
        first = events.next()
        assert first is not None
        assert first.keys() >= {"now", "server", "streams", "records", "mappings", "faults"}
        assert first["server"]["state"] == ""  # nothing is kept
        browser.post("faults", {"set": {"delay": 0.001}})
        events.until("faults", {"delay": 0.001})
        browser.post("faults", {"clear": True})
        events.until("faults", {})
        with browser.events() as others:
            again = others.next()
            assert again is not None
            assert again.keys() == first.keys()


def test_counts_are_exact_and_samples_are_few_however_much_comes(
    browser: Browser, kinesis: KinesisClient
) -> None:
    before = total(browser)
    text = "x" * 20_000
    with browser.events() as events:
        for call in range(12):
            answer = kinesis.put_records(
                StreamName="orders",
                Records=[{"PartitionKey": f"{call}-{n}", "Data": text} for n in range(200)],
            )
            assert answer["FailedRecordCount"] == 0
        events.until("records.total", before + 2_400)
        rows = {each["name"]: each for each in events.sections["streams"]["streams"]}
        assert sum(each["put"] for each in rows["orders"]["shards"]) == rows["orders"]["put"]
        assert len(events.sections["records"]["shown"]) == MAX_RECORDS
        assert all(each["cut"] for each in events.sections["records"]["shown"])
        assert events.largest < MAX_EVENT


def test_a_page_that_does_not_read_holds_nobody_up(
    browser: Browser, kinesis: KinesisClient
) -> None:
    before = total(browser)
    with browser.events() as slow, browser.events() as quick:
        slow.next()
        for _ in range(30):
            kinesis.put_records(
                StreamName="orders",
                Records=[{"PartitionKey": str(n), "Data": "y" * 400} for n in range(500)],
            )
        quick.until("records.total", before + 15_000)
        slow.until("records.total", before + 15_000)


def test_hostile_records_stay_data(browser: Browser, kinesis: KinesisClient) -> None:
    hostile = '</script><img src=x onerror=alert(1)>\x1b[31m\u202e\u2028\x9b\n"\\'
    kinesis.put_record(StreamName="other", PartitionKey="\u202ekey\x07", Data=hostile.encode())
    with browser.events() as events:
        assert events.next()
        record = next(r for r in events.sections["records"]["shown"] if r["stream"] == "other")
    assert record["text"] == (
        '</script><img src=x onerror=alert(1)>\\x1b[31m\\u202e\\u2028\\x9b\\n"\\'
    )
    assert record["key"] == "\\u202ekey\\x07"


def test_packed_payloads_are_opened_and_marked(browser: Browser, kinesis: KinesisClient) -> None:
    packed = {
        "gzip": gzip.compress(b'{"a": 1}'),
        "KPL aggregate of 2": aggregated([Payload("k", None, b"one"), Payload("k", None, b"two")]),
        "": b"\xff\xfe",
    }
    for key, data in packed.items():
        kinesis.put_record(StreamName="other", PartitionKey=f"p{key}", Data=data)
    shown = {r["key"]: r for r in browser.state["records"]["shown"] if r["stream"] == "other"}
    assert {key: shown[f"p{key}"]["packing"] for key in packed} == {key: key for key in packed}
    assert shown["pgzip"]["text"] == '{"a": 1}'
    assert shown["pKPL aggregate of 2"]["text"] == "one\\ntwo"
    assert shown["p"]["text"] == "0xfffe"


def test_the_events_are_one_line_of_json_each(browser: Browser) -> None:
    with browser.events() as events:
        assert events.response.getheader("content-type") == "text/event-stream"
        head = [events.response.readline() for _ in range(5)]
    assert head[0].startswith(b"retry: ")
    assert head[2] == b"event: state\n"
    assert head[3].startswith(b"id: ")
    assert json.loads(head[4].removeprefix(b"data: "))
