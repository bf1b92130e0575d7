"""Calls that no mapping made, on the page: by Invoke, and of events with their retries."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from kinesis_cli.local.function.direct_calls import MAX_CALLS
from kinesis_cli.local.live_page.invoked import MAX_SHOWN
from tests.contract.live_page.browsers import Browser
from tests.contract.local_function.conftest import Local

pytestmark = pytest.mark.slow

FUNCTION = "orders-function"  # it tells of each record that it gets


@pytest.fixture
def browser(local: Local) -> Browser:
    return Browser(local.server).enter()


def event(*data: str) -> bytes:
    """What a mapping would hand over, more or less."""
    records = [
        {
            "eventID": "shard:1",
            "kinesis": {"data": b64encode(each.encode()).decode(), "sequenceNumber": "1"},
        }
        for each in data
    ]
    return json.dumps({"Records": records}).encode()


def invoke(local: Local, payload: bytes) -> str:
    """Call it; the request's id."""
    answer = local.client("lambda").invoke(FunctionName=FUNCTION, Payload=payload)
    local.wait()  # until its log is written
    return str(answer["ResponseMetadata"]["RequestId"])


def section(browser: Browser) -> Any:  # noqa: ANN401 - a JSON document
    return browser.state["invoked"]


def until(browser: Browser, is_there: Callable[[Any], bool]) -> Any:  # noqa: ANN401
    """The calls, once it is so."""
    with browser.events() as events:
        while not is_there(events.sections.get("invoked", {"total": 0, "shown": []})):
            assert events.next() is not None
        return events.sections["invoked"]


def logs(browser: Browser, row: dict[str, Any]) -> list[str]:
    answer = browser.get(f"invoked?id={row['id']}")
    assert answer.status == 200, answer
    found: list[str] = answer.document["logs"]
    return found


def test_a_call_by_invoke_is_shown_with_its_log(browser: Browser, local: Local) -> None:
    before = section(browser)["total"]
    request_id = invoke(local, event("by hand </b>\u202e"))
    found = section(browser)
    row = found["shown"][0]
    assert found["total"] == before + 1
    assert (row["request_id"], row["function"], row["kind"]) == (request_id, FUNCTION, "request")
    assert (row["outcome"], row["attempt"], row["error"]) == ("success", 1, "")
    assert "got by hand </b>\\u202e" in logs(browser, row)


def test_a_call_that_fails_stands_among_the_problems(browser: Browser, local: Local) -> None:
    request_id = invoke(local, event("boom"))
    row = section(browser)["problems"][0]
    assert (row["request_id"], row["outcome"]) == (request_id, "failed")
    assert row["error"] == "ValueError: boom"
    assert any('raise ValueError("boom")' in line for line in logs(browser, row))


def test_each_try_of_an_event_is_a_call_of_its_own(browser: Browser, local: Local) -> None:
    client = local.client("lambda")
    answer = client.invoke(FunctionName=FUNCTION, Payload=event("boom"), InvocationType="Event")
    request_id = answer["ResponseMetadata"]["RequestId"]

    def tries(found: Any) -> list[Any]:  # noqa: ANN401
        return [each for each in found["shown"] if each["request_id"] == request_id]

    try:
        for count in (1, 2, 3):
            found = until(browser, lambda found, count=count: len(tries(found)) == count)  # type: ignore[misc]
            browser.post("faults", {"clock": 180})  # the next try comes in a minute, or in two
    finally:
        local.wait()
        browser.post("faults", {"clock": None})
    rows = tries(found)
    assert [row["attempt"] for row in rows] == [3, 2, 1]
    assert {(row["kind"], row["outcome"]) for row in rows} == {("event", "failed")}


def test_a_call_that_was_refused_is_told_too(browser: Browser, local: Local) -> None:
    client = local.client("lambda")
    client.put_function_concurrency(FunctionName=FUNCTION, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(client.exceptions.TooManyRequestsException):
            client.invoke(FunctionName=FUNCTION, Payload=event())
    finally:
        client.delete_function_concurrency(FunctionName=FUNCTION)
    row = section(browser)["problems"][0]
    assert (row["outcome"], row["error"]) == ("throttled", "")


def test_calls_of_mappings_are_none_of_them(browser: Browser, local: Local) -> None:
    before = section(browser)["total"]
    browser.post("put", {"stream": "orders", "key": "k", "data": "x"})
    local.wait()
    assert section(browser)["total"] == before


def test_only_the_newest_are_kept_and_all_are_counted(browser: Browser, local: Local) -> None:
    client = local.client("lambda")
    client.put_function_concurrency(FunctionName=FUNCTION, ReservedConcurrentExecutions=0)
    before = section(browser)
    first = before["total"] + 1
    try:  # refused calls take no time
        for _ in range(MAX_CALLS + 1):
            with pytest.raises(client.exceptions.TooManyRequestsException):
                client.invoke(FunctionName=FUNCTION)
    finally:
        client.delete_function_concurrency(FunctionName=FUNCTION)
    found = section(browser)
    assert found["total"] == before["total"] + MAX_CALLS + 1
    assert len(found["shown"]) == len(found["problems"]) == MAX_SHOWN
    assert browser.get(f"invoked?id={first}").status == 404
    assert browser.get(f"invoked?id={first + 1}").status == 200


@pytest.mark.parametrize("id_", ["0", "-1", "999999", "x", "9" * 40, ""])
def test_a_call_that_is_not_kept_is_not_found(browser: Browser, id_: str) -> None:
    assert browser.get(f"invoked?id={id_}").status == 404
