"""A change that has become due is done by whichever call comes first, a put too."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kinesis_cli.local.kinesis import Caller, DataPlane
from kinesis_cli.local.kinesis.context import DELETE_SECONDS
from tests.unit.local_plane import CALLER, Plane, StoppedClock, refused

MIDDLE = str(2**126)
Change = Callable[[Plane], object]

CHANGES: dict[str, Change] = {
    "create": lambda plane: plane.create("s"),
    "split": lambda plane: plane.call(
        "SplitShard",
        StreamName="s",
        ShardToSplit="shardId-000000000000",
        NewStartingHashKey=MIDDLE,
    ),
    "merge": lambda plane: plane.call(
        "MergeShards",
        StreamName="s",
        ShardToMerge="shardId-000000000000",
        AdjacentShardToMerge="shardId-000000000001",
    ),
    "more shards": lambda plane: plane.call(
        "UpdateShardCount", StreamName="s", TargetShardCount=4, ScalingType="UNIFORM_SCALING"
    ),
    "fewer shards": lambda plane: plane.call(
        "UpdateShardCount", StreamName="s", TargetShardCount=1, ScalingType="UNIFORM_SCALING"
    ),
    "longer retention": lambda plane: plane.call(
        "IncreaseStreamRetentionPeriod", StreamName="s", RetentionPeriodHours=48
    ),
    "mode": lambda plane: plane.call(
        "UpdateStreamMode", StreamARN=ARN, StreamModeDetails={"StreamMode": "ON_DEMAND"}
    ),
    "encryption": lambda plane: plane.call(
        "StartStreamEncryption", StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis"
    ),
    "record size": lambda plane: plane.call(
        "UpdateMaxRecordSize", StreamARN=ARN, MaxRecordSizeInKiB=2048
    ),
    "delete": lambda plane: plane.call("DeleteStream", StreamName="s"),
}
ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"


def put_record(plane: Plane) -> object:
    return plane.put(b"x")


def put_records(plane: Plane) -> object:
    entry = {"Data": b"x", "PartitionKey": "a"}
    answer = plane.call("PutRecords", StreamName="s", Records=[entry])
    assert answer["FailedRecordCount"] == 0
    return answer


@pytest.mark.parametrize("put", [put_record, put_records])
@pytest.mark.parametrize("durable", [True, False], ids=["durable", "in memory"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_put_is_the_first_call_after_a_change_became_due(
    change: str, durable: bool, put: Callable[[Plane], object], tmp_path: Path
) -> None:
    plane = Plane(tmp_path if durable else None, delays=True)
    if change != "create":
        plane.data.make_stream({"StreamName": "s", "ShardCount": 2}, CALLER)
    CHANGES[change](plane)
    plane.clock.at += DELETE_SECONDS + 1

    if change == "delete":
        with refused("ResourceNotFoundException"):
            put(plane)
        plane.create("s")  # its name is free
    else:
        put(plane)
        stored = sum(stream["records"] for stream in plane.data.summary())
        status = plane.call("DescribeStreamSummary", StreamName="s")["StreamDescriptionSummary"]
        assert (stored, status["StreamStatus"]) == (1, "ACTIVE")
    plane.close()
    if durable:  # what the put did with the change is on disk
        again = Plane(tmp_path, delays=True, clock=StoppedClock(plane.clock.at + 60))
        assert [stream["records"] for stream in again.data.summary()] == (
            [0] if change == "delete" else [1]
        )
        again.close()


def test_a_refused_put_keeps_the_change_that_it_found_due() -> None:
    plane = Plane(delays=True)
    plane.data.make_stream({"StreamName": "s", "ShardCount": 2}, CALLER)
    CHANGES["split"](plane)
    plane.clock.at += 60

    with refused("ValidationException"):
        plane.put(bytes(2**20 + 1))

    assert len(plane.open_shards()) == 3
    plane.close()


def test_a_clock_far_off_is_refused_and_one_moved_back_reads_all(tmp_path: Path) -> None:
    from kinesis_cli.errors import InputError
    from kinesis_cli.local.clock import ShiftableClock

    plane = Plane(tmp_path, clock=ShiftableClock())  # type: ignore[arg-type]
    plane.create()
    plane.data.switch_faults({"clock": 86_400.0 * 3650})
    for seconds in (86_400.0 * 10, 1e12, -1e12):
        with pytest.raises(InputError, match="10 years"):
            plane.data.switch_faults({"clock": seconds})
    plane.put(b"late")
    plane.data.switch_faults({"clock": -86_400.0 * 3650 * 2})
    plane.put(b"early")
    plane.call("SplitShard", StreamName="s", ShardToSplit="shardId-000000000000",
               NewStartingHashKey=MIDDLE)  # fmt: skip
    plane.close()

    again = Plane(tmp_path, clock=ShiftableClock())  # type: ignore[arg-type]
    assert again.read() == [b"late", b"early"]
    number = again.records()[-1]["SequenceNumber"]
    assert again.read(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number) == [b"early"]
    for shard in (1, 2):
        assert again.read(shard) == []
    again.put(b"now")
    assert b"now" in again.read(1) + again.read(2)
    again.close()


def test_reads_and_writes_are_measured() -> None:
    plane = Plane(limits=True)
    plane.create()
    plane.put(b"12345")
    entries = [{"Data": b"12", "PartitionKey": "abc"}] * 3
    plane.call("PutRecords", StreamName="s", Records=entries)
    plane.get(plane.iterator())
    with refused("ValidationException"):
        plane.put(bytes(2**20 + 1))

    measured = totals(plane.data, CALLER)
    assert measured["PutRecord.Bytes"] == (1, 6.0)
    assert measured["PutRecord.Success"] == (2, 1.0)
    assert measured["PutRecords.Bytes"] == (1, 15.0)
    assert measured["PutRecords.TotalRecords"] == (1, 3.0)
    assert measured["PutRecords.SuccessfulRecords"] == (1, 3.0)
    assert measured["PutRecords.ThrottledRecords"] == (1, 0.0)
    assert measured["GetRecords.Records"] == (1, 4.0)
    assert measured["GetRecords.Bytes"] == (1, 21.0)
    assert measured["GetRecords.Success"] == (1, 1.0)
    assert measured["GetRecords.Latency"][1] > 0
    plane.close()


def totals(data: DataPlane, caller: Caller) -> dict[str, tuple[int, float]]:
    """By the metric's name: how often it was measured, and the sum."""
    found: dict[str, tuple[int, float]] = {}
    for _, series, figures in data.metrics.of(caller.account, caller.region):
        count, total = found.get(series.name, (0, 0.0))
        found[series.name] = count + figures.count, total + figures.total
    return found
