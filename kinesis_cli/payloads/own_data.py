"""The user's own data: a text, a file of payloads, records that exist already."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, repeat
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.arriving_data import (
    ENOUGH,
    Read,
    comes_in_lines,
    lines_as_they_come,
    read_head,
)
from kinesis_cli.places.expanding import is_several
from kinesis_cli.places.reading import read_range
from kinesis_cli.places.url import place_of
from kinesis_cli.places.whole_files import read_whole
from kinesis_cli.recordings.faults import fault_error, line_error
from kinesis_cli.recordings.form import DEFAULT, Form, Layout, Look, Reading
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.looking.json_lines import json_lines
from kinesis_cli.recordings.opening import BLOCK, MAX_LINE, is_live, is_packed, open_live, spooled
from kinesis_cli.recordings.several import notes_of, open_inputs
from kinesis_cli.stream.lines import Fault, fault_for
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.shards import MAX_KEY

NEEDED_TO_PUT = ("partitionKey", "data")  # all else a record gets when it is put


def data_argument(argument: str) -> bytes:
    """What `--data` names: its own text, a file's content (`@FILE`) or standard input (`-`).

    Raises:
        InputError: the file cannot be read.
    """
    try:
        if argument == "-":
            if sys.stdin is None:
                raise ValueError("standard input is closed")
            return sys.stdin.buffer.read()
        if argument.startswith("@"):
            place = place_of(argument[1:])
            if isinstance(place, Path):
                return read_whole(place, MAX_LINE)
            return read_range(place, 0, MAX_LINE)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(reason, place=f"--data {argument}") from error
    return argument.encode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


def same_data(data: bytes) -> Iterator[Payload]:
    """The same payload again and again, each with a key of its own."""
    return numbered(repeat(data))


Tell = Callable[[str], None]  # takes a sentence for people


def payloads_from(
    path: str, reading: Reading = DEFAULT, tell: Tell = lambda _: None
) -> Iterator[Payload]:
    """The payloads in a file: those of its records, its lines or its documents.

    Lines of a pipe, payloads or records, are given as they come. Everything else is checked before
    the first one is given.

    Args:
        path: plain, `.gz` or `.zst`, or a URL; "-" is standard input; a folder, a prefix or a
            pattern is all that is there.
        reading: how the user says that it is to be read.
        tell: told what it is found to be, unless it is an event or a recording.

    Raises:
        InputError: it cannot be read, nobody can tell what it is, or a record is not usable.
    """
    if is_several(path):
        with ExitStack() as stack:
            inputs = [stack.enter_context(each) for each in open_inputs([path], reading)]
            yield from _of_all(inputs, tell)
        return
    if not is_live(path):
        yield from payloads_in(Input.open(path, reading), tell)
        return
    with open_live(path) as (read, name):
        head, look = _looked(read, name, reading)
        if not comes_in_lines(look):
            yield from payloads_in(Input(spooled(head, read), name, reading), tell)
            return
        lines = lines_as_they_come(head, read, name)
        assert look is not None
        if look.form is Form.RECORDING:
            yield from _of_record_lines(lines, name)
            return
        if reading.form is None:
            tell(f"{name}: payload lines, taken as they come: no keys, no timing")
        is_json = look.layout is Layout.JSON_LINES
        yield from numbered(json_lines(lines, name) if is_json else (line for _, line in lines))


def _looked(read: Read, name: str, reading: Reading) -> tuple[bytes, Look | None]:
    if reading.form is None:
        return read_head(read, name)
    head = b""
    while len(head) < ENOUGH and (piece := read(BLOCK)):
        head += piece
    return head, None if is_packed(head) else Look(reading.form)


def payloads_in(found: Input, tell: Tell) -> Iterator[Payload]:
    """The payloads of an input, which is closed at their end; errors as of `payloads_from`."""
    with found:
        yield from _of_all([found], tell)


def _of_all(inputs: Sequence[Input], tell: Tell) -> Iterator[Payload]:
    # nothing is given where something in them is wrong
    for each in inputs:
        each.count = sum(1 for _ in _each(each)) if each.has_records else each.count_payloads()
    # Of a record its payload and its key are taken: no made-up shard or stream matters.
    for note in notes_of(inputs, lambda each: each.found(each.count)):
        tell(note)
    if inputs[0].has_records:
        yield from chain.from_iterable(map(_each, inputs))
    else:
        yield from numbered(chain.from_iterable(each.payloads() for each in inputs))


def _each(found: Input) -> Iterator[Payload]:
    if not found.has_records:
        return numbered(found.payloads())
    if found.look.form is Form.RECORDING:
        return _of_record_lines(found.lines(), found.name)
    return map(_of_record(found.name), found.values())


def _of_record_lines(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[Payload]:
    for number, line in lines:
        if line.isspace():
            continue
        try:
            kinesis = _decode_line(line).kinesis
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise line_error(line, name, number, _fault_to_put) from error
        yield _payload(kinesis)


def _fault_to_put(value: object) -> Fault | None:
    return fault_for(value, NEEDED_TO_PUT)


def _of_record(name: str) -> Callable[[tuple[int, object]], Payload]:
    def payload(numbered: tuple[int, object]) -> Payload:
        number, value = numbered
        try:
            return _payload(msgspec.convert(value, _Line).kinesis)
        except (msgspec.ValidationError, ValueError, RecursionError) as error:
            fault = _fault_to_put(value) or Fault("", f"no record: {error}")
            where = filter(None, (name, f"record {number}", fault.field))
            raise fault_error(fault, ", ".join(where)) from error

    return payload


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
    hash_key = None if named is None else str(named)  # what is not a number is refused later
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
        InputError: a payload has no such field, or it is neither text nor a number.
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
            raise InputError(f"the key field '{path}' is neither text nor a number", place=place)
        if len(key := str(value)) > MAX_KEY:
            raise InputError(
                f"the key field '{path}' has {len(key)} characters, and a partition key {MAX_KEY}",
                place=place,
            )
        yield payload._replace(partition_key=key)
