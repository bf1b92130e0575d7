"""A recording written anew with each shard's lines together: a part of it then reads its share.

Not all of a shard at once: who delivers or replays all shards goes by time, and would read in as
many places as there are shards. So lines are grouped within windows of the recording.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Place
from kinesis_cli.recordings.files import appearing_whole
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.making_indexes import refuse_other_forms
from kinesis_cli.recordings.opening import BLOCK
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.survey import LEAST_RUN, Survey
from kinesis_cli.recordings.writing import is_recording_name
from kinesis_cli.stream.packing import SUFFIXES, packer
from kinesis_cli.stream.record import Record

WINDOW = 64 << 20  # bytes of lines that are grouped, and held until then


def write_by_shard(path: str, place: Place) -> int:
    """Write a recording anew: of each shard the same lines in the same order, some together.

    Args:
        path: of the recording, a file's name or a URL.
        place: of the new one, packed if the name ends in `.gz` or `.zst`.

    Returns:
        How many records it holds.

    Raises:
        InputError: it is not a recording, a record is not usable, or nothing can be written there.
        EndpointError: a service refused, or was not reached.
    """
    if not is_recording_name(place):
        raise InputError(
            "not the name of a recording",
            place=str(place),
            advice="Let it end in .ndjson, .ndjson.gz or .ndjson.zst.",
        )
    with Input.open_indexed(path, Reading()) as opened:
        refuse_other_forms(opened)
        with Recording(Survey([opened])) as recording, appearing_whole(place) as file:
            format_ = SUFFIXES.get(place.suffix.lower())
            pack = packer(format_) if format_ else bytes
            for piece in _pieces(_runs(recording.records())):
                file.write(pack(piece))
            return recording.count


def _runs(records: Iterable[Record]) -> Iterator[list[bytes]]:
    """Lines of one shard each, of one window after the other."""
    held: dict[str, list[bytes]] = {}
    size = 0
    for record in records:
        held.setdefault(record.shard_id, []).append(record.line)
        size += len(record.line)
        if size >= WINDOW:
            yield from held.values()
            held, size = {}, 0
    yield from held.values()


def _pieces(runs: Iterable[list[bytes]]) -> Iterator[bytes]:
    """What can be read alone: lines of one shard, unless it has too few to be worth it."""
    held: list[bytes] = []
    size = 0
    for line in chain.from_iterable(map(_and_end, runs)):
        if size >= (LEAST_RUN if line is None else BLOCK):
            yield b"\n".join(held) + b"\n"
            held, size = [], 0
        if line is not None:
            held.append(line)
            size += len(line) + 1
    if held:
        yield b"\n".join(held) + b"\n"


def _and_end(run: list[bytes]) -> Iterator[bytes | None]:
    yield from run
    yield None
