"""What the page shows of functions, and what a click does: on a server with a real function."""

from typing import Any

import pytest

from tests.contract.live_page.browsers import PATH, Browser
from tests.contract.local_function.conftest import Local

pytestmark = pytest.mark.slow

HOSTILE = "boom</script>\u202e\x1b[31m"
DESTINATION = "arn:aws:sqs:us-east-1:000000000000:Failures"


@pytest.fixture
def browser(local: Local) -> Browser:
    return Browser(local.server).enter()


def put(browser: Browser, local: Local, data: str) -> dict[str, str]:
    """Put a record by the form, and wait until it has ended."""
    answer = browser.post("put", {"stream": "orders", "key": "k", "data": data})
    assert answer.status == 200, answer
    local.wait()
    placed: dict[str, str] = answer.document
    return placed


def life(browser: Browser, placed: dict[str, str]) -> Any:  # noqa: ANN401 - a JSON document
    query = f"stream=orders&shard={placed['shard_id']}&number={placed['number']}"
    answer = browser.get(f"record?{query}")
    assert answer.status == 200, answer
    return answer.document


def ends(document: Any) -> dict[str, str]:  # noqa: ANN401
    return {each["function"]: each["ended"] for each in document["endings"]}


def test_a_record_that_is_put_by_the_form_reaches_the_function(
    browser: Browser, local: Local
) -> None:
    placed = put(browser, local, '{"by": "form"}')
    assert local.handled("orders-function")[-1] == '{"by": "form"}'
    told = life(browser, placed)
    assert told["record"]["text"] == '{"by": "form"}'
    assert told["record"]["lines"] == ["{", '  "by": "form"', "}"]
    assert ends(told) == {"orders-function": "handled", "Second": "handled"}
    assert {each["words"] for each in told["endings"]} == {"handled at delivery 1"}
    assert told["remark"] == ""
    assert [each["outcome"] for each in told["calls"]] == ["success", "success"]


def test_the_form_takes_bytes_as_base64_and_a_hash_key(browser: Browser, local: Local) -> None:
    form = {"stream": "orders", "key": "k", "data": "AGE=", "base64": True, "hash_key": "0"}
    placed = browser.post("put", form).document
    assert placed["shard_id"] == "shardId-000000000000"
    local.wait()
    assert life(browser, placed)["record"]["text"] == "\\x00a"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"stream": "nowhere", "key": "k", "data": ""}, "ResourceNotFoundException"),
        ({"stream": "orders", "key": "", "data": "x"}, "partitionKey"),
        ({"stream": "orders", "key": "k", "data": "?", "base64": True}, "not base64"),
        ({"stream": "orders", "key": "k", "data": "x", "hash_key": "-1"}, "explicitHashKey"),
        ({"stream": "orders", "key": "k"}, "data"),
        ({"stream": "orders", "key": "k", "data": "x", "more": 1}, "more"),
        ([], "object"),
    ],
)
def test_a_form_that_is_wrong_is_answered_with_a_sentence(
    browser: Browser, form: object, words: str
) -> None:
    answer = browser.post("put", form)
    assert answer.status == 400
    assert words.lower() in answer.document["problem"].lower()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"\xff", b'{"data": "\\ud800"}', b"[" * 100_000, b'{"stream": 1}']
)
@pytest.mark.parametrize("name", ["put", "redrive", "faults", "session"])
def test_what_is_not_a_form_is_refused(browser: Browser, name: str, body: bytes) -> None:
    path = f"{PATH}session" if name == "session" else name
    answer = browser.send("POST", path, body, browser.own)
    allowed = {200} if (name, body) == ("faults", b"") else {400, 403}
    assert answer.status in allowed
    assert answer.document.get("problem", "no faults") != ""


def test_a_poison_records_life_is_told_call_by_call_with_its_log(
    browser: Browser, local: Local
) -> None:
    placed = put(browser, local, HOSTILE)
    told = life(browser, placed)
    assert ends(told) == {"orders-function": "discarded", "Second": "handled"}
    failed = next(each for each in told["calls"] if each["outcome"] == "failed")
    assert failed["error"] == "ValueError: boom"
    call = browser.get(f"call?id={failed['id']}").document
    assert call["numbers"] == [placed["number"]]
    assert "got boom</script>\\u202e\\x1b[31m" in call["logs"]
    assert any('raise ValueError("boom")' in line for line in call["logs"])
    assert all(line.isprintable() for line in call["logs"])
    state = browser.state
    assert failed["id"] in [each["id"] for each in state["calls"]["problems"]]
    row = next(
        each
        for each in state["timeline"]["shards"]
        if (each["id"], each["function"]) == (placed["shard_id"], "orders-function")
    )
    assert "f" in "".join(row["lanes"])
    said = state["said"][-1]
    assert "discarded" in said["sentence"]
    assert failed["at"] <= said["at"] <= state["now"]
    assert sum(records for _, records in row["discarded"]) >= 1


def test_what_was_given_up_is_put_again_by_a_click_once(browser: Browser, local: Local) -> None:
    placed = put(browser, local, "bad-again")
    documents = browser.get("failures").document["documents"]
    mine = next(each for each in documents if each["first"] == placed["number"])
    assert (mine["condition"], mine["records"]) == ("RetryAttemptsExhausted", 1)
    assert mine["can_redrive"]
    before = local.handled("orders-function").count("bad-again")
    click = {"destination": mine["destination"], "id": mine["id"]}
    assert browser.post("redrive", click).document == {
        "outcome": "replayed",
        "records": 1,
        "remark": "",
        "deleted": True,
    }
    again = browser.post("redrive", click)
    assert again.status == 404
    local.wait()
    assert local.handled("orders-function").count("bad-again") > before
    left = browser.get("failures").document["documents"]
    assert mine["id"] not in [each["id"] for each in left]  # it failed again: a document of its own


def test_looking_at_the_queue_hides_no_message(browser: Browser, local: Local) -> None:
    put(browser, local, "bad-look")
    for _ in range(3):
        documents = browser.get("failures").document["documents"]
    sqs = local.client("sqs")
    url = sqs.get_queue_url(QueueName="Failures")["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    depth = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert [depth[name] for name in names] == [str(len(documents)), "0"]
    waiting = browser.state["failures"]
    assert waiting["waiting"] == len(documents)
    assert waiting["destinations"][0]["arn"] == DESTINATION


def test_a_message_that_somebody_holds_is_told_and_that_it_is_free_again(
    browser: Browser, local: Local
) -> None:
    put(browser, local, "bad-held")
    sqs = local.client("sqs")
    url = sqs.get_queue_url(QueueName="Failures")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=3600)["Messages"]
    held = {"why_not": "another reader holds it", "can_redrive": False}
    assert browser.state["failures"]["held"] == 1
    documents = browser.get("failures").document["documents"]
    (mine,) = [each for each in documents if each["id"] == message["MessageId"]]
    assert {name: mine[name] for name in held} == held
    handle = message["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert browser.state["failures"]["held"] == 0
    documents = browser.get("failures").document["documents"]
    assert all(each["can_redrive"] for each in documents)


def test_a_queue_of_nobodys_is_not_touched(browser: Browser) -> None:
    click = {"destination": "arn:aws:sqs:us-east-1:000000000000:other", "id": "x"}
    answer = browser.post("redrive", click)
    assert answer.status == 400
    assert "no mapping" in answer.document["problem"]


def test_counts_of_calls_are_those_of_the_server(browser: Browser, local: Local) -> None:
    before = browser.state["calls"]
    put(browser, local, "one-more")
    after = browser.state["calls"]
    assert after["total"] == before["total"] + 2
    assert after["by_outcome"]["success"] == before["by_outcome"]["success"] + 2
    assert sum(after["by_outcome"].values()) == after["total"]


def test_faults_that_are_switched_on_the_page_strike(browser: Browser) -> None:
    try:
        assert browser.post("faults", {"set": {"error": 1.0}}).document == {"error": 1.0}
        answer = browser.post("put", {"stream": "bulk", "key": "k", "data": "x"})
        assert answer.status == 400
        assert "InternalFailure" in answer.document["problem"]
        browser.post("faults", {"set": {"cut": "before"}})
        answer = browser.post("put", {"stream": "bulk", "key": "k", "data": "x"})
        assert (answer.status, "cut" in answer.document["problem"]) == (400, True)
    finally:
        assert browser.post("faults", {"clear": True}).document == {}
    wrong = browser.post("faults", {"set": {"error": 2}})
    assert (wrong.status, wrong.document["place"]) == (400, "faults")


@pytest.mark.parametrize("id_", ["0", "-1", "999999", "x", "9" * 40, ""])
def test_a_call_that_is_not_kept_is_not_found(browser: Browser, id_: str) -> None:
    assert browser.get(f"call?id={id_}").status == 404


@pytest.mark.parametrize(
    "query", ["", "stream=nowhere", "stream=nowhere&shard=0&number=1", "stream=%E2%80%AE"]
)
def test_a_record_of_no_stream_is_not_found(browser: Browser, query: str) -> None:
    answer = browser.get(f"record?{query}")
    assert answer.status == 404
    assert answer.document["problem"] == "There is no stream of this name any more."


@pytest.mark.parametrize("place", ["shard=0&number=1", "shard=99&number=x", "shard=&number="])
def test_a_record_that_is_not_there_has_no_life(browser: Browser, place: str) -> None:
    told = browser.get(f"record?stream=orders&{place}").document
    assert told["record"] is None
    assert told["calls"] == told["steps"] == []
