"""What an open file is, from a part of it."""

import json
import os
from typing import BinaryIO

from kinesis_cli.recordings.form import Look
from kinesis_cli.recordings.looking.recognition import recognised
from kinesis_cli.recordings.members import gzip_members
from kinesis_cli.recordings.opening import BLOCK, MAX_LINE
from kinesis_cli.stream.packing import GZIP, gzip_decompressor


def recognised_in(file: BinaryIO, name: str) -> Look:
    """What a file is that is not packed, from a part of it.

    Raises:
        InputError: it is something else, or nobody can tell.
    """
    size = BLOCK
    while True:
        head = os.pread(file.fileno(), size, 0)
        look = recognised(head, name, ended=len(head) < size)
        if look is not None:
            return look
        size *= 4


def are_payloads(file: BinaryIO, name: str) -> bool:
    """Whether the members of a packed file are payloads: several, or a message of Logs."""
    members = gzip_members(file.fileno(), name)
    first, second = next(members, b""), next(members, None)
    return second is not None or _is_one_message(first)


def are_documents(file: BinaryIO, name: str) -> bool:
    """Whether each member of a packed file is one message of Logs."""
    if os.pread(file.fileno(), len(GZIP), 0) != GZIP:
        return False
    return all(map(_is_one_message, gzip_members(file.fileno(), name)))


def _is_one_message(member: bytes) -> bool:
    text = gzip_decompressor().decompress(member, MAX_LINE)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and {"messageType", "logEvents"} <= value.keys()
