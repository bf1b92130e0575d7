"""The members of a gzip file: each is a payload where its producer packed every record.

CloudWatch Logs does so: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

import os
from collections.abc import Iterator

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.opening import BLOCK
from kinesis_cli.stream.packing import DAMAGES, gzip_decompressor

_MAX_MEMBER = 16 << 20  # bytes; a record is at most 10 MiB


def gzip_members(descriptor: int, name: str) -> Iterator[bytes]:
    """Each member as it stands there, with its compression.

    Raises:
        InputError: it is damaged, or one is larger than a record can be.
    """
    position, number = 0, 1
    rest = os.pread(descriptor, BLOCK, position)
    while rest:
        member, rest, position = _member(descriptor, rest, position, f"{name}, member {number}")
        yield member
        number += 1
        rest = rest or os.pread(descriptor, BLOCK, position)


def _member(descriptor: int, rest: bytes, position: int, place: str) -> tuple[bytes, bytes, int]:
    """The next member, what was read behind it, and where in the file that begins."""
    unpacker, packed = gzip_decompressor(), bytearray()
    start = position
    while True:
        if not rest:
            raise InputError("it ends early", place=place)
        try:
            packed_text = rest
            while packed_text and not unpacker.eof:  # in pieces: it may grow a thousandfold
                unpacker.decompress(packed_text, BLOCK)
                packed_text = unpacker.unconsumed_tail
        except DAMAGES as error:
            raise InputError("its compression is damaged", place=place) from error
        used = len(rest) - len(unpacker.unused_data)
        packed += rest[:used]
        if unpacker.eof:
            return bytes(packed), unpacker.unused_data, start + len(packed)
        if len(packed) > _MAX_MEMBER:
            raise InputError("larger than a record can be", place=place)
        rest = os.pread(descriptor, BLOCK, start + len(packed))
