"""Throughput and rates as on AWS, and faults on demand."""

from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.local.client.fault_verbs import fault_request
from kinesis_cli.local.clock import ShiftableClock
from kinesis_cli.local.kinesis import RequestFault
from tests.unit.local_plane import CALLER, Plane, refused

ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
MIB = 2**20
RATE = "Rate exceeded for shard shardId-000000000000 in stream s under account 123456789012."


def limited() -> Plane:
    plane = Plane(limits=True)
    plane.create()
    return plane


def put_many(plane: Plane, count: int, data: bytes = b"x") -> dict[str, Any]:
    entries = [{"Data": data, "PartitionKey": "a"}] * count
    return plane.call("PutRecords", StreamName="s", Records=entries)


def test_a_shard_takes_a_thousand_records_a_second() -> None:
    plane = limited()
    assert [put_many(plane, 500)["FailedRecordCount"] for _ in range(2)] == [0, 0]

    answer = put_many(plane, 2)

    assert answer["FailedRecordCount"] == 2
    assert answer["Records"][0] == {
        "ErrorCode": "ProvisionedThroughputExceededException",
        "ErrorMessage": RATE,
    }
    with refused("ProvisionedThroughputExceededException", RATE):
        plane.put(b"x")
    plane.clock.at += 1
    assert put_many(plane, 2)["FailedRecordCount"] == 0
    assert len(plane.records()) == 1002
    plane.close()


def test_a_shard_takes_a_mebibyte_a_second_and_a_call_fails_in_part() -> None:
    plane = limited()

    answer = put_many(plane, 12, bytes(100_000))

    failed = [index for index, record in enumerate(answer["Records"]) if "ErrorCode" in record]
    assert failed == [10, 11]
    assert answer["FailedRecordCount"] == 2
    plane.close()


def test_a_large_record_blocks_its_shard_for_as_long_as_it_takes() -> None:
    plane = limited()
    plane.call("UpdateMaxRecordSize", StreamARN=ARN, MaxRecordSizeInKiB=10240)
    plane.put(bytes(4 * MIB - 1))
    plane.clock.at += 3.9
    with refused("ProvisionedThroughputExceededException"):
        plane.put(b"x")
    plane.clock.at += 0.2
    plane.put(b"x")
    plane.close()


def test_each_shard_has_its_own_throughput() -> None:
    plane = Plane(limits=True)
    plane.create(shards=2)
    for key in ("0", str(2**127)):
        entries = [{"Data": b"x", "PartitionKey": "a", "ExplicitHashKey": key}] * 500
        for _ in range(2):
            answer = plane.call("PutRecords", StreamName="s", Records=entries)
            assert answer["FailedRecordCount"] == 0
    plane.close()


def test_a_shard_answers_five_get_records_a_second() -> None:
    plane = limited()
    iterator = plane.iterator()
    for _ in range(5):
        iterator = plane.get(iterator)["NextShardIterator"]
    with refused("ProvisionedThroughputExceededException", RATE):
        plane.get(iterator)
    plane.clock.at += 1
    plane.get(iterator)
    plane.close()


def test_after_ten_mebibytes_five_seconds_pass_without_an_answer() -> None:
    plane = limited()
    for _ in range(11):
        plane.put(bytes(MIB - 1))
        plane.clock.at += 1.01
    answer = plane.get(plane.iterator())
    assert len(answer["Records"]) == 10
    plane.clock.at += 4.9
    with refused("ProvisionedThroughputExceededException"):
        plane.get(answer["NextShardIterator"])
    plane.clock.at += 0.2
    assert len(plane.get(answer["NextShardIterator"])["Records"]) == 1
    plane.close()


def test_control_calls_have_a_rate_and_some_a_number_a_day() -> None:
    plane = limited()
    plane.call("DescribeLimits")
    with refused("LimitExceededException", "Rate exceeded for account 123456789012."):
        plane.call("DescribeLimits")
    for _ in range(10):
        plane.call("DescribeStream", StreamName="s")
    with refused("LimitExceededException", "Rate exceeded for stream s under account 12345678"):
        plane.call("DescribeStream", StreamARN=ARN)
    for mode in ("ON_DEMAND", "PROVISIONED"):
        plane.call("UpdateStreamMode", StreamARN=ARN, StreamModeDetails={"StreamMode": mode})
    with refused("LimitExceededException", "Rate exceeded for stream s under account 12345678"):
        plane.call("UpdateStreamMode", StreamARN=ARN, StreamModeDetails={"StreamMode": mode})
    plane.clock.at += 86_401
    plane.call("UpdateStreamMode", StreamARN=ARN, StreamModeDetails={"StreamMode": mode})
    plane.close()


def test_a_busy_on_demand_stream_splits_its_shard() -> None:
    plane = Plane(limits=True)
    plane.call("CreateStream", StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    for _ in range(75):
        plane.put(bytes(600_000), ExplicitHashKey="0")
        plane.clock.at += 1

    assert len(plane.open_shards()) == 5
    assert plane.shards()[4]["ParentShardId"] == "shardId-000000000000"
    plane.close()


def test_without_limits_nothing_is_throttled() -> None:
    plane = Plane()
    plane.create()
    assert sum(put_many(plane, 500)["FailedRecordCount"] for _ in range(5)) == 0
    for _ in range(10):
        plane.iterator()
        plane.get(plane.iterator())
    plane.close()


# Faults


@pytest.mark.parametrize("what", ["s", "s/shardId-000000000000", "s/0"])
def test_a_throttled_shard_takes_and_gives_nothing(what: str) -> None:
    plane = Plane()
    plane.create()
    plane.create("other")
    iterator = plane.iterator()

    plane.data.switch_faults({"set": {"throttle": [what]}})

    with refused("ProvisionedThroughputExceededException", RATE):
        plane.put(b"x")
    with refused("ProvisionedThroughputExceededException", RATE):
        plane.get(iterator)
    assert put_many(plane, 3)["FailedRecordCount"] == 3
    plane.put(b"x", name="other")
    plane.data.switch_faults({"clear": True})
    plane.put(b"y")
    assert plane.read() == [b"y"]
    plane.close()


def test_a_share_of_the_entries_fails_and_the_others_are_stored() -> None:
    plane = Plane()
    plane.create()
    plane.data.switch_faults({"set": {"fail": 0.3}})

    answer = put_many(plane, 500)

    failed = answer["FailedRecordCount"]
    assert 100 < failed < 200
    codes = {record.get("ErrorCode") for record in answer["Records"]}
    assert codes == {None, "InternalFailure"}
    assert len(plane.records()) == 500 - failed
    plane.close()


def test_requests_fail_are_late_or_cut_as_switched() -> None:
    plane = Plane()
    faults = plane.data.faults
    assert faults.for_request("PutRecords") == RequestFault()

    switched = plane.data.switch_faults(
        {"set": {"error": 1, "delay": 0.5, "cut": "after", "operations": ["PutRecords"]}}
    )

    assert switched["error"] == 1
    assert faults.for_request("PutRecords") == RequestFault(0.5, True, "after")
    assert faults.for_request("GetRecords") == RequestFault()
    plane.data.switch_faults({"set": {"cut_share": 0}})
    assert faults.for_request("PutRecords").cut is None
    plane.close()


def test_iterators_expire_on_demand() -> None:
    plane = Plane()
    plane.create()
    before = plane.iterator()
    plane.data.switch_faults({"expire_iterators": True})

    with refused("ExpiredIteratorException"):
        plane.get(before)
    plane.get(plane.iterator())
    plane.close()


def test_the_clock_is_moved_and_set_back() -> None:
    plane = Plane()
    plane.data.clock = clock = ShiftableClock()
    real = clock.now()

    assert plane.data.switch_faults({"clock": 360.0})["clock"] == 360.0
    assert clock.now() >= real + 360
    assert plane.data.switch_faults({"clock": -60.0})["clock"] == 300.0
    assert plane.data.switch_faults({})["clock"] == 300.0
    assert plane.data.switch_faults({"clock": None})["clock"] == 0.0
    plane.close()


@pytest.mark.parametrize(
    "document",
    [
        {"set": {"fail": 2}},
        {"set": {"delay": -1}},
        {"set": {"unknown": 1}},
        {"set": {"cut": "sometimes"}},
        {"set": {"operations": ["PutRecrod"], "error": 1.0}},
        {"set": {"throttle": ["s/first"]}},
        {"set": {"throttle": ["s/1"]}},
        {"set": {"throttle": ["nobody"]}},
        {"set": {"throttle": ["s", "nobody/0"]}},
        {"set": 1},
        {"clock": "x"},
        {"unknown": True},
    ],
)
def test_a_fault_that_cannot_be_is_refused(document: dict[str, object]) -> None:
    plane = Plane()
    plane.create()
    with pytest.raises(InputError, match=r"^faults: "):
        plane.data.switch_faults(document)
    assert plane.data.faults.for_request("PutRecords") == RequestFault()
    plane.close()


@pytest.mark.parametrize("verb", ["fail", "error", "delay"])
def test_off_undoes_one_fault_and_leaves_the_others(verb: str) -> None:
    plane = Plane()
    plane.create()
    plane.data.switch_faults({"set": {"throttle": ["s"], "fail": 0.5, "error": 0.5, "delay": 0.5}})
    switched = plane.data.switch_faults(fault_request(verb, ["off"]))
    off = {name for name in ("throttle", "fail", "error", "delay") if not switched[name]}
    assert off == {verb}
    plane.close()


def test_a_throttled_stream_may_be_deleted_while_other_faults_go_on() -> None:
    plane = Plane()
    plane.create()
    plane.data.switch_faults({"set": {"throttle": ["s"]}})
    plane.call("DeleteStream", StreamName="s")
    assert plane.data.switch_faults({"set": {"fail": 0.5}})["throttle"] == ["s"]
    plane.close()


def test_the_caller_of_a_limit_is_an_account_in_a_region() -> None:
    plane = limited()
    plane.call("DescribeLimits")
    other = type(CALLER)(CALLER.account, "us-east-1")
    assert plane.request("DescribeLimits", {}, other)["OpenShardCount"] == 0
    plane.close()
