"""Taking up documents: what an interruption leaves behind."""

import os
import signal
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from kinesis_cli.aws.failure_sources import FoundDocument
from kinesis_cli.aws.session import Connection
from kinesis_cli.cli.running.interruption import ctrl_c_waits
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.handlers.in_process import CallableHandler
from kinesis_cli.handlers.invoke_once import reading_event
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.redriving.actions import ActionResult, InvokeOnce, Named, Redriven, redrive, save
from kinesis_cli.redriving.failed_records import NamedRecords, named_records
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.on_failure_reading import FailureDocument
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.user_records import data_of


@dataclass
class PutsAndHearsCtrlC:
    """Does what it should, and meanwhile the user has enough."""

    times: int = 1

    def take(self, _document: FailureDocument, _records: Sequence[Record], /) -> ActionResult:
        for _ in range(self.times):
            signal.raise_signal(signal.SIGINT)
        return ActionResult("replayed")


class Puts:
    """Does what it should."""

    def take(self, _document: FailureDocument, _records: Sequence[Record], /) -> ActionResult:
        return ActionResult("replayed")


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
    return [
        (FoundDocument(str(n), document, ""), NamedRecords((record,), (number,)))
        for n in range(count)
    ]


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


# --- records that share a sequence number: what a KPL aggregate held, under enhanced fan-out

CONSUMER = "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/app:1545084650"
AGGREGATE = "49635052289529725553291405520881064510298312199003701250"


def user_record(text: str, arn: str = CONSUMER) -> Record:
    return lambda_record(
        shard_id="shardId-000000000000",
        sequence_number=AGGREGATE,
        partition_key=text,
        arrival=1545084650.987,
        data=text.encode(),
        event_source_arn=arn,
    )


def of_s3(
    id_: str, *texts: str, size: int | None = None, arn: str = CONSUMER
) -> tuple[FoundDocument, NamedRecords]:
    """What is found for a document of S3 that holds these records."""
    records = tuple(user_record(text, arn) for text in texts)
    document = FailureDocument(
        request_id=f"r-{id_}",
        condition="RetryAttemptsExhausted",
        invoke_count=1,
        stream_arn=arn,
        shard_id="shardId-000000000000",
        start=AGGREGATE,
        end=AGGREGATE,
        batch_size=len(texts) if size is None else size,
        payload=records,
    )
    nowhere = cast("Connection", None)  # the document holds its records: nothing is asked
    return FoundDocument(id_, document, ""), named_records(document, nowhere, None, fail)


def fail(sentence: str) -> None:
    raise AssertionError(sentence)


def saved(path: Path) -> list[bytes]:
    with Recording.open([str(path)]) as recording:
        return [data_of(record) for record in recording.records()]


def test_all_records_that_share_a_number_are_saved_before_their_documents_go(
    tmp_path: Path,
) -> None:
    file, deleted = tmp_path / "saved.ndjson.gz", list[str]()

    def delete(found: FoundDocument) -> None:
        assert len(saved(file)) == 5
        deleted.append(found.id)

    # a bisected batch: the same aggregate in two documents, with two user records that look alike
    rows = list(save([of_s3("1", "a", "b", "same"), of_s3("2", "same", "c")], file, delete))
    assert saved(file) == [b"a", b"b", b"same", b"same", b"c"]
    assert deleted == ["1", "2"]
    assert [row.deleted for row in rows] == [True, True]


def test_a_document_that_came_twice_is_saved_once(tmp_path: Path) -> None:
    file = tmp_path / "saved.ndjson"
    list(save([of_s3("1", "a", "a"), of_s3("1", "a", "a")], file, None))
    assert saved(file) == [b"a", b"a"]


def test_a_streams_own_record_in_two_documents_is_saved_once(tmp_path: Path) -> None:
    file, stream = tmp_path / "saved.ndjson", CONSUMER.partition("/consumer/")[0]
    list(save([of_s3("1", "a", arn=stream), of_s3("2", "a", arn=stream)], file, None))
    assert saved(file) == [b"a"]


def test_equal_numbers_of_two_streams_are_two_records(tmp_path: Path) -> None:
    file, stream = tmp_path / "saved.ndjson", CONSUMER.partition("/consumer/")[0]
    other = stream.replace("orders", "returns")
    documents = [
        of_s3("1", "a", arn=stream),
        of_s3("2", "a", arn=other),
        of_s3("3", "b", arn=other),
    ]
    list(save(documents, file, None))
    assert saved(file) == [b"a", b"a", b"b"]  # the last is of a stream that was made anew


def test_a_document_that_counts_more_records_than_it_holds_stays(tmp_path: Path) -> None:
    deleted: list[FoundDocument] = []
    [row] = save([of_s3("1", "a", "b", size=3)], tmp_path / "s.ndjson", deleted.append)
    assert (row.deleted, deleted) == (False, [])
    assert "its batchSize is 3, and it holds 2" in row.remark


def test_nothing_is_deleted_when_what_was_saved_is_not_what_is_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_less(records: Sequence[Record], path: Path) -> int:
        return write_recording(records[:-1], path)  # a disk that loses the end

    monkeypatch.setattr("kinesis_cli.redriving.actions.write_recording", write_less)
    deleted: list[FoundDocument] = []
    with pytest.raises(InputError, match="2 records were saved, and 1 or others read back"):
        list(save([of_s3("1", "a", "b")], tmp_path / "s.ndjson", deleted.append))
    assert deleted == []


def test_what_cannot_be_read_back_deletes_nothing(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.ndjson"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="cannot be read back"):
        list(save([of_s3("1", "a")], pipe, fail_to_delete))


def fail_to_delete(found: FoundDocument) -> None:
    raise AssertionError(found)


def test_a_report_of_a_shared_number_names_all_records_that_it_may_mean() -> None:
    def handler(_event: object, _context: object) -> object:
        return {"batchItemFailures": [{"itemIdentifier": AGGREGATE}]}

    with closing(CallableHandler(handler)) as runnable:
        [row] = redrive([of_s3("1", "a", "b")], InvokeOnce(runnable), None)
    assert [data_of(record) for record in row.failed] == [b"a", b"b"]
    assert row.remark == "2 of 2 reported as failed, or share a number that was"
