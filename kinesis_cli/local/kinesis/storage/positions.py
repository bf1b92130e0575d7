"""Counters of a shard ↔ sequence numbers of its records."""

from collections.abc import Iterator

from kinesis_cli.errors import InputError
from kinesis_cli.local.kinesis.model import Shard
from kinesis_cli.stream.sequence import MAX_COUNTER, SequenceNumber
from kinesis_cli.stream.shards import shard_id

# AWS adds this to a number that is smaller, so that "0" is in the layout of before 2014.
_SMALLEST = 2**124
_OLD_SHARDS = 2**16  # that the layout of before 2014 tells apart, in its last digits

# From one record of a shard to the next one that arrives in the same second.
_STEP = int(SequenceNumber(0, 0, 1, 0).encode()) - int(SequenceNumber(0, 0, 0, 0).encode())

# Epoch seconds; AWS takes no later creation of a shard: recorded by kinesalite.
_END_OF_TIME = 16_025_175_000


def sequence_numbers(shard: Shard, first: int, count: int, arrival: int) -> Iterator[str]:
    """The numbers of `count` records that arrived together.

    Args:
        shard: theirs.
        first: the counter of the first one.
        count: how many.
        arrival: epoch milliseconds.
    """
    time = second(shard, arrival)
    number = int(SequenceNumber(shard.created, shard.number, first, time).encode())
    return map(str, range(number, number + count * _STEP, _STEP))


def second(shard: Shard, arrival: int) -> int:
    """The time in the number of a record that arrived at `arrival`, epoch milliseconds.

    A child is created a second after its parent's end, and no number is older than its shard.
    """
    return max(arrival // 1000, shard.created)


def is_of_shard(number: SequenceNumber, shard: Shard) -> bool:
    """Whether a number can be one of this shard's."""
    return number.shard_index == shard.number and number.created == shard.created


def continuation(shard: Shard, position: int, now: float) -> str:
    """A number that lies after everything read so far and before everything else.

    Args:
        shard: the one that is read.
        position: the counter of the next record to read.
        now: epoch seconds.
    """
    # Not older than the record before it, so that AFTER_SEQUENCE_NUMBER does not give it again.
    time = second(shard, max(int(now * 1000), shard.latest))
    return SequenceNumber(shard.created, shard.number, max(position - 1, 0), time).encode()


def decoded(text: str) -> SequenceNumber | None:
    """The number's fields; nothing if it is not in a layout that Kinesis uses today.

    "0" is a number of no stream, before all others: recorded in
    https://github.com/radkawar/stackd, testdata/aws/kinesis/records.json. "5" is one of the fifth
    shard: recorded in https://github.com/mhart/kinesalite, test/getShardIterator.js.
    """
    # UNSURE(old-numbers): we refuse the layouts of before 2014; or does AWS take them?
    if int(text) < _SMALLEST:
        return SequenceNumber(0, int(text) % _OLD_SHARDS, 0, 0)
    try:
        number = SequenceNumber.decode(text)
    except InputError:
        return None
    valid = number.counter <= MAX_COUNTER and number.created < _END_OF_TIME
    return number if valid else None


def encoded_shard(number: SequenceNumber) -> str:
    """The shard that a number is of, as AWS's refusals name it: by a signed number of 32 bits.

    Source: https://github.com/mhart/kinesalite, test/getShardIterator.js.
    """
    index = number.shard_index
    return shard_id(index - 2**32 if index >= 2**31 else index)


def shown(text: str) -> str:
    """The number as AWS's refusals name it."""
    return str(int(text) + _SMALLEST) if int(text) < _SMALLEST else text
