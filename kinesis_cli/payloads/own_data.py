"""The user's own data: a text, a file of payloads, records that exist already."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import BinaryIO

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.live import lines_as_they_come, read_head
from kinesis_cli.payloads.payload import Payload
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.survey import (
    Survey,
    begins_with_record,
    holds_records,
    is_document,
    record_error,
)
from kinesis_cli.stream.put_entry import MAX_KEY
from kinesis_cli.stream.source import blocks, is_live, is_packed, open_live, open_plain, spooled


def data_argument(argument: str) -> bytes:
    """What `--data` names: its own text, a file's content (`@FILE`) or standard input (`-`).

    Raises:
        InputError: the file cannot be read.
    """
    try:
        if argument == "-":
            return sys.stdin.buffer.read()
        if argument.startswith("@"):
            return Path(argument[1:]).read_bytes()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(reason, place=f"--data {argument}") from error
    return os.fsencode(argument)


def same_data(data: bytes) -> Iterator[Payload]:
    """The same payload again and again, each with a key of its own."""
    return numbered(repeat(data))


def payloads_from(path: str) -> Iterator[Payload]:
    """The payloads in a file: one a line, or those of a recording or a Kinesis event.

    Lines of a pipe, payloads or records, are given as they come. A file of records is checked
    before the first one is given; so is an event, or what is compressed, once it is there whole.

    Args:
        path: plain, `.gz` or `.zst`; "-" is standard input.

    Raises:
        InputError: it cannot be read, or a record in it is not usable.
    """
    if not is_live(path):
        yield from _payloads_in(*open_plain(path))
        return
    with open_live(path) as (read, name):
        head = read_head(read)
        if is_packed(head) or is_document(head):
            yield from _payloads_in(spooled(head, read, name), name)
            return
        lines = lines_as_they_come(head, read, name)
        if begins_with_record(head):
            yield from _payloads_of(lines, name)
        else:
            yield from numbered(line for _, line in lines)


def _payloads_of(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[Payload]:
    for number, line in lines:
        try:
            kinesis = _decode_line(line).kinesis
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise record_error(line, name, number) from error
        yield _payload(kinesis)


def _payloads_in(file: BinaryIO, name: str) -> Iterator[Payload]:
    if not holds_records(file):
        with file:
            lines = (line for _, text in blocks(file.fileno()) for line in text.split(b"\n"))
            yield from numbered(line for line in (one.strip() for one in lines) if line)
        return
    with Recording(Survey([(file, name)], raw=False)) as recording:
        for record in recording.records():
            yield _payload(_decode_line(record.raw).kinesis)


class _Kinesis(msgspec.Struct, rename="camel", gc=False):
    """What of a record is put again."""

    partition_key: str
    data: bytes
    # What `put --failed` and `record` write; Lambda never tells an explicit hash key.
    explicit_hash_key: object = None


class _Line(msgspec.Struct, gc=False):
    kinesis: _Kinesis


# A tenth of the time of json and base64, and a slice passes over most records.
_decode_line = msgspec.json.Decoder(_Line).decode


def _payload(kinesis: _Kinesis) -> Payload:
    named = kinesis.explicit_hash_key
    hash_key = None if named is None else str(named)  # what is no number is refused later
    return Payload(kinesis.partition_key, hash_key, kinesis.data)


def numbered(datas: Iterable[bytes]) -> Iterator[Payload]:
    """Payloads with the partition keys record-1, record-2, …: they spread over all shards."""
    for number, data in enumerate(datas, 1):
        yield Payload(f"record-{number}", None, data)


def with_key(payloads: Iterable[Payload], partition_key: str) -> Iterator[Payload]:
    """The same payloads, all with one partition key."""
    for payload in payloads:
        yield payload._replace(partition_key=partition_key)


def with_key_from(payloads: Iterable[Payload], path: str) -> Iterator[Payload]:
    """The same payloads, the partition key taken from a field of their JSON.

    Args:
        payloads: JSON objects.
        path: names separated by dots, `sensor.id`.

    Raises:
        InputError: a payload has no such field, or it is no text or number.
    """
    for number, payload in enumerate(payloads, 1):
        place = f"payload {number}"
        try:
            value = json.loads(payload.data)
        except (ValueError, RecursionError) as error:
            raise InputError("not JSON, so it has no key field", place=place) from error
        for name in path.split("."):
            if not isinstance(value, dict) or name not in value:
                raise InputError(f"no field '{path}' to take the key from", place=place)
            value = value[name]
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            raise InputError(f"the key field '{path}' is no text or number", place=place)
        if len(key := str(value)) > MAX_KEY:
            raise InputError(
                f"the key field '{path}' has {len(key)} characters, and a partition key {MAX_KEY}",
                place=place,
            )
        yield payload._replace(partition_key=key)
