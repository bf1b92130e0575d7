from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.stream.lineage import Lineage, ListedShard
from kinesis_cli.stream.shards import Shard, shard_id


def listed(number: int, *parents: int) -> ListedShard:
    return ListedShard(Shard(shard_id(number), 0, 1), tuple(map(shard_id, parents)), is_open=True)


def ids(shards: Sequence[ListedShard]) -> list[str]:
    return [each.shard_id for each in shards]


def test_a_child_waits_for_both_of_its_parents() -> None:
    lineage = Lineage()
    assert ids(lineage.add([listed(0), listed(1), listed(2, 0, 1)])) == [shard_id(0), shard_id(1)]
    assert lineage.end(shard_id(0)) == []
    assert ids(lineage.end(shard_id(1))) == [shard_id(2)]


def test_a_parent_that_has_left_the_stream_counts_as_read() -> None:
    assert ids(Lineage().add([listed(7, 3)])) == [shard_id(7)]


def test_a_shard_is_given_once_however_often_it_is_listed() -> None:
    lineage = Lineage()
    assert lineage.add([listed(0)])
    assert not lineage.add([listed(0)])


@given(st.integers(min_value=0, max_value=2**32))
def test_every_shard_of_any_history_comes_once_and_after_its_parents(seed: int) -> None:
    random = Random(seed)
    living, history = [0, 1], [listed(0), listed(1)]
    for number in range(2, 30):
        if random.random() < 0.5 or len(living) < 2:
            parent = random.choice(living)
            living = [each for each in living if each != parent] + [number]
            history.append(listed(number, parent))
        else:
            first, second = random.sample(living, 2)
            living = [each for each in living if each not in (first, second)] + [number]
            history.append(listed(number, first, second))
    lineage, ended = Lineage(), list[str]()
    reading = lineage.add(history[: random.randrange(1, len(history))])
    while reading:
        one = reading.pop(random.randrange(len(reading)))
        known = {each.shard_id for each in history}
        assert all(parent in ended for parent in one.parents if parent in known)
        ended.append(one.shard_id)
        reading += lineage.end(one.shard_id)
        reading += lineage.add(history)
    assert sorted(ended) == sorted(each.shard_id for each in history)
