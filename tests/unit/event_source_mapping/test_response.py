"""What a function's answer means for its batch: the table of return values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli import simulate
from kinesis_cli.event_source_mapping.response import (
    Handled,
    Malformed,
    Reported,
    judge,
)
from kinesis_cli.stream.record import Record
from tests.unit.streams import FIRST_NUMBER, START, record

BATCH = [record(index) for index in range(4)]
NUMBERS = [each.sequence_number for each in BATCH]


def report(*identifiers: object) -> dict[str, object]:
    return {"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]}


@pytest.mark.parametrize(
    "answer",
    [None, "", [], {}, {"batchItemFailures": []}, {"batchItemFailures": None}],
    ids=repr,
)
def test_an_empty_answer_is_complete_success(answer: object) -> None:
    assert judge(answer, BATCH) == Handled()


@pytest.mark.parametrize("answer", ["OK", 200, 0, False, True, 1.5, [1], ["x"]], ids=repr)
def test_an_answer_that_is_no_object_is_success_by_an_unsure_rule(answer: object) -> None:
    verdict = judge(answer, BATCH)
    assert isinstance(verdict, Handled)
    assert "UNSURE(response-not-an-object)" in verdict.remark


@pytest.mark.parametrize(
    "answer",
    [{"failures": [NUMBERS[0]]}, {"BatchItemFailures": [{"itemIdentifier": NUMBERS[0]}]}, {"a": 1}],
    ids=repr,
)
def test_a_wrong_top_level_key_reads_as_success(answer: object) -> None:
    assert judge(answer, BATCH) == Handled()


@pytest.mark.parametrize(
    ("identifiers", "first"),
    [
        ((NUMBERS[0],), 0),
        ((NUMBERS[2],), 2),
        ((NUMBERS[3], NUMBERS[1]), 1),
        ((NUMBERS[2], NUMBERS[2]), 2),
        (tuple(reversed(NUMBERS)), 0),
    ],
)
def test_delivery_goes_on_from_the_lowest_reported_number(
    identifiers: tuple[str, ...], first: int
) -> None:
    assert judge(report(*identifiers), BATCH) == Reported(identifiers, first)


def test_members_beside_the_known_ones_are_ignored() -> None:
    answer = {
        "batchItemFailures": [{"itemIdentifier": NUMBERS[1], "why": "too hot"}],
        "statusCode": 200,
    }
    assert judge(answer, BATCH) == Reported((NUMBERS[1],), 1)


def numbered(number: int) -> Record:
    return Record("shardId-000000000000", str(number), "k", START, b"{}")


@given(st.sets(st.integers(0, 10**60), min_size=1), st.data())
def test_numbers_are_compared_as_numbers_and_not_as_text(
    numbers: set[int], data: st.DataObject
) -> None:
    batch = [numbered(number) for number in sorted(numbers)]
    reported = data.draw(st.lists(st.sampled_from(sorted(numbers)), min_size=1))
    verdict = judge(report(*map(str, reported)), batch)
    assert isinstance(verdict, Reported)
    assert batch[verdict.first].sequence_number == str(min(reported))


@pytest.mark.parametrize(
    "items",
    [
        [{"itemIdentifier": ""}],
        [{"itemIdentifier": None}],
        [{"itemIdentifier": 123}],
        [{"itemIdentifier": FIRST_NUMBER}],
        [{"itemIdentifier": [NUMBERS[0]]}],
        [{"foo": 123}],
        [{"foo": None}],
        [{}],
        [None],
        [NUMBERS[0]],
        [[]],
    ],
    ids=repr,
)
def test_an_item_without_a_sequence_number_fails_the_batch(items: list[object]) -> None:
    assert judge({"batchItemFailures": items}, BATCH) == Malformed(
        "item 1 of batchItemFailures names no sequence number"
    )


def test_a_number_outside_the_batch_fails_it_by_an_unsure_rule() -> None:
    verdict = judge(report(NUMBERS[0], "49"), BATCH)
    assert verdict == Malformed("'49' is not in the batch: UNSURE(foreign-item)")
    assert judge(report(f" {NUMBERS[0]}"), BATCH) == Malformed(
        f"' {NUMBERS[0]}' is not in the batch: UNSURE(foreign-item)"
    )


def test_valid_and_malformed_items_together_fail_the_batch_by_an_unsure_rule() -> None:
    assert judge(report(NUMBERS[1], ""), BATCH) == Malformed(
        "item 2 of batchItemFailures names no sequence number: UNSURE(mixed-items)"
    )


@pytest.mark.parametrize(
    "failures", [NUMBERS[0], {"itemIdentifier": NUMBERS[0]}, 0, False, "", {}, 7], ids=repr
)
def test_failures_that_are_no_list_fail_the_batch_by_an_unsure_rule(failures: object) -> None:
    verdict = judge({"batchItemFailures": failures}, BATCH)
    assert verdict == Malformed("batchItemFailures is not a list: UNSURE(failures-not-a-list)")


@pytest.mark.parametrize("key", ["itemIdentifer", "ItemIdentifier", "item_identifier"])
def test_an_item_under_a_misspelt_key_fails_the_batch_and_the_key_is_named(key: str) -> None:
    verdict = judge({"batchItemFailures": [{key: NUMBERS[0]}]}, BATCH)
    assert verdict == Malformed(
        "item 1 of batchItemFailures names no sequence number"
        f" (its key is {key!r}, Lambda reads itemIdentifier)"
    )


REPORTING = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 1}


@pytest.mark.parametrize(
    ("answer", "outcomes", "function_error"),
    [
        (None, ["success"], ...),
        ({"batchItemFailures": []}, ["success"], ...),
        (report(""), ["failed", "failed"], None),
        ({"batchItemFailures": [{"foo": 123}]}, ["failed", "failed"], None),
        (report(123), ["failed", "failed"], None),
        (report(NUMBERS[0]), ["partial", "partial"], None),
    ],
)
def test_a_failed_report_takes_the_path_of_an_exception_without_its_function_error(
    answer: object, outcomes: list[str], function_error: object
) -> None:
    result = simulate(BATCH[:1], lambda event, context: answer, REPORTING)
    assert [invocation.outcome for invocation in result.invocations] == outcomes
    if function_error is ...:
        assert result.destination == []
    else:
        (document,) = result.destination
        assert document["responseContext"] == {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": None,
        }


@pytest.mark.parametrize("answer", [report(NUMBERS[0]), report(""), "text", [1]], ids=repr)
def test_without_the_flag_any_answer_is_success(answer: object) -> None:
    result = simulate(BATCH, lambda event, context: answer, {"MaximumRetryAttempts": 1})
    (invocation,) = result.invocations
    assert (invocation.outcome, invocation.checkpoint) == ("success", NUMBERS[-1])


def test_a_report_that_the_mapping_does_not_look_at_is_warned_of() -> None:
    result = simulate(BATCH, lambda event, context: report(NUMBERS[0]))
    assert result.summary.warnings == {
        "batchItemFailures ignored: the mapping lacks ReportBatchItemFailures": 1
    }
    assert "mapping lacks ReportBatchItemFailures" in result.invocations[0].reason


def test_a_misspelt_key_is_warned_of_once_for_each_call() -> None:
    answer = {"batchItemFailure": [{"itemIdentifier": NUMBERS[0]}]}
    mapping = {**REPORTING, "BatchSize": 2}
    result = simulate(BATCH, lambda event, context: answer, mapping)
    assert result.summary.warnings == {
        "key 'batchItemFailure' ignored: is batchItemFailures misspelt?": 2
    }


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps(report(NUMBERS[0])),
        [{"itemIdentifier": NUMBERS[0]}],
        {"statusCode": 200, "body": json.dumps(report(NUMBERS[0]))},
    ],
    ids=["text", "list", "body"],
)
def test_a_report_that_lambda_does_not_read_is_warned_of_and_the_batch_succeeds(
    answer: object,
) -> None:
    result = simulate(BATCH, lambda event, context: answer, REPORTING)
    (invocation,) = result.invocations
    assert invocation.outcome == "success"
    ((warning, calls),) = result.summary.warnings.items()
    assert "ignored" in warning
    assert warning in invocation.reason
    assert calls == 1
