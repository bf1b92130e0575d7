"""What is replayed: a recording, or the JSON documents that Firehose wrote to S3."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import tee
from typing import BinaryIO

from kinesis_cli.payloads.own_data import numbered, with_key, with_key_from
from kinesis_cli.payloads.payload import Payload
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.survey import Survey, holds_records
from kinesis_cli.stream.replay import Moved, documents, moved_records
from kinesis_cli.stream.source import open_plain


@dataclass(frozen=True, slots=True)
class ReplayInput:
    """Records to be put again."""

    records: Iterator[Moved]  # by arrival
    count: int | None  # None: not known before the end
    first_arrival: float | None  # epoch seconds; None: there is no timing


@contextmanager
def open_replay_input(
    paths: Sequence[str], partition_key: str | None, key_field: str | None
) -> Iterator[ReplayInput]:
    """Open recordings, or files of JSON documents, plain, `.gz` or `.zst`.

    Args:
        paths: files that follow each other; "-" is standard input.
        partition_key: of all records; None: a recording has its own, documents get one each.
        key_field: where in a JSON payload its partition key is, `sensor.id`.

    Raises:
        InputError: a file cannot be read, or is neither.
    """
    with ExitStack() as stack:
        files = []
        for path in paths:
            file, name = open_plain(path)
            files.append((stack.enter_context(file), name))
        if all(holds_records(file) for file, _ in files):
            recording = stack.enter_context(Recording(Survey(files, raw=False)))
            records = _with_keys(moved_records(recording), partition_key, key_field)
            yield ReplayInput(records, recording.count, recording.first_arrival)
        else:
            yield ReplayInput(_with_keys(_documents(files), partition_key, key_field), None, None)


def _documents(files: Sequence[tuple[BinaryIO, str]]) -> Iterator[Moved]:
    datas = (data for file, name in files for data in documents(file, name))
    for position, payload in enumerate(numbered(datas)):
        yield Moved(position, 0.0, payload.partition_key, None, payload.data)


def _with_keys(
    records: Iterator[Moved], partition_key: str | None, key_field: str | None
) -> Iterator[Moved]:
    if partition_key is None and key_field is None:
        return records
    records, sources = tee(records)
    payloads: Iterable[Payload] = (Payload(r.partition_key, None, r.data) for r in sources)
    if key_field is not None:
        payloads = with_key_from(payloads, key_field)
    if partition_key is not None:
        payloads = with_key(payloads, partition_key)
    return (
        record._replace(partition_key=payload.partition_key, explicit_hash_key=None)
        for record, payload in zip(records, payloads, strict=True)
    )
