"""Random histories against a model: nothing is lost, nothing doubled, order is held."""

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kinesis_cli.local.kinesis import ServiceError
from kinesis_cli.stream.shards import HASH_KEYS, hash_key
from tests.examples import examples
from tests.unit.local_plane import HOUR, Plane, StoppedClock

RETENTION = 24 * HOUR
keys = st.text(min_size=1, max_size=5)
entries = st.lists(
    st.tuples(keys, st.none() | st.integers(0, HASH_KEYS - 1), st.binary(max_size=10)),
    min_size=1,
    max_size=8,
)


class Histories(RuleBasedStateMachine):
    """What the model knows: each shard's range and its records with their arrivals."""

    state: Path

    @initialize(shards=st.integers(1, 4))
    def begin(self, shards: int) -> None:
        self.state = Path(tempfile.mkdtemp())
        self.clock = StoppedClock()
        self.plane = Plane(self.state, clock=self.clock)
        self.plane.create(shards=shards)
        self.ranges: dict[str, tuple[int, int]] = {}
        self.stored: dict[str, list[tuple[float, str, bytes]]] = defaultdict(list)
        self.latest: dict[str, float] = defaultdict(float)  # arrival, epoch seconds
        self.numbers: dict[str, list[int]] = defaultdict(list)
        self.parents: dict[str, list[str]] = {}
        self.expired: dict[str, int] = defaultdict(int)  # number of records
        self.deleted: dict[str, int] = defaultdict(int)  # of these, taken off the disk
        self.learn()

    def learn(self) -> None:
        """Take over the shards as they are listed; all else is the model's own."""
        listed = {shard["ShardId"]: shard for shard in self.plane.shards()}
        self.ranges = {shard: borders(listed[shard]) for shard in self.plane.open_shards()}
        for name, shard in listed.items():
            both = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
            self.parents[name] = [parent for parent in both if parent]

    def teardown(self) -> None:
        if hasattr(self, "plane"):
            self.plane.close()
            shutil.rmtree(self.state)

    @rule(entries=entries)
    def put(self, entries: list[tuple[str, int | None, bytes]]) -> None:
        records = [record(key, explicit, data) for key, explicit, data in entries]
        answer = self.plane.call("PutRecords", StreamName="s", Records=records)
        for (key, explicit, data), result in zip(entries, answer["Records"], strict=True):
            place = hash_key(key) if explicit is None else explicit
            (shard,) = (s for s, (low, high) in self.ranges.items() if low <= place <= high)
            assert result["ShardId"] == shard
            arrival = max(int(self.clock.at * 1000), int(self.latest[shard] * 1000)) / 1000
            self.latest[shard] = arrival
            self.stored[shard].append((arrival, key, data))
            self.numbers[shard].append(int(result["SequenceNumber"]))

    @rule(seconds=st.sampled_from([0.001, 1.0, 299.0, 3600.0, 20 * HOUR, -1.0, -3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.at += seconds

    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        shard = data.draw(st.sampled_from(sorted(self.ranges)))
        low, high = self.ranges[shard]
        key = data.draw(st.integers(low, high))
        request: dict[str, object] = {
            "StreamName": "s",
            "ShardToSplit": shard,
            "NewStartingHashKey": str(key),
        }
        try:
            self.plane.request("SplitShard", request)
        except ServiceError:
            assert not low + 1 < key < high
        self.learn()

    @precondition(lambda self: len(self.ranges) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        in_order = sorted(self.ranges, key=lambda shard: self.ranges[shard])
        first = data.draw(st.integers(0, len(in_order) - 2))
        pair = in_order[first : first + 2]
        self.plane.call(
            "MergeShards", StreamName="s", ShardToMerge=pair[0], AdjacentShardToMerge=pair[1]
        )
        self.learn()
        assert len(self.ranges) == len(in_order) - 1

    @rule(data=st.data())
    def resize(self, data: st.DataObject) -> None:
        now = len(self.ranges)
        target = data.draw(st.integers((now + 1) // 2, min(2 * now, 6)) if now <= 6 else st.just(4))
        request = {"StreamName": "s", "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"}
        try:
            self.plane.request("UpdateShardCount", request)
        except ServiceError:
            assert target < now / 2
        else:
            self.learn()
            assert len(self.ranges) == target

    @rule()
    def restart(self) -> None:
        self.plane.close()
        self.plane = Plane(self.state, clock=self.clock)
        # What has expired and is still on disk is there again if the clock was set back.
        self.expired = defaultdict(int, self.deleted)

    @rule()
    def sweep(self) -> None:
        self.plane.data.sweep()
        self.deleted = defaultdict(int, self.expired)
        listed = {shard["ShardId"] for shard in self.plane.shards()}
        assert set(self.ranges) <= listed

    @rule(data=st.data())
    def read_from_a_record_on(self, data: st.DataObject) -> None:
        full = [s for s in sorted(self.numbers) if self.is_there(s) and self.numbers[s]]
        if not full:
            return
        shard = data.draw(st.sampled_from(full))
        index = data.draw(st.integers(0, len(self.numbers[shard]) - 1))
        for kind, start in (("AT_SEQUENCE_NUMBER", index), ("AFTER_SEQUENCE_NUMBER", index + 1)):
            number = str(self.numbers[shard][index])
            read = self.plane.read(int(shard[-12:]), kind, StartingSequenceNumber=number)
            left = self.alive(shard)
            there = self.stored[shard][max(start, len(self.stored[shard]) - len(left)) :]
            assert read == [payload for _, _, payload in there]

    @rule(limit=st.integers(1, 5), shard=st.integers(0, 5))
    def read_by_small_steps(self, limit: int, shard: int) -> None:
        name = f"shardId-{shard:012d}"
        read = self.read(name, limit)
        assert [record["Data"] for record in read] == [r[2] for r in self.alive(name)]

    @invariant()
    def all_is_there_once_and_in_order(self) -> None:
        if not hasattr(self, "plane"):
            return
        for shard in self.parents:
            records = self.read(shard)
            read = [
                (r["ApproximateArrivalTimestamp"], r["PartitionKey"], r["Data"]) for r in records
            ]
            expected = self.alive(shard)
            assert read == expected
            numbers = [int(record["SequenceNumber"]) for record in records]
            given_numbers = self.numbers[shard]
            assert numbers == given_numbers[len(given_numbers) - len(numbers) :]
            assert given_numbers == sorted(set(given_numbers))

    @invariant()
    def children_go_on_after_their_parents(self) -> None:
        if not hasattr(self, "plane"):
            return
        for shard, parents in self.parents.items():
            for parent in parents:
                if self.numbers[shard] and self.numbers[parent]:
                    assert self.numbers[parent][-1] < self.numbers[shard][0]

    def read(self, shard: str, limit: int = 10_000) -> list[dict[str, Any]]:
        """All records of a shard; none of one that is not there, or has expired by now."""
        try:
            return self.plane.records(int(shard[-12:]), limit)
        except ServiceError:
            assert not self.is_there(shard)
            return []

    def is_there(self, shard: str) -> bool:
        return shard in {
            s["ShardId"]
            for s in self.plane.call("DescribeStream", StreamName="s")["StreamDescription"][
                "Shards"
            ]
        }

    def alive(self, shard: str) -> list[tuple[float, str, bytes]]:
        """What has not expired. Once expired is expired, though the clock may be set back."""
        horizon = int((self.clock.at - RETENTION) * 1000)
        expired = sum(round(at * 1000) < horizon for at, _, _ in self.stored[shard])
        self.expired[shard] = max(self.expired[shard], expired)
        return self.stored[shard][self.expired[shard] :]


def record(key: str, explicit: int | None, data: bytes) -> dict[str, Any]:
    entry = {"PartitionKey": key, "Data": data}
    return entry if explicit is None else {**entry, "ExplicitHashKey": str(explicit)}


def borders(shard: dict[str, Any]) -> tuple[int, int]:
    hash_keys = shard["HashKeyRange"]
    return int(hash_keys["StartingHashKey"]), int(hash_keys["EndingHashKey"])


@pytest.mark.unmeasured
def test_random_histories_lose_nothing_double_nothing_and_keep_the_order() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=examples(15),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
