"""Shards: lists and filters, splitting, merging, resizing, reading across."""

import sys
from collections.abc import Iterator

import pytest

from kinesis_cli.local.kinesis import Caller
from kinesis_cli.stream.shards import even_shards
from tests.unit.local_plane import CALLER, HOUR, START, Plane, refused

MIDDLE = str(2**127)
IDS = [f"shardId-{number:012d}" for number in range(20)]


@pytest.fixture
def plane() -> Iterator[Plane]:
    plane = Plane()
    plane.create()
    yield plane
    plane.close()


def split(plane: Plane, shard: int = 0, key: str = MIDDLE) -> None:
    plane.call("SplitShard", StreamName="s", ShardToSplit=IDS[shard], NewStartingHashKey=key)


def merge(plane: Plane, shard: int, adjacent: int) -> None:
    plane.call(
        "MergeShards",
        StreamName="s",
        ShardToMerge=IDS[shard],
        AdjacentShardToMerge=IDS[adjacent],
    )


def filtered(plane: Plane, kind: str, **more: object) -> list[str]:
    return [s["ShardId"] for s in plane.shards(ShardFilter={"Type": kind, **more})]


def calls_of_listing(shards: int) -> int:
    """How many functions are called while all pages of a stream's shards are listed."""
    plane, calls = Plane(), 0
    plane.create("many", shards=shards)

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    listed, token = 0, {"StreamName": "many"}
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        while token:
            answer = plane.call("ListShards", **token)
            listed += len(answer["Shards"])
            token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
    finally:
        sys.setprofile(before)
        plane.close()
    assert listed == shards
    return calls


def test_a_page_of_shards_costs_the_same_wherever_it_is() -> None:
    assert calls_of_listing(8000) < 5 * calls_of_listing(2000)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_shards_of_a_new_stream_cover_all_hash_keys_evenly(count: int) -> None:
    plane = Plane()
    plane.create(shards=count)

    ranges = [shard["HashKeyRange"] for shard in plane.shards()]

    assert ranges == [
        {
            "StartingHashKey": str(shard.starting_hash_key),
            "EndingHashKey": str(shard.ending_hash_key),
        }
        for shard in even_shards(count)
    ]
    plane.close()


def test_a_split_closes_the_parent_and_opens_two_children(plane: Plane) -> None:
    last = int(plane.put(b"old"))
    split(plane)

    parent, lower, upper = plane.shards()

    numbers = parent["SequenceNumberRange"]
    assert int(numbers["StartingSequenceNumber"]) < last < int(numbers["EndingSequenceNumber"])
    assert lower["ParentShardId"] == upper["ParentShardId"] == IDS[0]
    assert "AdjacentParentShardId" not in lower
    assert lower["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2**127 - 1)}
    assert upper["HashKeyRange"]["StartingHashKey"] == MIDDLE
    for child in (lower, upper):
        start = int(child["SequenceNumberRange"]["StartingSequenceNumber"])
        assert start > int(numbers["EndingSequenceNumber"])
        assert "EndingSequenceNumber" not in child["SequenceNumberRange"]


def test_new_records_go_to_the_children_and_old_ones_stay_in_the_parent(plane: Plane) -> None:
    plane.put(b"old", ExplicitHashKey="0")
    split(plane)
    plane.put(b"low", ExplicitHashKey="0")
    plane.put(b"high", ExplicitHashKey=MIDDLE)

    assert [plane.read(shard) for shard in range(3)] == [[b"old"], [b"low"], [b"high"]]


def test_the_end_of_a_closed_shard_names_its_children(plane: Plane) -> None:
    plane.put(b"1")
    plane.put(b"2")
    split(plane)

    first = plane.get(plane.iterator(), Limit=1)
    assert "ChildShards" not in first
    last = plane.get(first["NextShardIterator"], Limit=1)

    assert [record["Data"] for record in last["Records"]] == [b"2"]
    assert "NextShardIterator" not in last
    assert last["MillisBehindLatest"] == 0
    assert last["ChildShards"] == [
        {
            "ShardId": IDS[number],
            "ParentShards": [IDS[0]],
            "HashKeyRange": plane.shards()[number]["HashKeyRange"],
        }
        for number in (1, 2)
    ]
    again = plane.get(plane.iterator(kind="LATEST"))
    assert (again["Records"], "NextShardIterator" in again) == ([], False)


def test_an_iterator_taken_before_a_split_reads_to_the_end(plane: Plane) -> None:
    iterator = plane.get(plane.iterator())["NextShardIterator"]
    plane.put(b"1")
    split(plane)

    answer = plane.get(iterator)

    assert [record["Data"] for record in answer["Records"]] == [b"1"]
    assert len(answer["ChildShards"]) == 2


def test_a_merge_makes_one_child_of_two_neighbours(plane: Plane) -> None:
    split(plane)
    merge(plane, 1, 2)

    child = plane.shards()[3]

    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (IDS[1], IDS[2])
    assert child["HashKeyRange"] == plane.shards()[0]["HashKeyRange"]
    assert plane.open_shards() == [IDS[3]]
    end = plane.get(plane.iterator(1))["ChildShards"]
    assert end[0]["ParentShards"] == [IDS[1], IDS[2]]


def test_sequence_numbers_grow_along_the_lineage_when_the_clock_is_set_back(plane: Plane) -> None:
    before = plane.put(b"1")
    plane.clock.at -= HOUR
    split(plane)
    between = plane.put(b"2", ExplicitHashKey="0")
    plane.clock.at -= HOUR
    merge(plane, 1, 2)
    after = plane.put(b"3")

    assert int(before) < int(between) < int(after)


@pytest.mark.parametrize("key", ["0", "1", str(2**128 - 1)])
def test_a_split_leaves_no_empty_or_single_range(plane: Plane, key: str) -> None:
    with refused("InvalidArgumentException", f"NewStartingHashKey {key} used in SplitShard() on"):
        split(plane, key=key)


def test_resharding_refuses_what_is_not_there_or_closed_or_apart(plane: Plane) -> None:
    with refused("ResourceNotFoundException", f"Could not find shard {IDS[9]} in stream s under"):
        split(plane, 9)
    with refused("ResourceNotFoundException", "Could not find shard x in stream s under account"):
        plane.call("SplitShard", StreamName="s", ShardToSplit="x", NewStartingHashKey=MIDDLE)
    split(plane)
    for key in (MIDDLE, "0"):
        with refused("InvalidArgumentException", "has already been merged or split"):
            split(plane, key=key)
    split(plane, 2, key=str(2**127 + 2**126))
    with refused("InvalidArgumentException", "are not an adjacent pair of shards eligible for"):
        merge(plane, 1, 4)
    with refused("InvalidArgumentException", "has already been merged or split"):
        merge(plane, 1, 2)


@pytest.mark.parametrize("steps", [(2, 4, 8), (2, 3, 5, 7, 4), (2, 1), (2, 4, 3, 2)])
def test_resizing_ends_in_shards_of_the_same_width(plane: Plane, steps: tuple[int, ...]) -> None:
    for count in steps:
        answer = plane.call(
            "UpdateShardCount",
            StreamName="s",
            TargetShardCount=count,
            ScalingType="UNIFORM_SCALING",
        )
        assert answer["TargetShardCount"] == count

    ids = plane.open_shards()
    listed = {shard["ShardId"]: shard["HashKeyRange"] for shard in plane.shards()}
    ranges = sorted(int(listed[shard]["StartingHashKey"]) for shard in ids)
    assert ranges == [shard.starting_hash_key for shard in even_shards(steps[-1])]


def test_doubling_splits_each_shard_once(plane: Plane) -> None:
    for count in (2, 4):
        plane.call(
            "UpdateShardCount",
            StreamName="s",
            TargetShardCount=count,
            ScalingType="UNIFORM_SCALING",
        )

    assert len(plane.shards()) == 1 + 2 + 4


def test_resizing_keeps_between_half_and_double(plane: Plane) -> None:
    def resize(target: int) -> None:
        plane.call(
            "UpdateShardCount",
            StreamName="s",
            TargetShardCount=target,
            ScalingType="UNIFORM_SCALING",
        )

    with refused("LimitExceededException", "over double your current open shard count. Current"):
        resize(3)
    for count in (2, 4, 5):
        resize(count)
    with refused("LimitExceededException", "Current open shard count: 5, Target shard count: 1"):
        resize(1)
    resize(2)
    before = plane.shards()
    resize(2)
    assert plane.shards() == before


def test_filters_by_time_follow_what_was_open_when(plane: Plane) -> None:
    plane.clock.at += 10
    split(plane)
    plane.clock.at += 10
    merge(plane, 1, 2)
    plane.clock.at += 10

    assert filtered(plane, "AT_LATEST") == IDS[3:4]
    assert filtered(plane, "AT_TRIM_HORIZON") == IDS[:1]
    assert filtered(plane, "FROM_TRIM_HORIZON") == IDS[:4]
    assert filtered(plane, "AFTER_SHARD_ID", ShardId=IDS[1]) == IDS[2:4]
    assert filtered(plane, "AT_TIMESTAMP", Timestamp=START + 15) == IDS[1:3]
    assert filtered(plane, "FROM_TIMESTAMP", Timestamp=START + 15) == IDS[1:4]
    assert filtered(plane, "FROM_TIMESTAMP", Timestamp=float(int(START))) == IDS[:4]
    for kind in ("AT_TIMESTAMP", "FROM_TIMESTAMP"):
        with refused("InvalidArgumentException", "cannot be older than TRIM_HORIZON of the stream"):
            filtered(plane, kind, Timestamp=START - 1)
        with refused("InvalidArgumentException", "must not be greater than current time."):
            filtered(plane, kind, Timestamp=START + 31)
        with refused("InvalidArgumentException", f"when the ShardFilter Type is {kind}."):
            filtered(plane, kind)


def test_closed_shards_are_listed_until_their_retention_ends(plane: Plane) -> None:
    plane.put(b"old")
    plane.clock.at += HOUR
    split(plane)
    plane.clock.at += 24 * HOUR
    assert len(plane.shards()) == 3
    plane.clock.at += 1

    assert filtered(plane, "FROM_TRIM_HORIZON") == IDS[1:3]
    plane.data.sweep()
    with refused("ResourceNotFoundException", f"Shard {IDS[0]} in stream s under account 1234567"):
        plane.iterator(0)
    split(plane, 1, key="1000")
    assert plane.open_shards() == IDS[2:5]


def test_long_lists_come_in_pages() -> None:
    plane = Plane()
    plane.create(shards=5)
    first = plane.call("ListShards", StreamName="s", MaxResults=2)
    second = plane.call("ListShards", NextToken=first["NextToken"], MaxResults=2)
    third = plane.call("ListShards", NextToken=second["NextToken"])

    pages = [[s["ShardId"] for s in page["Shards"]] for page in (first, second, third)]
    assert pages == [IDS[:2], IDS[2:4], IDS[4:5]]
    assert "NextToken" not in third
    assert (
        plane.call("ListShards", StreamName="s", NextToken=first["NextToken"], MaxResults=2)[
            "Shards"
        ]
        == second["Shards"]
    )
    plane.create("other")
    with refused("InvalidArgumentException", "Invalid NextToken."):
        plane.call("ListShards", StreamName="other", NextToken=first["NextToken"])
    with refused("InvalidArgumentException", "NextToken and ShardFilter cannot be provided togeth"):
        plane.call("ListShards", NextToken="x", ShardFilter={"Type": "AT_LATEST"})
    with refused("InvalidArgumentException", "Either NextToken or StreamName should be provided."):
        plane.call("ListShards")
    stranger = Caller("000000000000", CALLER.region)
    with refused("InvalidArgumentException", "Invalid NextToken."):
        plane.request("ListShards", {"NextToken": first["NextToken"]}, stranger)
    plane.clock.at += 300.01
    with refused("ExpiredNextTokenException", "expired"):
        plane.call("ListShards", NextToken=first["NextToken"])
    plane.close()


def test_more_shards_than_the_limit_are_refused_at_once() -> None:
    plane = Plane(shard_limit=4)
    expected = (
        "This request would exceed the shard limit for the account 123456789012 in eu-west-1."
        " Current shard count for the account: 0. Limit: 4. Number of additional shards that would"
        " have resulted from this request: 100000."
    )
    with refused("LimitExceededException", expected):
        plane.create(shards=100_000)
    plane.create(shards=4)
    with refused("LimitExceededException", "that would have resulted from this request: 1."):
        split(plane, key="1000")
    plane.close()


def test_with_delays_a_split_is_done_when_its_time_is_over() -> None:
    plane = Plane(delays=True)
    plane.create()
    with refused("ResourceNotFoundException", "Stream s under account 123456789012 not found."):
        plane.put(b"x")
    plane.clock.at += 10
    split(plane)
    plane.put(b"x")

    with refused("ResourceInUseException", "not ACTIVE, instead in state UPDATING"):
        split(plane, key="1000")
    assert plane.open_shards() == IDS[:1]
    plane.clock.at += 10
    assert plane.open_shards() == IDS[1:3]
    assert plane.read() == [b"x"]
    plane.close()
