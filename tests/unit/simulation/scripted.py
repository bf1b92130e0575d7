"""What cases recorded on AWS have in common, of whatever source: a function with a script."""

from collections.abc import Mapping
from typing import Any

START = 1_700_000_040.0  # a boundary of every window length that the cases use
DESTINATIONS = {
    "sqs": "arn:aws:sqs:eu-west-1:111111111111:failures",
    "sns": "arn:aws:sns:eu-west-1:111111111111:failures",
    "s3": "arn:aws:s3:::failures",
}


class ScriptedFunction:
    """A Lambda function that behaves as a case says, and remembers what it was given.

    Args:
        case: whose handler it is.
        numbers: of its records, by their index in the case.
    """

    def __init__(self, case: Mapping[str, Any], numbers: Mapping[int, str]) -> None:
        self.rules = case.get("handler", {}).get("rules", [])
        self.numbers = numbers
        self.indices = {number: index for index, number in numbers.items()}
        self.events: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any], context: object) -> object:
        batch = [self.indices[number_of(record)] for record in event["Records"]]
        call = len(self.events)
        self.events.append(event)
        for rule in self.rules:
            if applies(rule["if"], batch, call, event):
                return self.answer(rule["do"], event, batch)
        return {"state": event["state"]} if "window" in event else {"batchItemFailures": []}

    def answer(self, do: Mapping[str, Any], event: dict[str, Any], batch: list[int]) -> object:
        match do:
            case {"raise": True} | {"timeout": True}:
                raise RuntimeError("boom")
            case {"report": indices}:
                failures = [{"itemIdentifier": self.numbers[i]} for i in indices if i in batch]
                return {"batchItemFailures": failures}
            case {"return": value}:
                return value
            case {"return_raw": ""}:
                return None
            case {"count_state": True}:
                counted = event["state"].get("n", 0) + len(batch)
                return {"state": {"n": counted}, "batchItemFailures": []}
            case {"return_state_chars": characters}:
                return {"state": {"x": "x" * characters}}
        raise AssertionError(do)


def number_of(record: Mapping[str, Any]) -> str:
    """The sequence number of a record as Lambda sends it."""
    if "kinesis" in record:
        return str(record["kinesis"]["sequenceNumber"])
    return str(record["dynamodb"]["SequenceNumber"])


def applies(
    condition: Mapping[str, Any], batch: list[int], call: int, event: Mapping[str, Any]
) -> bool:
    match condition:
        case {"always": True}:
            return True
        case {"contains_any": indices}:
            return bool(set(indices) & set(batch))
        case {"invocation": number}:
            return bool(number == call)
        case {"final_with_n": number}:
            return bool(event.get("isFinalInvokeForWindow") and event["state"].get("n") == number)
    return False


def throttles(case: Mapping[str, Any]) -> list[str]:
    return [
        f"throttle@1-{rule['if']['invocation_attempt_lt']}"
        for rule in case.get("handler", {}).get("rules", [])
        if rule["do"].get("throttle")
    ]
