"""What makes a JSON value unusable as a record of a table's stream."""

from collections.abc import Mapping, Sequence

from kinesis_cli.stream.kinds.change_record import EVENT_NAMES, SHARD_MEMBER
from kinesis_cli.stream.lines import Fault, fault_of_other_source, json_in_words
from kinesis_cli.stream.sequence import digits_expected, is_sequence_number
from kinesis_cli.stream.times import LATEST_ARRIVAL

_WHOLE = "A record of a table's stream always has it: take the record as Lambda sent it."


def fault_in_change(value: object, needed: Sequence[str]) -> Fault | None:
    """What makes a decoded JSON value unusable as a change, or None.

    Args:
        value: the record.
        needed: the members of `dynamodb` that must be there; with any, times and numbers must be
            sound too.
    """
    if not isinstance(value, dict):
        return Fault("", f"a record is a JSON object, this is {json_in_words(value)}")
    source = value.get("eventSource", "aws:dynamodb")
    if source != "aws:dynamodb" or "dynamodb" not in value:
        return fault_of_other_source(value, "aws:dynamodb", "DynamoDB Streams", "dynamodb")
    change = value["dynamodb"]
    if not isinstance(change, dict):
        return Fault("dynamodb", f"expected an object, found {json_in_words(change)}")
    for name in needed:
        if name not in change:
            return Fault(f"dynamodb.{name}", "missing", _WHOLE)
    for name in ("Keys", "NewImage", "OldImage"):
        problem = attributes_problem(change[name]) if change.get(name) is not None else None
        if problem is None and name in needed and not change[name]:
            problem = ("names no attribute", _WHOLE)
        if problem:
            return Fault(f"dynamodb.{name}", *problem)
    for name, problem_of in (
        ("SequenceNumber", _number_problem),
        ("ApproximateCreationDateTime", _time_problem),
    ):
        if name in change and (name in needed or needed) and (found := problem_of(change[name])):
            return Fault(f"dynamodb.{name}", *found)
    return _outer_fault(value)


def _outer_fault(value: Mapping[str, object]) -> Fault | None:
    for name in (SHARD_MEMBER, "eventSourceARN"):
        text = value.get(name)
        if text is not None and not isinstance(text, str):
            return Fault(name, f"expected a string, found {json_in_words(text)}")
    event_name = value.get("eventName")
    if event_name is not None and event_name not in EVENT_NAMES:
        expected = "expected INSERT, MODIFY or REMOVE"
        return Fault("eventName", f"{expected}, found {json_in_words(event_name)}")
    return None


def attributes_problem(attributes: object) -> tuple[str, str] | None:
    """What is wrong with an item in DynamoDB's JSON, and what to do; None: nothing."""
    if not isinstance(attributes, dict):
        return f"expected attributes, an object, found {json_in_words(attributes)}", ""
    for name, value in attributes.items():
        if _value_types(value) != 1:
            advice = 'Each value stands in an object that names its type: {"S": "text"}.'
            return f"the attribute {name[:40]!r} has no type", advice
    return None


def _value_types(value: object) -> int:
    """How many types an attribute's value has; those that are null do not count."""
    return sum(each is not None for each in value.values()) if isinstance(value, dict) else 0


def _number_problem(number: object) -> tuple[str, str] | None:
    if not isinstance(number, str):
        return f"expected a string of decimal digits, found {json_in_words(number)}", ""
    if not is_sequence_number(number):
        return f"expected {digits_expected(number)}, found {number[:16]!r}", ""
    return None


def _time_problem(time: object) -> tuple[str, str] | None:
    if time is None:
        return None
    if isinstance(time, bool) or not isinstance(time, int | float):
        advice = "Lambda sends a number; the text is what `aws dynamodbstreams get-records` prints."
        return f"expected epoch seconds, a number, found {json_in_words(time)}", advice
    if not 0 <= time < LATEST_ARRIVAL:
        milliseconds = 0 <= time / 1000 < LATEST_ARRIVAL if abs(time) < 1e300 else False
        advice = "It looks like milliseconds; Lambda sends seconds." if milliseconds else ""
        return "the number is not a time in epoch seconds", advice
    return None
