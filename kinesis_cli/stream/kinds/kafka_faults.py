"""What makes a JSON value unusable as a record of a topic of Kafka."""

from collections.abc import Mapping

import msgspec

from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.lines import Fault, fault_of_other_source, json_in_words
from kinesis_cli.stream.times import LATEST_ARRIVAL

_NUMBERS = ("partition", "offset")


def fault_in_record(value: object, kind: SourceKind, *, needs_time: bool) -> Fault | None:
    """What makes a decoded JSON value unusable as a record of a topic, or None.

    Args:
        value: the record.
        kind: the kind of topic that it should be of.
        needs_time: whether its timestamp must be there.
    """
    if not isinstance(value, dict):
        return Fault("", f"a record is a JSON object, this is {json_in_words(value)}")
    source = value.get("eventSource", "aws:kafka")
    if source != kind.event_source or not {"topic", "partition"} & value.keys():
        return fault_of_other_source(value, kind.event_source, kind.title, "topic")
    for name in ("topic", *_NUMBERS, *(("timestamp",) if needs_time else ())):
        if name not in value:
            return Fault(name, "missing", "A record of a topic always has it.")
    if not isinstance(value["topic"], str):
        return Fault("topic", f"expected a string, found {json_in_words(value['topic'])}")
    for name in _NUMBERS:
        number = value[name]
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            return Fault(name, f"expected a whole number, found {json_in_words(number)}")
    return _content_fault(value)


def _content_fault(value: Mapping[str, object]) -> Fault | None:
    time = value.get("timestamp")
    if time is not None:
        if isinstance(time, bool) or not isinstance(time, int | float):
            return Fault("timestamp", f"expected milliseconds, found {json_in_words(time)}")
        if not 0 <= time / 1000 < LATEST_ARRIVAL:
            return Fault("timestamp", "the number is not a time in epoch milliseconds")
    for name in ("value", "key"):
        packed = value.get(name)
        if packed is None:
            continue
        if not isinstance(packed, str):
            return Fault(name, f"expected base64 text, found {json_in_words(packed)}")
        try:
            msgspec.convert(packed, bytes)
        except msgspec.ValidationError:
            return Fault(name, "not base64")
    for name in ("eventSourceArn", "bootstrapServers"):
        if not isinstance(value.get(name), str | None):
            return Fault(name, f"expected a string, found {json_in_words(value[name])}")
    return None
