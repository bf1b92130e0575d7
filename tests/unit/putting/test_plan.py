"""The plan of PutRecords calls against a model of a stream, in virtual time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.key_order import ORDER_LOST
from kinesis_cli.putting.plan import (
    CALL_BYTES,
    CALL_RECORDS,
    FREE_RECORDS,
    MIB,
    PAUSE_MAX,
    THROTTLED,
    PutPlan,
)
from kinesis_cli.putting.shard_limits import PACE
from kinesis_cli.putting.slice import Slice
from kinesis_cli.stream.aggregate import deaggregated
from kinesis_cli.stream.shards import HASH_KEYS, Shard, ShardMap, even_shards, hash_key, shard_id

IN_FLIGHT = 4


def hash_of(entry: Entry) -> int:
    """Where a record belongs among the shards' hash keys."""
    if entry.explicit_hash_key is not None:
        return int(entry.explicit_hash_key)
    return hash_key(entry.partition_key)


@dataclass
class Stream:
    """What a stream does with calls: it fails, throttles, reshards and loses answers at random."""

    random: Random
    shards: tuple[Shard, ...]
    failing: float = 0.0  # share of records
    lost: float = 0.0  # share of calls whose answer is lost, after or before they are done
    throttled_shards: frozenset[str] = frozenset()
    limit: int | None = None  # records a second of a shard
    refills: bool = False  # as a bucket that holds a fifth of a second's records and bytes
    paid: dict[str, float] = field(default_factory=lambda: defaultdict(float))  # until when
    now: float = 0.0
    used: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    closed: tuple[Shard, ...] = ()
    stored: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def put(self, call: Sequence[Entry]) -> list[Mapping[str, str]] | None:
        if self.random.random() < self.lost:
            if self.random.random() < 0.5:
                self._store(call)
            return None
        return self._store(call)

    def reshard(self) -> None:
        """Split the first shard into halves; the children have new ids."""
        last = max(int(shard.shard_id[-12:]) for shard in self.shards)
        first, *others = sorted(self.shards, key=lambda shard: shard.starting_hash_key)
        middle = (first.starting_hash_key + first.ending_hash_key) // 2
        self.closed = (*self.closed, first)
        self.shards = (
            Shard(shard_id(last + 1), first.starting_hash_key, middle),
            Shard(shard_id(last + 2), middle + 1, first.ending_hash_key),
            *others,
        )

    def _poured(self, name: str, seconds: float) -> bool:
        paid = max(self.paid[name], self.now) + seconds
        if paid > self.now + 0.2:
            return False
        self.paid[name] = paid
        return True

    def misplaced(self, entry: Entry) -> set[str]:
        """The shards of today and before in which an aggregate would be lost."""
        return {
            shard.shard_id
            for shard in (*self.shards, *self.closed)
            if entry.parts and not all(hash_of(part) in shard for part in entry.parts)
        }

    def _store(self, call: Sequence[Entry]) -> list[Mapping[str, str]]:
        return [self._one(entry) for entry in call]

    def _one(self, entry: Entry) -> Mapping[str, str]:
        name = entry.shard_in(ShardMap(self.shards)).shard_id
        second = (name, int(self.now))
        full = self.refills and not self._poured(name, max(1 / 1000, entry.size / MIB))
        if full or name in self.throttled_shards or self.used[second] == self.limit:
            return {"ErrorCode": THROTTLED, "ErrorMessage": "Rate exceeded"}
        if self.random.random() < self.failing:
            return {"ErrorCode": "InternalFailure", "ErrorMessage": "Internal Service Failure"}
        self.stored[name].append(entry)
        self.used[second] += 1
        return {"ShardId": name, "SequenceNumber": str(len(self.stored[name]))}


class Run:
    """Drives a plan as the producer does, with several calls in flight that end in any order."""

    def __init__(self, plan: PutPlan, stream: Stream, entries: Sequence[Entry]) -> None:
        self.plan, self.stream = plan, stream
        self.acknowledged: list[Entry] = []
        self.failed: list[Entry] = []
        self.calls: list[tuple[float, list[Entry]]] = []
        self._source = list(entries)
        self._flying: list[list[Entry]] = []
        self.now = 0.0

    def go(self, reshard_at: frozenset[int] = frozenset()) -> "Run":
        flushed = False
        while True:
            if not self._source and not flushed:
                self.plan.flush()
                flushed = True
            while len(self._flying) < IN_FLIGHT and (call := self._next_call()):
                self.calls.append((self.now, list(call)))
                self._flying.append(call)
                if len(self.calls) in reshard_at:
                    self.stream.reshard()
            self.failed += self.plan.take_failed()
            if self._flying:
                self._end_one()
            elif (moment := self.plan.next_moment()) is not None:
                self.now = max(self.now, moment)
            elif self.plan.is_empty and not self._source:
                return self

    def _look_at_shards(self) -> None:
        if self.plan.wants_shards and not (self.plan.aggregates and self._flying):
            shards = self.stream.shards
            self.acknowledged += self.plan.set_shards(shards, paced=True, now=self.now)

    def _next_call(self) -> list[Entry]:
        self._look_at_shards()
        while self._source and self.plan.wants_records:
            self.plan.add(self._source[:CALL_RECORDS], self.now)
            del self._source[:CALL_RECORDS]
        self._look_at_shards()
        return self.plan.next_call(self.now)

    def _end_one(self) -> None:
        self.now += 0.01
        call = self._flying.pop(self.stream.random.randrange(len(self._flying)))
        self.stream.now = self.now
        results = self.stream.put(call)
        if results is None:
            self.plan.not_answered(call, "connection cut", self.now)
        else:
            self.acknowledged += self.plan.answered(call, results, self.now)


def entries(keys: Sequence[str], size: int = 10) -> list[Entry]:
    return [Entry(i, key, None, f"{i}".encode().ljust(size)) for i, key in enumerate(keys)]


def indices(found: Sequence[Entry]) -> list[int]:
    return sorted(record.index for entry in found for record in entry.records)


def by_key(found: Sequence[Entry]) -> dict[str, list[int]]:
    order: dict[str, list[int]] = defaultdict(list)
    for entry in found:
        order[entry.partition_key].append(entry.index)
    return order


def chosen_keys(count: int, seed: int) -> list[str]:
    return Random(seed).choices(["a", "b", "user-1", "é", "hot"], k=count)


# Hypothesis's own lists are seldom long enough to fill a call.
key_lists = st.builds(chosen_keys, st.integers(0, 1500), st.integers(0, 100))
options = st.fixed_dictionaries({"ordered": st.booleans(), "aggregate": st.booleans()})


@given(key_lists, options, st.integers(0, 2**32), st.sampled_from([0.0, 0.3]), st.booleans())
def test_every_record_is_acknowledged_once_or_given_up_once(
    keys: list[str], chosen: dict[str, bool], seed: int, failing: float, throttles: bool
) -> None:
    random = Random(seed)
    stream = Stream(random, even_shards(3), failing=failing, lost=failing)
    stream.throttled_shards = frozenset({shard_id(1)} if throttles else ())
    plan = PutPlan(random, give_up_after=5.0, **chosen)
    run = Run(plan, stream, entries(keys)).go(frozenset({2, 5}))
    assert sorted(indices(run.acknowledged) + indices(run.failed)) == list(range(len(keys)))
    assert all(entry.shard_id and entry.sequence_number for entry in run.acknowledged)
    assert all(entry.reason for entry in run.failed)
    assert plan.is_empty
    assert (plan.in_flight, plan.next_moment()) == (0, None)
    stored = [record.index for held in stream.stored.values() for e in held for record in e.records]
    assert set(indices(run.acknowledged)) <= set(stored)


@given(key_lists, options, st.integers(0, 2**32), st.sampled_from([10, 20_000, MIB, 6 * MIB]))
def test_no_call_is_larger_than_the_service_takes(
    keys: list[str], chosen: dict[str, bool], seed: int, size: int
) -> None:
    random = Random(seed)
    sent = [
        Entry(index, f"{key}{index}", None, bytes(random.randint(0, size)))
        for index, key in enumerate(keys[: 30 if size > 20_000 else None])
    ]
    plan = PutPlan(random, give_up_after=60.0, **chosen)
    stream = Stream(random, even_shards(2), failing=0.1, limit=random.choice([100, None]))
    run = Run(plan, stream, sent).go()
    for _, call in run.calls:
        assert 1 <= len(call) <= CALL_RECORDS
        assert len(call) == 1 or sum(entry.size for entry in call) <= CALL_BYTES


@given(key_lists, st.booleans(), st.integers(0, 2**32))
def test_ordered_keeps_the_order_of_a_key_through_retries_and_reshards(
    keys: list[str], aggregate: bool, seed: int
) -> None:
    random = Random(seed)
    stream = Stream(random, even_shards(3), failing=0.3, lost=0.2)
    plan = PutPlan(random, give_up_after=2.0, ordered=True, aggregate=aggregate)
    records = entries(keys)
    for index in range(3, len(keys), 40):  # too large to be packed with others
        records[index] = Entry(index, keys[index], None, bytes(60_000))
    run = Run(plan, stream, records).go(frozenset({2, 4, 7}))
    acknowledged = by_key([r for entry in run.acknowledged for r in entry.records])
    for key, found in by_key([r for entry in run.failed for r in entry.records]).items():
        # What was given up comes after all that was acknowledged: it can be put later, in order.
        assert found == sorted(found)
        assert min(found) > max(acknowledged[key], default=-1)
    for key, found in acknowledged.items():
        assert found == sorted(found), key
    for name, held in stream.stored.items():
        # A lost answer stores a record, or a whole aggregate, twice, next to each other. Readers
        # drop an aggregate that is in the wrong shard.
        read = [entry for entry in held if name not in stream.misplaced(entry)]
        if aggregate:  # all keys of a shard in one order
            assert [entry.index for entry in read] == sorted(entry.index for entry in read)
        for found in by_key(read).values():
            assert found == sorted(found)


@given(key_lists, st.integers(0, 2**32))
def test_ordered_has_one_record_of_a_key_in_a_call(keys: list[str], seed: int) -> None:
    random = Random(seed)
    plan = PutPlan(random, give_up_after=60.0, ordered=True)
    run = Run(plan, Stream(random, even_shards(3), failing=0.3), entries(keys)).go()
    assert all(len({e.partition_key for e in call}) == len(call) for _, call in run.calls)


@given(st.lists(st.integers(0, 400), max_size=1500), st.integers(0, 2**32))
def test_aggregates_hold_records_of_one_shard_and_are_the_payloads(
    numbers: list[int], seed: int
) -> None:
    random = Random(seed)
    stream = Stream(random, even_shards(4), failing=0.1)
    plan = PutPlan(random, give_up_after=60.0, aggregate=True)
    keys = [f"key-{number}" for number in numbers]
    run = Run(plan, stream, entries(keys, 100)).go(frozenset({1, 3}))
    data = {}
    for entry in run.acknowledged:
        for part in deaggregated(entry.data) or ():
            data[int(part.data)] = part.partition_key
        assert len(entry.data) <= 51_200
    assert data == dict(enumerate(keys))


def test_an_aggregate_that_went_to_another_shard_is_sent_again_to_its_own() -> None:
    # After a split, readers would drop an aggregate that holds records of both children.
    stream = Stream(Random(1), even_shards(1))
    plan = PutPlan(Random(1), give_up_after=60.0, aggregate=True)
    plan.set_shards(stream.shards, paced=True, now=0.0)
    stream.reshard()
    run = Run(plan, stream, entries([f"key-{i}" for i in range(50)])).go()
    assert indices(run.acknowledged) == list(range(50))
    ranges = {shard.shard_id: shard for shard in stream.shards}
    for entry in run.acknowledged:
        assert all(hash_of(part) in ranges[entry.shard_id] for part in entry.parts)


def test_calls_are_filled_and_no_fuller() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0)
    plan.add(entries(["a"] * 1200), 0.0)
    assert [len(plan.next_call(0.0)) for _ in range(4)] == [500, 500, 200, 0]


def test_a_shard_that_opens_again_sends_no_more_than_a_call_takes() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0)
    plan.set_shards(even_shards(1), paced=False, now=0.0)
    plan.add(entries(["a"] * 12, MIB), 0.0)
    for _ in range(3):
        call = plan.next_call(0.0)
        plan.answered(call, [{"ErrorCode": THROTTLED}] * len(call), 0.0)
    assert [len(plan.next_call(PAUSE_MAX)) for _ in range(4)] == [4, 4, 4, 0]  # keys count too


def test_a_shard_that_is_not_known_makes_the_plan_ask_again() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0)
    plan.set_shards(even_shards(1), paced=True, now=0.0)
    plan.add(entries(["a", "b"]), 0.0)
    call = plan.next_call(0.0)
    results = [{"SequenceNumber": "1", "ShardId": shard_id(index)} for index in range(2)]
    assert not plan.wants_shards
    assert indices(plan.answered(call, results, 0.0)) == [0, 1]
    assert plan.wants_shards


def test_while_aggregates_wait_for_the_shards_nothing_is_sent() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0, aggregate=True)
    assert plan.wants_shards
    assert not plan.wants_records
    plan.set_shards(even_shards(1), paced=True, now=0.0)
    plan.add(entries(["a"] * 3, 40_000), 0.0)  # two are full, one waits
    (first, second) = plan.next_call(0.0)
    elsewhere = [{"SequenceNumber": "1", "ShardId": shard_id(7)}] * 2
    assert plan.answered([first, second], elsewhere, 0.0) == []
    assert plan.next_call(1.0) == []
    assert plan.next_moment() is None
    assert not plan.is_empty


def test_a_throttled_shard_slows_down_alone() -> None:
    shards = even_shards(2)
    stream = Stream(Random(1), shards, throttled_shards=frozenset({shards[0].shard_id}))
    plan = PutPlan(Random(1), give_up_after=30.0)
    run = Run(plan, stream, entries(["a", "user-1"] * 3000)).go()  # shards 0 and 1
    other = [at for at, call in run.calls if {e.partition_key for e in call} == {"user-1"}]
    assert indices(run.acknowledged) == list(range(1, 6000, 2))
    assert len(run.failed) == 3000
    assert other
    assert max(other) < 3.1  # 3,000 records at 1,000 a second


@pytest.mark.parametrize("size", [10, 3000])
def test_limited_shards_are_paced_from_the_beginning_and_a_hot_one_holds_up_nobody(
    size: int,
) -> None:
    random = Random(1)
    keys = ["a"] * 900 + ["user-1"] * 100  # shards 0 and 1
    random.shuffle(keys)
    plan = PutPlan(random, give_up_after=60.0)
    plan.limited = True
    run = Run(plan, Stream(random, even_shards(2), refills=True), entries(keys * 4, size)).go()
    assert indices(run.acknowledged) == list(range(4000))
    assert plan.throttled == 0
    seconds = 3600 * max(1 / 1000, (size + 1) / MIB)
    assert seconds - 0.2 <= run.now <= seconds / PACE + 0.2
    other = [at for at, call in run.calls if any(e.partition_key == "user-1" for e in call)]
    assert max(other) <= max(400 * (size + 6) / MIB, 0.4) / PACE + 0.2


def test_many_limited_shards_fill_their_calls() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0)
    plan.limited = True
    stream = Stream(Random(1), even_shards(40), refills=True)
    run = Run(plan, stream, entries([f"key-{i}" for i in range(40_000)])).go()
    assert plan.throttled < 400  # a few calls are long on their way, and come with those after them
    assert len(run.calls) < 40_000 / CALL_RECORDS * 2


def test_little_is_sent_without_a_look_at_the_shards() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0)
    plan.limited = True
    plan.add(entries(["a"] * FREE_RECORDS), 0.0)
    assert not plan.wants_shards
    plan.add(entries(["a"]), 0.0)
    assert plan.wants_shards


def test_a_shard_that_throttled_once_is_held_to_its_throughput() -> None:
    stream = Stream(Random(1), even_shards(1), limit=1000)
    run = Run(PutPlan(Random(1), give_up_after=60.0), stream, entries(["a"] * 10_000)).go()
    assert indices(run.acknowledged) == list(range(10_000))
    assert run.now < 12.0
    # Only the calls of the first moment are refused, and those about the turn of a second.
    assert run.plan.throttled < 4000


def test_records_of_different_size_are_paced_by_bytes() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0)
    plan.set_shards(even_shards(1), paced=True, now=0.0)
    plan.add(entries(["a"] * 8, MIB // 2), 0.0)
    call = plan.next_call(0.0)
    plan.answered(call, [{"ErrorCode": THROTTLED}] * len(call), 0.0)
    run = Run(plan, Stream(Random(1), even_shards(1)), []).go()
    assert run.now > 3.0  # 4 MiB at 1 MiB a second


def test_a_record_is_tried_until_the_time_is_over_with_growing_pauses() -> None:
    random = Random(3)
    stream = Stream(random, even_shards(1), failing=1.0)
    run = Run(PutPlan(random, give_up_after=60.0), stream, entries(["a"])).go()
    (entry,) = run.failed
    assert entry.reason == "InternalFailure: Internal Service Failure"
    times = [at for at, _ in run.calls]
    pauses = [after - before for before, after in pairwise(times)]
    assert 60.0 <= run.now < 60.0 + PAUSE_MAX + 1
    assert max(pauses) <= PAUSE_MAX + 0.1
    assert max(pauses[:3]) < 0.5 < max(pauses)
    assert run.plan.retried == len(times) - 1


def test_after_a_record_that_was_given_up_none_of_its_key_is_sent() -> None:
    plan = PutPlan(Random(1), give_up_after=0.0, ordered=True)
    plan.add(entries(["a", "a", "b"]), 0.0)
    call = plan.next_call(0.0)
    plan.answered(
        call, [{"ErrorCode": "InternalFailure"}, {"SequenceNumber": "1", "ShardId": "s"}], 1.0
    )
    plan.add([Entry(3, "a", None, b""), Entry(4, "b", None, b"")], 1.0)
    assert [entry.index for entry in plan.next_call(1.0)] == [4]
    failed = {entry.index: entry.reason for entry in plan.take_failed()}
    assert failed == {0: "InternalFailure: None", 1: ORDER_LOST, 3: ORDER_LOST}


def test_what_is_abandoned_is_told_in_order_and_what_is_in_flight_may_still_succeed() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0, ordered=True)
    plan.add(entries(["a", "a", "b", "b"]), 0.0)
    call = plan.next_call(0.0)
    plan.abandon("stopped")
    assert [(e.index, e.reason) for e in plan.take_failed()] == [(1, "stopped"), (3, "stopped")]
    results = [{"SequenceNumber": "1", "ShardId": "s"}, {"ErrorCode": "InternalFailure"}]
    assert indices(plan.answered(call, results, 0.1)) == [0]
    assert indices(plan.take_failed()) == [2]
    assert plan.is_empty


def test_what_is_abandoned_is_in_the_order_of_the_input_wherever_it_waited() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0, ordered=True)
    plan.set_shards(even_shards(2), paced=True, now=0.0)
    plan.add(entries(["a", "user-1", "b", "a", "user-1", "b"]), 0.0)
    call = plan.next_call(0.0)
    throttled, broken = {"ErrorCode": THROTTLED}, {"ErrorCode": "InternalFailure"}
    plan.answered(call, [throttled, broken, throttled], 0.0)
    plan.add([Entry(6, "c", None, b"")], 0.0)
    plan.abandon("stopped")
    assert [entry.index for entry in plan.take_failed()] == list(range(7))


def test_an_answer_for_fewer_records_is_no_answer() -> None:
    plan = PutPlan(Random(1), give_up_after=60.0)
    plan.add(entries(["a", "b"]), 0.0)
    call = plan.next_call(0.0)
    assert plan.answered(call, [{"SequenceNumber": "1", "ShardId": "s"}], 0.0) == []
    assert indices(plan.next_call(PAUSE_MAX)) == [0, 1]


@given(st.lists(st.text(min_size=1, max_size=5), max_size=50), st.integers(1, 7), st.booleans())
def test_slices_share_the_work_without_overlap(keys: list[str], parts: int, by_key: bool) -> None:
    taken = [
        (entry.index, index)
        for index in range(parts)
        for entry in entries(keys)
        if Slice(index, parts).takes(entry, by_key=by_key)
    ]
    assert sorted(index for index, _ in taken) == list(range(len(keys)))
    if by_key:
        places = {(keys[index], place) for index, place in taken}
        assert len(places) == len(set(keys))


@pytest.mark.parametrize("text", ["", "1", "1/1", "-1/2", "a/b", "2/2", "1/0"])
def test_what_is_no_slice_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a slice"):
        Slice.parse(text)


def test_a_record_that_no_stream_takes_has_a_reason() -> None:
    def problem(key: str, data: bytes = b"", hash_key: str | None = None) -> str:
        return Entry(0, key, hash_key, data).problem(100)

    assert problem("k" * 256, b"") == "its 256 bytes are more than the stream's 100"
    assert problem("k", b"x" * 99) == ""
    assert problem("é", b"x" * 99) == "its 101 bytes are more than the stream's 100"
    assert problem("") == "its partition key has 0 characters, and 1 to 256 are possible"
    assert problem("k" * 257) == "its partition key has 257 characters, and 1 to 256 are possible"
    assert problem("\ud800") == "its partition key is not valid Unicode"
    assert problem("k", hash_key=str(HASH_KEYS - 1)) == ""
    assert "is not a number" in problem("k", hash_key=str(HASH_KEYS))
