"""What is replayed: records with their own keys and timing, or payloads that have neither."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import tee

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.own_data import numbered, with_key, with_key_from
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.replay_source import Arrived, moved_records
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.several import notes_of, open_inputs
from kinesis_cli.recordings.survey import Survey
from kinesis_cli.stream.payload import Payload


@dataclass(frozen=True, slots=True)
class ReplayInput:
    """Records to be put again."""

    records: Iterator[Arrived]
    count: int
    first_arrival: float | None  # epoch seconds; None: there is no timing
    notes: Sequence[str]  # what people should know of the files, a sentence each
    files: Sequence[str]  # by their names, in order


@contextmanager
def open_replay_input(
    paths: Sequence[str],
    partition_key: str | None,
    key_field: str | None,
    reading: Reading | None = None,
) -> Iterator[ReplayInput]:
    """Open files of records, or of payloads, plain, `.gz` or `.zst`; all of it is checked.

    Args:
        paths: files that follow each other; "-" is standard input.
        partition_key: of all records; None: a recording has its own, payloads get one each.
        key_field: where in a JSON payload its partition key is, `sensor.id`.
        reading: how they are to be read; default: as what they are found to be.

    Raises:
        InputError: a file cannot be read, nobody can tell what it is, or only some have timing.
    """
    with ExitStack() as stack:
        how = reading or Reading()
        inputs = [stack.enter_context(each) for each in open_inputs(paths, how)]
        if all(each.has_records for each in inputs):
            recording = stack.enter_context(Recording(Survey(inputs)))
            _refuse_without_data(recording)
            records = _with_keys(moved_records(recording), partition_key, key_field)
            yield ReplayInput(
                records,
                recording.count,
                recording.first_arrival,
                recording.notes,
                [each.name for each in inputs],
            )
            return
        for each in inputs:
            if each.has_records:
                without = next(other for other in inputs if not other.has_records)
                raise InputError(
                    f"it has keys and timing, and {without.name} has none",
                    place=each.name,
                    advice="Replay them one after the other, each with a command of its own.",
                )
            each.count = each.count_payloads()
        notes = notes_of(inputs, lambda each: each.notes(each.count))
        records = _with_keys(_numbered(inputs), partition_key, key_field)
        files = [each.name for each in inputs]
        yield ReplayInput(records, sum(each.count for each in inputs), None, notes, files)


def _refuse_without_data(recording: Recording) -> None:
    kind = recording.kind
    if not kind.has_data:
        raise InputError(
            f"records of {kind.title} cannot be put on a stream",
            advice="`kcli simulate` and `kcli invoke` deliver them to a function.",
        )


def _numbered(inputs: Sequence[Input]) -> Iterator[Arrived]:
    datas = (data for each in inputs for data in each.payloads())
    for position, payload in enumerate(numbered(datas)):
        yield Arrived(0.0, Entry(position, payload.partition_key, None, payload.data))


def _with_keys(
    records: Iterator[Arrived], partition_key: str | None, key_field: str | None
) -> Iterator[Arrived]:
    if partition_key is None and key_field is None:
        return records
    records, sources = tee(records)
    payloads: Iterable[Payload] = (
        Payload(each.partition_key, None, each.data) for _, each in sources
    )
    if key_field is not None:
        payloads = with_key_from(payloads, key_field)
    if partition_key is not None:
        payloads = with_key(payloads, partition_key)
    return (
        Arrived(arrival, Entry(entry.index, payload.partition_key, None, payload.data))
        for (arrival, entry), payload in zip(records, payloads, strict=True)
    )
