"""Taking up documents: what an interruption leaves behind."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from kinesis_cli.aws.destinations import FoundDocument
from kinesis_cli.aws.failed_records import NamedRecords
from kinesis_cli.aws.redrive import Named, Redriven, Taken, redrive
from kinesis_cli.cli.interruption import ctrl_c_waits
from kinesis_cli.errors import EndpointError
from kinesis_cli.event_source_mapping.failure_documents import FailureDocument
from kinesis_cli.handlers.single import reading_event
from kinesis_cli.stream.record import Record


@dataclass
class PutsAndHearsCtrlC:
    """Does what it should, and meanwhile the user has enough."""

    times: int = 1

    def take(self, _document: FailureDocument, _records: Sequence[Record], /) -> Taken:
        for _ in range(self.times):
            signal.raise_signal(signal.SIGINT)
        return Taken("replayed")


class Puts:
    """Does what it should."""

    def take(self, _document: FailureDocument, _records: Sequence[Record], /) -> Taken:
        return Taken("replayed")


def named(count: int) -> list[Named]:
    record = reading_event().records[0]
    number = record.sequence_number
    document = FailureDocument(
        request_id="r-1",
        condition="RetryAttemptsExhausted",
        invoke_count=1,
        stream_arn="arn:aws:kinesis:us-east-1:000000000000:stream/orders",
        shard_id=record.shard_id,
        start=number,
        end=number,
        batch_size=1,
        payload=None,
    )
    return [(FoundDocument(str(n), document, ""), NamedRecords((record,))) for n in range(count)]


def told(rows: Sequence[Redriven]) -> list[tuple[str, bool]]:
    return [(row.id, row.deleted) for row in rows]


def test_ctrl_c_waits_until_what_was_put_is_deleted_and_told() -> None:
    rows: list[Redriven] = []
    deleted: list[FoundDocument] = []
    with pytest.raises(KeyboardInterrupt):
        rows.extend(redrive(named(2), PutsAndHearsCtrlC(), deleted.append, ctrl_c_waits))
    assert told(rows) == [("0", True)]
    assert [each.id for each in deleted] == ["0"]


def test_a_second_ctrl_c_is_an_order() -> None:
    rows: list[Redriven] = []
    deleted: list[FoundDocument] = []
    with pytest.raises(KeyboardInterrupt):
        rows.extend(redrive(named(2), PutsAndHearsCtrlC(2), deleted.append, ctrl_c_waits))
    assert (rows, deleted) == ([], [])


def test_what_was_done_is_told_when_its_document_cannot_be_deleted() -> None:
    def refuse(_found: FoundDocument) -> None:
        raise EndpointError("AccessDenied")

    rows: list[Redriven] = []
    with pytest.raises(EndpointError):
        rows.extend(redrive(named(2), Puts(), refuse))
    assert told(rows) == [("0", False)]
