"""Answers that look like a report of failed records and are none for Lambda."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.event_source_mapping.misread import misread_report

NUMBER = "49635052289529725553291405520881064510298312199003701250"
REPORT = {"batchItemFailures": [{"itemIdentifier": NUMBER}]}


@pytest.mark.parametrize(
    "key",
    [
        "batchItemFailure",
        "BatchItemFailures",
        "batch_item_failures",
        "batch-item-failures",
        "batchItemsFailures",
        "batchItemFailiures",
        "batchItemFailues",
        "batchFailures",
        "itemFailures",
        "failures",
        "failedRecords",
    ],
)
@pytest.mark.parametrize("items", [[], [{"itemIdentifier": NUMBER}]], ids=["none", "one"])
def test_another_spelling_of_the_key_is_named(key: str, items: list[object]) -> None:
    sentence = f"key {key!r} ignored: is batchItemFailures misspelt?"
    assert misread_report({"statusCode": 200, key: items}) == sentence


@pytest.mark.parametrize("value", [REPORT, json.dumps(REPORT), f" {json.dumps(REPORT)}\n"])
@pytest.mark.parametrize("member", ["body", "Payload", "response"])
def test_a_report_inside_a_member_is_named_with_the_member(member: str, value: object) -> None:
    assert misread_report({"statusCode": 200, member: value}) == (
        f"batchItemFailures inside {member!r} ignored: Lambda reads it at the top level only"
    )


@pytest.mark.parametrize("value", [REPORT, REPORT["batchItemFailures"]], ids=["object", "list"])
def test_a_report_as_json_text_is_named(value: object) -> None:
    assert str(misread_report(json.dumps(value))).startswith(
        "batchItemFailures as JSON text ignored: return the object itself"
    )


@pytest.mark.parametrize(
    "items",
    [[{"itemIdentifier": NUMBER}], [{"item_identifier": NUMBER}], [NUMBER], [None, NUMBER]],
    ids=["items", "misspelt", "numbers", "among others"],
)
def test_a_list_of_failed_records_is_named(items: list[object]) -> None:
    assert misread_report(items) == (
        'a list as the answer ignored: return {"batchItemFailures": [...]}'
    )


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "OK",
        "batchItemFailures",
        "{broken",
        "[" * 100_000,
        200,
        [],
        [1, "1"],
        [{"id": 1}],
        {},
        REPORT,
        {**REPORT, "failures": 1},
        {"batchItemFailures": None, "body": json.dumps(REPORT)},
        {"statusCode": 200, "body": "done"},
        {"statusCode": 200, "body": json.dumps({"failed": 0})},
        {"batchSize": 3},
        {"items": []},
    ],
    ids=lambda answer: repr(answer)[:40],
)
def test_any_other_answer_is_no_misread_report(answer: object) -> None:
    assert misread_report(answer) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_whatever_a_function_returns_can_be_judged(answer: object) -> None:
    sentence = misread_report(answer)
    assert sentence is None or "ignored" in sentence
