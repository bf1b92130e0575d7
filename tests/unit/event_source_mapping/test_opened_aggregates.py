"""KPL aggregates under enhanced fan-out."""

import base64
import json
from collections import Counter
from collections.abc import Sequence

import pytest

from kinesis_cli import simulate
from kinesis_cli.event_source_mapping.aggregates import left_whole, opened
from kinesis_cli.stream.aggregate import aggregated
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumber
from kinesis_cli.stream.shards import hash_key

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
CONSUMER = f"{STREAM}/consumer/app:1545084650"
REPORTS = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 0}
USERS = [Payload(f"k{n}", None, f"reading {n}".encode()) for n in range(10)]


def record(data: bytes, place: int = 0, arn: str = CONSUMER) -> Record:
    return lambda_record(
        shard_id="shardId-000000000000",
        sequence_number=SequenceNumber(1_545_084_650, 0, place, 1_545_084_650).encode(),
        partition_key="outer",
        arrival=1_545_084_650.0,
        data=data,
        event_source_arn=arn,
    )


def payloads(records: Sequence[Record]) -> list[bytes]:
    return [base64.b64decode(json.loads(each.raw)["kinesis"]["data"]) for each in records]


def test_the_records_inside_differ_from_the_aggregate_in_key_and_data_only() -> None:
    outer = record(aggregated(USERS))
    inner = opened([outer])
    assert payloads(inner) == [each.data for each in USERS]
    assert [each.partition_key for each in inner] == [each.partition_key for each in USERS]
    assert {each.sequence_number for each in inner} == {outer.sequence_number}
    member = json.loads(inner[3].raw)
    expected = json.loads(outer.raw)
    expected["kinesis"] |= {"partitionKey": "k3", "data": member["kinesis"]["data"]}
    assert member == expected


@pytest.mark.parametrize(
    "records",
    [
        [record(aggregated(USERS), arn=STREAM)],
        [record(aggregated(USERS)[:-1])],
        [record(b"consumer/"), record(b"plain")],
    ],
)
def test_plain_records_broken_aggregates_and_those_of_a_stream_stay(records: list[Record]) -> None:
    assert list(opened(records)) == records


def test_records_of_another_shard_are_dropped_where_the_shards_range_is_known() -> None:
    middle = 2**127
    users = [*USERS, Payload("k", "0", b"explicit"), Payload("k", "x", b"odd")]
    inner = opened([record(aggregated(users))], (0, middle))
    lower = [each.data for each in USERS if hash_key(each.partition_key) <= middle]
    assert 0 < len(lower) < len(USERS)
    assert payloads(inner) == [*lower, b"explicit"]


def test_a_report_of_a_shared_number_delivers_all_that_share_it_again() -> None:
    records = [record(b"before"), record(aggregated(USERS), 1), record(b"after", 2)]
    number, seen = records[1].sequence_number, Counter[bytes]()

    def handler(event: dict[str, list[dict[str, dict[str, str]]]], _context: object) -> object:
        data = [base64.b64decode(each["kinesis"]["data"]) for each in event["Records"]]
        seen.update(data)
        failed = [{"itemIdentifier": number}] if seen[b"reading 0"] == 1 else []
        return {"batchItemFailures": failed}

    summary = simulate(records, handler, REPORTS).summary
    assert (summary.records, summary.succeeded, summary.undelivered) == (12, 12, 0)
    assert seen[b"before"] == 1
    assert {seen[each.data] for each in USERS} == {2}


def test_a_reported_aggregate_that_is_discarded_has_no_bystanders_but_the_others() -> None:
    records = [record(aggregated(USERS)), record(b"after", 1)]

    def handler(_event: object, _context: object) -> object:
        return {"batchItemFailures": [{"itemIdentifier": records[0].sequence_number}]}

    summary = simulate(records, handler, REPORTS).summary
    assert (summary.discarded, summary.discarded_bystanders) == (11, 1)


def test_each_failed_record_has_its_row_although_they_share_a_number() -> None:
    records = [record(aggregated(USERS), 1)]

    def handler(event: dict[str, list[dict[str, dict[str, str]]]], _context: object) -> object:
        number = event["Records"][0]["kinesis"]["sequenceNumber"]
        return {"batchItemFailures": [{"itemIdentifier": number}]}

    result = simulate(records, handler, REPORTS)
    assert [row.data for row in result.failed_records] == [each.data for each in USERS]
    assert {row.ended for row in result.failed_records} == {"discarded"}
    assert result.summary.discarded_bystanders == 0


def test_small_numbers_of_several_shards_are_not_one_record() -> None:
    """Servers other than AWS count from 1 in each shard."""
    records = [
        lambda_record(
            shard_id=f"shardId-00000000000{shard}",
            sequence_number="1",
            partition_key=f"of-{shard}",
            arrival=1_545_084_650.0,
            data=b"x",
        )
        for shard in range(3)
    ]

    def handler(_event: object, _context: object) -> object:
        raise ValueError("no")

    result = simulate(records, handler, {"MaximumRetryAttempts": 0})
    assert sorted(row.partition_key for row in result.failed_records) == ["of-0", "of-1", "of-2"]


def test_an_aggregate_that_names_one_long_key_many_times_is_passed_on_whole() -> None:
    """Of 900 kB it would become 27 GB."""
    bomb = record(aggregated([Payload("k" * 300_000, None, b"x")] * 20_000))
    assert list(opened([bomb])) == [bomb]
    assert left_whole([bomb]) == 1

    result = simulate([bomb, record(aggregated(USERS), 1)], lambda *_: {}, REPORTS)
    assert (result.summary.records, result.summary.succeeded) == (11, 11)
    assert result.summary.whole_aggregates == 1


def test_what_is_read_at_once_does_not_become_more_than_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = [record(aggregated(USERS), place) for place in range(3)]
    size = sum(len(each.raw) for each in opened(records[:1]))
    monkeypatch.setattr("kinesis_cli.event_source_mapping.aggregates.MAX_OPENED", size + 1)
    delivered = opened(records)
    assert [len(payloads([each])) for each in delivered] == [1] * 21
    assert delivered[20] is records[2]
    assert left_whole(delivered) == 1
