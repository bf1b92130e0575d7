from kinesis_cli.event_source_mapping.invocation import FunctionError, InvocationResult
from kinesis_cli.handlers.comparison import ABSENT, Difference, differences


def answer(response: object) -> InvocationResult:
    return InvocationResult(response=response)


def failure(text: str, request_id: str) -> InvocationResult:
    return InvocationResult(error=FunctionError("ValueError", text, ("frame",), request_id))


def test_the_same_answers_do_not_differ() -> None:
    assert differences(answer({"a": [1, None]}), answer({"a": [1, None]})) == []


def test_each_place_that_differs_is_named() -> None:
    here = answer({"batchItemFailures": [{"itemIdentifier": "1"}], "same": 1, "gone": None})
    there = answer({"batchItemFailures": [{"itemIdentifier": "2"}, {}], "same": 1, "flag": True})
    assert differences(here, there) == [
        Difference("response.batchItemFailures[0].itemIdentifier", "1", "2"),
        Difference("response.batchItemFailures[1]", ABSENT, {}),
        Difference("response.gone", None, ABSENT),
        Difference("response.flag", ABSENT, True),
    ]


def test_true_is_not_one() -> None:
    assert differences(answer(True), answer(1)) == [Difference("response", True, 1)]


def test_errors_differ_in_kind_and_text_not_in_ids_and_stacks() -> None:
    assert differences(failure("RequestId: a no", "a"), failure("RequestId: b no", "b")) == []
    assert [each.path for each in differences(failure("x", "a"), failure("y", "b"))] == [
        "error.errorMessage"
    ]


def test_an_answer_and_an_error_differ() -> None:
    assert [each.path for each in differences(answer({}), failure("x", "a"))] == [
        "response",
        "error",
    ]
