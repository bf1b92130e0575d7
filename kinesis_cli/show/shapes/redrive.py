"""What `kcli redrive` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from kinesis_cli.redriving.actions import Outcome
from kinesis_cli.show.shapes.base import Count, Shape, Version, says
from kinesis_cli.show.shapes.values import RawRecord, SequenceNumber, ShardId


class RedrivenDocument(Shape):
    """A batch that Lambda gave up, and what was done with it."""

    id: Annotated[str, says("Of the message, the object's key, or the place in a file.")]
    condition: str
    request_id: str
    shard_id: ShardId
    start_sequence_number: SequenceNumber | None
    end_sequence_number: SequenceNumber | None
    records: Annotated[
        Sequence[RawRecord], says("Fetched back from the stream, or from the document.")
    ]
    missing: int
    batch_item_failures: Sequence[SequenceNumber]
    outcome: Outcome
    remark: str | None
    deleted: Annotated[bool, says("From its queue or bucket.")]


class RedriveSummary(Shape):
    """How many there were."""

    documents: Count
    records: Count
    missing: Count
    deleted: Count
    shown: Count
    handled: Count
    failed: Count
    replayed: Count
    saved: Count
    expired: Count
    left: Annotated[int, says("Documents that are still where they were.")]


class Redrive(Shape):
    """What `kcli redrive` took up."""

    version: Version
    source: Annotated[str, says("Where the documents are.")]
    documents: Sequence[RedrivenDocument]
    summary: RedriveSummary


class RedrivenRow(RedrivenDocument, tag_field="type", tag="document"):
    """A line for each document."""


# A struct's own members come after those that it inherits: so the counts are said again.
class RedriveSummaryRow(Shape, tag_field="type", tag="summary"):
    """The last line."""

    version: Version
    source: Annotated[str, says("Where the documents are.")]
    documents: Count
    records: Count
    missing: Count
    deleted: Count
    shown: Count
    handled: Count
    failed: Count
    replayed: Count
    saved: Count
    expired: Count
    left: Annotated[int, says("Documents that are still where they were.")]
