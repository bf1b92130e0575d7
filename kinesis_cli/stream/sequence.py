"""Sequence numbers in the layout that Kinesis uses (version 2).

AWS does not document the layout; it is known from https://github.com/mhart/kinesalite and holds
for the numbers in AWS's own samples. A number is 47 hexadecimal digits:

    2 | shard created, 9 | shard index mod 16, 1 | counter, 16 | 00 | time, 9 | shard index, 8 | 2
"""

from dataclasses import dataclass
from typing import Self

from kinesis_cli.errors import InputError

_DIGITS = 47
_TIME_SHIFT = 4 * 9  # bits to the right of the time: shard index and version
_COUNTER_SHIFT = (
    _TIME_SHIFT + 4 * 11
)  # and of the counter: the time and one byte of unknown meaning
_LATEST_TIME = 16**9 - 1

MAX_COUNTER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class SequenceNumber:
    """What a sequence number says.

    Args:
        created: when its shard was created, epoch seconds.
        shard_index: 6 for shardId-000000000006.
        counter: grows with each record of the shard, at most `MAX_COUNTER`.
        time: when the record arrived, epoch seconds. May trail the arrival timestamp by 2 s.
    """

    created: int
    shard_index: int
    counter: int
    time: int

    @classmethod
    def decode(cls, sequence_number: str) -> Self:
        """The fields of a decimal sequence number.

        Raises:
            InputError: it is not in the version 2 layout.
        """
        digits = f"{int(sequence_number):x}" if is_sequence_number(sequence_number) else ""
        if len(digits) != _DIGITS or digits[0] != "2" or digits[-1] != "2":
            raise InputError(
                f"sequence number {sequence_number[:140]!r} is not in Kinesis's layout"
            )
        return cls(
            created=int(digits[1:10], 16),
            shard_index=int(digits[38:46], 16),
            counter=int(digits[11:27], 16),
            time=int(digits[29:38], 16),
        )

    def encode(self) -> str:
        """The number as 56 decimal digits."""
        return str(
            int(
                f"2{self.created:09x}{self.shard_index & 15:x}{self.counter:016x}00"
                f"{self.time:09x}{self.shard_index:08x}2",
                16,
            )
        )


def is_sequence_number(text: str) -> bool:
    """Whether Kinesis's API would take it: `0|([1-9]\\d{0,128})`."""
    return (
        text.isdigit() and text.isascii() and len(text) <= 129 and (text[0] != "0" or text == "0")
    )


def digits_expected(text: str) -> str:
    """What a text that is no sequence number should have been."""
    is_number = text.isdigit() and text.isascii()
    return "at most 129 decimal digits, none of them a leading 0" if is_number else "decimal digits"


class SequenceNumbers:
    """The sequence numbers of one shard, each larger than the last, whatever the clock does.

    Args:
        shard_index: 6 for shardId-000000000006.
        created: when the shard was created, epoch seconds.
        counter: of the first number; Kinesis's own start at about 1.
    """

    def __init__(self, shard_index: int, created: int, counter: int = 1) -> None:
        first = SequenceNumber(_clamped(created), shard_index, counter, 0)
        self._next = int(first.encode())

    def next(self, arrival: float) -> str:
        """The number of a record that arrives at `arrival`, epoch seconds."""
        # The counter stands left of the time, so it alone decides the order.
        number = self._next + (_clamped(arrival) << _TIME_SHIFT)
        self._next += 1 << _COUNTER_SHIFT
        return str(number)


def _clamped(seconds: float) -> int:
    return min(max(int(seconds), 0), _LATEST_TIME)
