"""What is on a stream, beside what was put and what was read."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from itertools import takewhile
from typing import Any

from kinesis_cli.stream.aggregate import deaggregated

ByKey = dict[str, list[int]]  # the numbers of each key's records, in their order


def by_key(data: Iterable[str]) -> ByKey:
    """Records as they were read."""
    found: ByKey = defaultdict(list)
    for each in data:
        key, number = each.split(" ")
        found[key].append(int(number))
    return found


def numbers(records: ByKey) -> Counter[int]:
    """How often each record is there."""
    return Counter(number for numbers in records.values() for number in numbers)


def differing(read: ByKey, stream: ByKey) -> dict[str, tuple[list[int], list[int]]]:
    """The keys whose records were not read as they are: from the first difference on, both."""
    found = {}
    for key in read.keys() | stream.keys():
        mine, theirs = read.get(key, []), stream.get(key, [])
        if mine != theirs:
            pairs = zip(mine, theirs, strict=False)
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            found[key] = (mine[same : same + 5], theirs[same : same + 5])
    return found


def on_the_stream(kinesis: Any, stream: str) -> ByKey:  # noqa: ANN401
    """All records of a stream, in the order of their sequence numbers: so is each key."""
    records = [
        (int(record["SequenceNumber"]), index, data)
        for page in kinesis.get_paginator("list_shards").paginate(StreamName=stream)
        for shard in page["Shards"]
        for record in _of_shard(kinesis, stream, shard["ShardId"])
        for index, data in enumerate(_user_data(record["Data"]))
    ]
    return by_key(data for _, _, data in sorted(records))


def _of_shard(kinesis: Any, stream: str, shard: str) -> Iterable[Any]:  # noqa: ANN401
    start = {"StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**start)["ShardIterator"]
    while iterator:
        answer = kinesis.get_records(ShardIterator=iterator)
        yield from answer["Records"]
        iterator = answer.get("NextShardIterator")
        if not answer["Records"] and not answer["MillisBehindLatest"]:
            return


def _user_data(data: bytes) -> list[str]:
    inner = deaggregated(data)
    return [data.decode()] if inner is None else [each.data.decode() for each in inner]


def put_once(stream: ByKey, records: int, cut: Collection[int]) -> None:
    """Check what a producer has put.

    Args:
        stream: what is there.
        records: how many it put, numbered from 0.
        cut: those that it was putting when the server was killed: what it had put and was not told
            of, it may have put again.
    """
    found = numbers(stream)
    assert sorted(found) == list(range(records))
    twice = {number for number, times in found.items() if times > 1}
    assert sorted(twice - set(cut)) == []
    for key, its in stream.items():
        assert {f"key-{number % 100}" for number in its} == {key}
