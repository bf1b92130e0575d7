"""Writing records and reading them back, on the data plane without HTTP."""

import hashlib
from base64 import b64decode
from collections.abc import Iterator

import pytest

from kinesis_cli.local.kinesis import Caller
from kinesis_cli.stream.sequence import SequenceNumber
from tests.unit.local_plane import CALLER, HOUR, START, Plane, refused

MIB = 2**20
UNIFORM = "UNIFORM_SCALING"


@pytest.fixture
def plane() -> Iterator[Plane]:
    plane = Plane()
    plane.create()
    yield plane
    plane.close()


def test_what_was_put_is_read_in_order_with_its_key_arrival_and_number(plane: Plane) -> None:
    numbers = [plane.put(b"1"), plane.put(b"2", key="ü"), plane.put(b"")]

    assert plane.records() == [
        {
            "SequenceNumber": number,
            "ApproximateArrivalTimestamp": pytest.approx(START, abs=0.001),
            "Data": data,
            "PartitionKey": key,
        }
        for number, data, key in zip(numbers, (b"1", b"2", b""), ("a", "ü", "a"), strict=True)
    ]


def test_sequence_numbers_have_kinesis_layout(plane: Plane) -> None:
    first, second = (SequenceNumber.decode(plane.put(b"x")) for _ in range(2))

    created = int(START) - 2
    assert first == SequenceNumber(created=created, shard_index=0, counter=1, time=int(START))
    assert second.counter == 2


def test_put_records_answers_in_order_of_the_request_with_the_shard_of_each_key() -> None:
    plane = Plane()
    plane.create(shards=4)
    entries = [{"Data": b"%d" % n, "PartitionKey": f"key-{n}"} for n in range(50)]

    answer = plane.call("PutRecords", StreamName="s", Records=entries)

    hashes = [hashlib.md5(f"key-{n}".encode()).digest() for n in range(50)]
    expected = [f"shardId-{hash_key[0] // 64:012d}" for hash_key in hashes]
    assert [record["ShardId"] for record in answer["Records"]] == expected
    assert answer["FailedRecordCount"] == 0
    by_number = {r["SequenceNumber"]: r["Data"] for s in range(4) for r in plane.records(s)}
    put = [by_number[record["SequenceNumber"]] for record in answer["Records"]]
    assert put == [entry["Data"] for entry in entries]
    plane.close()


@pytest.mark.parametrize(
    ("hash_key", "shard"),
    [("0", 0), (str(2**127 - 1), 0), (str(2**127), 1), (str(2**128 - 1), 1)],
)
def test_an_explicit_hash_key_wins_over_the_partition_key(hash_key: str, shard: int) -> None:
    plane = Plane()
    plane.create(shards=2)

    plane.put(b"x", ExplicitHashKey=hash_key)

    assert plane.read(shard) == [b"x"]
    plane.close()


def test_a_hash_key_of_129_bits_is_refused(plane: Plane) -> None:
    with refused("InvalidArgumentException", f"Specified value was {2**128}"):
        plane.put(b"x", ExplicitHashKey=str(2**128))


def test_data_and_key_together_may_have_the_streams_largest_size(plane: Plane) -> None:
    plane.put(b"x" * (MIB - 2), key="ü")
    with refused("ValidationException", "Value at 'data' failed to satisfy constraint"):
        plane.put(b"x" * (MIB - 1), key="ü")

    plane.call(
        "UpdateMaxRecordSize",
        StreamARN="arn:aws:kinesis:eu-west-1:123456789012:stream/s",
        MaxRecordSizeInKiB=10240,
    )
    plane.put(b"x" * (10 * MIB - 1))


def test_one_bad_entry_fails_the_whole_call_and_nothing_is_stored(plane: Plane) -> None:
    entries = [{"Data": b"1", "PartitionKey": "a"}, {"Data": bytes(MIB), "PartitionKey": "a"}]
    with refused(
        "ValidationException", "1 validation error detected: Value at 'records.2.member.data'"
    ):
        plane.call("PutRecords", StreamName="s", Records=entries)
    with refused("InvalidArgumentException", "Records size exceeds 10 MB limit"):
        large = {"Data": bytes(MIB - 1), "PartitionKey": "a"}
        plane.call("PutRecords", StreamName="s", Records=[large] * 11)

    assert plane.read() == []


@pytest.mark.parametrize("limit", [1, 3, 10_000])
def test_every_limit_reads_the_same_records(plane: Plane, limit: int) -> None:
    for batch in range(3):
        entries = [{"Data": b"%d-%d" % (batch, n), "PartitionKey": "a"} for n in range(5)]
        plane.call("PutRecords", StreamName="s", Records=entries)

    read = [record["Data"] for record in plane.records(limit=limit)]

    assert read == [b"%d-%d" % (batch, n) for batch in range(3) for n in range(5)]


def test_one_answer_has_at_most_ten_mebibytes_but_always_one_record(plane: Plane) -> None:
    record = {"Data": bytes(MIB - 1), "PartitionKey": "a"}
    for _ in range(3):
        plane.call("PutRecords", StreamName="s", Records=[record] * 5)

    answer = plane.get(plane.iterator())

    assert len(answer["Records"]) == 10
    assert answer["MillisBehindLatest"] > 0
    assert len(plane.get(answer["NextShardIterator"])["Records"]) == 5


def test_iterators_always_advance_also_where_nothing_is_to_read(plane: Plane) -> None:
    first = plane.iterator()

    second = plane.get(first)["NextShardIterator"]
    third = plane.get(second)["NextShardIterator"]

    assert len({first, second, third}) == 3
    plane.put(b"x")
    assert [r["Data"] for r in plane.get(first)["Records"]] == [b"x"]
    assert [r["Data"] for r in plane.get(third)["Records"]] == [b"x"]


def test_how_far_behind_an_answer_is(plane: Plane) -> None:
    plane.put(b"1")
    plane.clock.at += 2
    plane.put(b"2")
    plane.clock.at += 3

    answer = plane.get(plane.iterator(), Limit=1)

    assert answer["MillisBehindLatest"] == 5000
    assert plane.get(answer["NextShardIterator"])["MillisBehindLatest"] == 0


def test_iterators_start_where_they_are_told(plane: Plane) -> None:
    numbers = []
    for data in (b"1", b"2", b"3"):
        plane.clock.at += 1
        numbers.append(plane.put(data))
    starting = plane.shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    foreign = str(int(numbers[1]) + (1 << 36))  # the second's, but of a later time

    assert plane.read(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == [b"2", b"3"]
    assert plane.read(kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == [b"3"]
    assert plane.read(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=foreign) == [b"3"]
    assert len(plane.read(kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=starting)) == 3
    assert plane.read(kind="LATEST") == []
    assert len(plane.read(kind="AT_TIMESTAMP", Timestamp=0.0)) == 3
    assert plane.read(kind="AT_TIMESTAMP", Timestamp=START + 2) == [b"2", b"3"]
    assert plane.read(kind="AT_TIMESTAMP", Timestamp=START + 2.001) == [b"3"]
    arrival = plane.records()[1]["ApproximateArrivalTimestamp"]
    assert plane.read(kind="AT_TIMESTAMP", Timestamp=arrival) == [b"2", b"3"]


def test_iterators_refuse_what_does_not_fit(plane: Plane) -> None:
    plane.create("two", shards=2)
    number = plane.put(b"x")
    other = plane.put(b"x", name="two", ExplicitHashKey=str(2**128 - 1))

    with refused("InvalidArgumentException", "Request specified LATEST and also a StartingSeq"):
        plane.iterator(kind="LATEST", StartingSequenceNumber=number)
    with refused("InvalidArgumentException", "AT_SEQUENCE_NUMBER and no StartingSequenceNumber."):
        plane.iterator(kind="AT_SEQUENCE_NUMBER")
    with refused("InvalidArgumentException", "It encodes shardId-000000000001, while it was used"):
        plane.iterator(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=other)
    with refused("InvalidArgumentException", "It encodes shardId-000000000005, while it was used"):
        plane.iterator(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber="5")
    negative = str(int("2" + "0" * 37 + "80000000" + "2", 16))
    with refused("InvalidArgumentException", "It encodes shardId--02147483648, while it was used"):
        plane.iterator(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=negative)
    zero = "StartingSequenceNumber 21267647932558653966460912964485513216 used in GetShardIterator"
    with refused("InvalidArgumentException", zero):
        plane.iterator(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber="0")
    with refused("InvalidArgumentException", "under account 123456789012 is invalid."):
        plane.iterator(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=str(2**124))
    with refused("InvalidArgumentException", "Current request has no timestamp parameter."):
        plane.iterator(kind="AT_TIMESTAMP")
    with refused("InvalidArgumentException", "timestampInMillis: 1545084651988, current"):
        plane.iterator(kind="AT_TIMESTAMP", Timestamp=START + 1.001)
    with refused("ResourceNotFoundException", "Shard shardId-000000000007 in stream s under acc"):
        plane.iterator(7)
    with refused("ResourceNotFoundException", "in stream none under account 123456789012 does not"):
        plane.iterator(name="none")
    with refused("ResourceNotFoundException", "Could not find shard wrong in stream s under acc"):
        plane.call("GetShardIterator", StreamName="s", ShardId="wrong", ShardIteratorType="LATEST")


def test_a_number_of_an_earlier_stream_of_that_name_is_refused(plane: Plane) -> None:
    number = plane.put(b"x")
    plane.call("DeleteStream", StreamName="s")
    plane.clock.at += 1
    plane.create()

    with refused("InvalidArgumentException", "is invalid because it did not come from this stre"):
        plane.iterator(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)


def test_an_iterator_goes_on_in_a_later_stream_of_that_name(plane: Plane) -> None:
    plane.call("UpdateShardCount", StreamName="s", TargetShardCount=2, ScalingType=UNIFORM)
    plane.put(b"old", ExplicitHashKey="0")
    first, second = plane.iterator(0, kind="LATEST"), plane.iterator(1, kind="LATEST")
    plane.call("DeleteStream", StreamName="s")
    gone = "Shard shardId-000000000000 in stream s under account 123456789012 does not exist"
    with refused("ResourceNotFoundException", gone):
        plane.get(first)

    plane.create()
    plane.put(b"new")

    assert [record["Data"] for record in plane.get(first)["Records"]] == [b"new"]
    with refused("ResourceNotFoundException", "Shard shardId-000000000001 in stream s"):
        plane.get(second)


@pytest.mark.parametrize(("name", "size"), [("t", 152), ("s" * 29, 168), ("s" * 128, 280)])
def test_iterators_are_as_long_as_those_of_aws(plane: Plane, name: str, size: int) -> None:
    plane.create(name)
    iterator = plane.call(
        "GetShardIterator", StreamName=name, ShardId="shardId-0", ShardIteratorType="LATEST"
    )["ShardIterator"]
    assert len(b64decode(iterator)) == size


@pytest.mark.parametrize("text", ["", "x", "AAAAAAAAAAE=", "ü", "A" * 512])
def test_a_token_that_is_none_of_ours_is_an_invalid_iterator(plane: Plane, text: str) -> None:
    with refused("InvalidArgumentException", "Invalid ShardIterator."):
        plane.get(text)


def test_a_changed_iterator_is_invalid(plane: Plane) -> None:
    iterator = plane.iterator()
    middle = len(iterator) // 2
    changed = iterator[:middle] + ("A" if iterator[middle] != "A" else "B") + iterator[middle + 1 :]

    with refused("InvalidArgumentException", "Invalid ShardIterator."):
        plane.get(changed)


def test_an_iterator_expires_after_five_minutes(plane: Plane) -> None:
    iterator = plane.iterator()
    plane.clock.at += 300
    plane.get(iterator)
    plane.clock.at += 0.01

    expected = (
        "Iterator expired. The iterator was created at time Mon Dec 17 22:10:50 UTC 2018 while"
        " right now it is Mon Dec 17 22:15:50 UTC 2018 which is further in the future than the"
        " tolerated delay of 300000 milliseconds."
    )
    with refused("ExpiredIteratorException", expected):
        plane.get(iterator)


def test_an_iterator_is_not_there_for_another_account_or_region(plane: Plane) -> None:
    iterator = plane.iterator()
    for caller in (Caller("000000000000", CALLER.region), Caller(CALLER.account, "us-east-1")):
        with refused("ResourceNotFoundException", "does not exist"):
            plane.request("GetRecords", {"ShardIterator": iterator}, caller)


def test_an_iterator_with_the_arn_of_its_stream_reads_it_and_no_other(plane: Plane) -> None:
    arn, other = "arn:aws:kinesis:eu-west-1:123456789012:stream/s", plane.create("other")
    plane.put(b"x")

    assert plane.get(plane.iterator(), StreamARN=arn)["Records"]
    with refused("ResourceNotFoundException", "does not exist"):
        plane.get(plane.iterator(), StreamARN=other)
    stranger = Caller("000000000000", CALLER.region)
    request: dict[str, object] = {"ShardIterator": plane.iterator(), "StreamARN": arn}
    with refused("AccessDeniedException", "no resource-based policy allows it"):
        plane.request("GetRecords", request, stranger)
    plane.call("PutResourcePolicy", ResourceARN=arn, Policy="{}")
    assert plane.request("GetRecords", request, stranger)["Records"]


def test_records_leave_when_their_retention_ends(plane: Plane) -> None:
    number = plane.put(b"old")
    iterator = plane.iterator()
    plane.clock.at += 24 * HOUR
    plane.put(b"new")
    assert plane.read() == [b"old", b"new"]
    plane.clock.at += 0.01

    assert plane.read() == [b"new"]
    assert plane.read(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number) == [b"new"]
    assert plane.read(kind="AT_TIMESTAMP", Timestamp=START) == [b"new"]
    assert plane.data.summary()[0]["records"] == 1
    with refused("ExpiredIteratorException", "Iterator expired."):
        plane.get(iterator)


def test_what_has_expired_stays_gone_when_retention_grows(plane: Plane) -> None:
    plane.put(b"old")
    plane.clock.at += 25 * HOUR
    plane.put(b"new")

    plane.call("IncreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=48)

    assert plane.read() == [b"new"]


def test_a_stream_kept_longer_keeps_its_records(plane: Plane) -> None:
    plane.call("IncreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=8760)
    plane.put(b"old")
    plane.clock.at += 8760 * HOUR

    assert plane.read() == [b"old"]
    plane.call("DecreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=24)
    assert plane.read() == []


def test_numbers_go_on_after_everything_has_expired_and_left_the_disk(plane: Plane) -> None:
    before = int(plane.put(b"old"))
    plane.clock.at += 25 * HOUR
    plane.data.sweep()

    assert int(plane.put(b"new")) > before
    assert plane.read() == [b"new"]


def test_numbers_and_times_never_fall_when_the_clock_is_set_back(plane: Plane) -> None:
    before = plane.put(b"1")
    plane.clock.at -= HOUR
    after = plane.put(b"2")

    assert int(after) > int(before)
    arrivals = [record["ApproximateArrivalTimestamp"] for record in plane.records()]
    assert arrivals == sorted(arrivals)
    assert plane.read(kind="AT_TIMESTAMP", Timestamp=START - HOUR) == [b"1", b"2"]


def test_ordering_takes_numbers_that_were_given_and_no_others(plane: Plane) -> None:
    number = plane.put(b"1")
    plane.put(b"2", SequenceNumberForOrdering=number)

    too_late = SequenceNumber(created=16_025_175_000, shard_index=0, counter=1, time=0).encode()
    plane.put(b"2", SequenceNumberForOrdering="0")
    for wrong in (str(2**124), str(int(number) + (5 << 80)), too_late):
        with refused("InvalidArgumentException", f"ExclusiveMinimumSequenceNumber {wrong} used in"):
            plane.put(b"3", SequenceNumberForOrdering=wrong)


def test_without_a_partition_key_only_automatic_distribution_takes_a_record() -> None:
    plane = Plane()
    mode = {"StreamMode": "ON_DEMAND"}
    plane.call(
        "CreateStream",
        StreamName="s",
        StreamModeDetails=mode,
        RecordDistributionStrategy="AUTO",
    )
    for _ in range(8):
        plane.call("PutRecord", StreamName="s", Data=b"x")
    plane.call("PutRecords", StreamName="s", Records=[{"Data": b"y", "PartitionKey": "k"}] * 4)

    records = [record for shard in range(4) for record in plane.records(shard)]

    assert [record.get("PartitionKey") for record in records].count(None) == 8
    assert {len(plane.records(shard)) for shard in range(4)} == {3}
    plane.call(
        "UpdateStreamRecordDistributionStrategy",
        StreamARN="arn:aws:kinesis:eu-west-1:123456789012:stream/s",
        RecordDistributionStrategy="USER_PARTITION_KEY",
    )
    with refused("ValidationException", "partitionKey"):
        plane.call("PutRecord", StreamName="s", Data=b"x")
    plane.close()


def test_records_of_an_encrypted_stream_say_so(plane: Plane) -> None:
    plane.put(b"plain")
    plane.call("StartStreamEncryption", StreamName="s", EncryptionType="KMS", KeyId="alias/x")
    answer = plane.call("PutRecord", StreamName="s", Data=b"secret", PartitionKey="a")
    plane.call("StopStreamEncryption", StreamName="s", EncryptionType="KMS", KeyId="alias/x")
    plane.put(b"plain")

    assert answer["EncryptionType"] == "KMS"
    kinds = [record.get("EncryptionType") for record in plane.records()]
    assert kinds == [None, "KMS", None]


def test_a_dry_run_checks_and_does_nothing(plane: Plane) -> None:
    iterator = plane.iterator()
    with refused("DryRunOperationException", "succeeded while calling PutRecord op"):
        plane.put(b"x", DryRun=True)
    with refused("DryRunOperationException", "succeeded while calling PutRecords op"):
        records = [{"Data": b"x", "PartitionKey": "a"}]
        plane.call("PutRecords", StreamName="s", Records=records, DryRun=True)
    with refused("DryRunOperationException", "succeeded while calling GetRecords op"):
        plane.get(iterator, DryRun=True)
    with refused("DryRunOperationException", "succeeded while calling GetShardIterator op"):
        plane.iterator(DryRun=True)
    with refused("ResourceNotFoundException", "Stream none under account 123456789012 not found."):
        plane.put(b"x", name="none", DryRun=True)

    assert plane.read() == []


def test_a_key_that_is_not_unicode_is_refused(plane: Plane) -> None:
    with refused("SerializationException", "UTF-8"):
        plane.put(b"x", key="\ud800")
    with refused("SerializationException", "UTF-8"):
        plane.put(b"x", key="\ud800", ExplicitHashKey="1")
    assert plane.read() == []
