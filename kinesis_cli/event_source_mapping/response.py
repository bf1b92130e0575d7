"""What a function's answer means for its batch.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html,
and LocalStack's snapshots recorded on AWS (`tests/unit/data/esm_cases.json`, `report_*`).
"""

from collections.abc import Mapping, Sequence

import msgspec

from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.event_source_mapping.misread import misread_report, misspelt
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.windows import has_state
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.record import Record


class Handled(msgspec.Struct, frozen=True):
    """The whole batch is done."""

    remark: str = ""


class Reported(msgspec.Struct, frozen=True):
    """Valid batch item failures: delivery goes on from the lowest of them, inclusive."""

    failures: tuple[str, ...]  # sequence numbers in the function's order
    first: int  # position in the batch of the lowest one

    def __post_init__(self) -> None:
        assert self.failures


class Malformed(msgspec.Struct, frozen=True):
    """The report cannot be used: the whole batch has failed."""

    why: str


Verdict = Handled | Reported | Malformed


def verdict(
    result: InvocationResult, batch: Sequence[Record], settings: EventSourceMapping
) -> Verdict:
    """What a call came to for its batch, under the mapping's settings."""
    if (error := result.error) is not None:
        return Malformed(f"{error.error_type}: {_first_line(error.error_message)}")
    if settings.tumbling_window_in_seconds and not has_state(result.response):
        return Malformed("the answer has no state, which a tumbling window needs")
    if not settings.report_batch_item_failures:
        return Handled()
    return judge(result.response, batch, settings.kind)


def warning_about(response: object, settings: EventSourceMapping) -> str | None:
    """Return what the function's author probably did not mean, one sentence; None: nothing."""
    if settings.report_batch_item_failures:
        return misread_report(response)
    if isinstance(response, dict) and response.get("batchItemFailures"):
        return "batchItemFailures ignored: the mapping lacks ReportBatchItemFailures"
    return None


def judge(response: object, batch: Sequence[Record], kind: SourceKind = KINESIS) -> Verdict:
    """What `response` says of `batch`, under ReportBatchItemFailures.

    Args:
        response: the JSON value that the function returned.
        batch: the records that it was given, in stream order.
        kind: of source that they are of.
    """
    if response is None or response == "" or response == []:
        return Handled()
    if not isinstance(response, Mapping):
        # UNSURE(response-not-an-object): AWS lists only empty answers as complete success. A bare
        # "OK" or 200 has no batchItemFailures, so we read it like {}.
        return Handled("returned no object: UNSURE(response-not-an-object)")
    failures = response.get("batchItemFailures")
    if failures is None or failures == []:
        # A wrong top-level key reads like {}: UNSURE(wrong-top-level-key), silent data loss, of
        # which `misread` tells.
        return Handled()
    if not isinstance(failures, list):
        # UNSURE(failures-not-a-list): or read like an absent member.
        return Malformed("batchItemFailures is not a list: UNSURE(failures-not-a-list)")
    return _judge_items(failures, batch, kind)


def _judge_items(items: Sequence[object], batch: Sequence[Record], kind: SourceKind) -> Verdict:
    # The first of those that share a number, out of an aggregate: it stands for all of them.
    positions = {batch[place].sequence_number: place for place in reversed(range(len(batch)))}
    shard_id = batch[0].shard_id if batch else ""  # a window's final call has no records
    reported: list[str] = []
    for item in items:
        identifier = kind.identifier(item, shard_id)
        if identifier is None:
            why = f"item {len(reported) + 1} of batchItemFailures names no sequence number"
            if isinstance(item, Mapping) and (key := next(filter(_is_misspelt, item), None)):
                why += f" (its key is {str(key)[:60]!r}, Lambda reads itemIdentifier)"
            # UNSURE(mixed-items): AWS may use the valid ones. We fail the batch.
            return Malformed(f"{why}: UNSURE(mixed-items)" if len(items) > 1 else why)
        if identifier not in positions:
            # UNSURE(foreign-item): we fail the batch, as AWS documents for Kafka; or it is ignored.
            return Malformed(f"{identifier[:60]!r} is not in the batch: UNSURE(foreign-item)")
        reported.append(identifier)
    # By number, not by text: "9" is before "10".
    lowest = min(reported, key=int)
    return Reported(tuple(reported), positions[lowest])


def _first_line(message: str) -> str:
    return message.split("\n", 1)[0][:200]


def _is_misspelt(key: object) -> bool:
    return key != "itemIdentifier" and misspelt(key, "itemIdentifier")
