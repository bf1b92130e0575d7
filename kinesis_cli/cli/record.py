"""`kcli record`."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kinesis_cli.aws.consuming.consumer import Consumer, ReadPlan, ShardRecords
from kinesis_cli.aws.consuming.recorder import Recorder
from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options.inputs import S3Option
from kinesis_cli.cli.options.reading import (
    Reading,
    batches,
    consumer_of,
    is_only_now,
    reach,
    read_plan,
    selection,
)
from kinesis_cli.cli.options.shared import LATEST_IS_NOW, OverwriteOption
from kinesis_cli.cli.options.takes import given, takes
from kinesis_cli.cli.options.target import Target
from kinesis_cli.cli.running.interruption import Stop, on_ctrl_c
from kinesis_cli.cli.running.places import reach_files
from kinesis_cli.cli.running.putting import mapped_by
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.places.url import Place, Url, place_of, shown
from kinesis_cli.recordings.indexes.beside import index_place
from kinesis_cli.recordings.piped import PipedRecording, SentRecording
from kinesis_cli.recordings.resumable import (
    GrowingRecording,
    Progress,
    kept_progress,
    new,
    refuse_recorded,
)
from kinesis_cli.recordings.writing import refuse_existing
from kinesis_cli.show.console import note
from kinesis_cli.show.streams.reading import ReadingProgress, reading_progress
from kinesis_cli.stream.selection import Start, StartKind


@takes(reading=Reading, target=Target)
def record(
    output_file: Annotated[
        str,
        typer.Option(
            "-o",
            "--output-file",
            metavar="FILE|URL|-",
            help="The recording; packed if its name ends in .gz or .zst. - is standard output.",
        ),
    ],
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue FILE, each shard after its last record there, also after a crash; "
            "begins it where there is none.",
        ),
    ] = False,
    overwrite: OverwriteOption = False,
    with_index: Annotated[
        bool,
        typer.Option(
            "--index",
            help="Make FILE.kidx of it in the end, as `kcli index` does: it is read once again.",
        ),
    ] = False,
    *,
    reading: Reading,
    change: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="MODULE:FUNCTION",
            help="Your function sees each payload, bytes, and returns the one to keep; None: none. "
            "Partition keys stay.",
        ),
    ] = None,
    s3: S3Option = None,
    target: Target,
) -> None:
    """Record a stream, or the changes of a table.

    The records as Lambda would receive them, a line each, aggregates whole. What was recorded is on
    disk within a second, and how far it came stands in FILE.progress. Ctrl-C ends it. With -o - the
    lines go to standard output. At a URL, s3://bucket/day.ndjson.zst, the object appears when the
    recording ends, by Ctrl-C too; kill -9 leaves nothing there.

    \b
    Examples:
      kcli record -o day.ndjson --since trim-horizon --no-follow
      kcli record -o day.ndjson --resume --no-follow
      kcli put; kcli record -o - --since 10m --no-follow | kcli simulate -
      kcli record -o hot.ndjson.zst --since 1h --until 0s --grep temperature
      kcli put; kcli record -o day.ndjson --since 10m --no-follow --index
      kcli record -o changes.ndjson --table orders --since 24h --no-follow
    """
    chosen = selection(reading)
    plan = read_plan(reading)
    function = mapped_by(change)
    reach_files([output_file], s3, given(target))
    place = place_of(output_file)
    is_piped = output_file == "-"
    if is_piped and resume:
        raise InputError("--resume continues a file, and -o - is standard output")
    if with_index and is_piped:
        raise InputError("--index stands beside a file, and -o - is standard output")
    if resume and isinstance(place, Url):
        raise InputError(
            "--resume continues a file of this machine, and an object cannot be continued",
            place=place.shown,
            advice="Name a file, and copy it when it is whole.",
        )
    if resume and overwrite:
        raise InputError("--resume and --overwrite cannot be used together")
    if isinstance(place, Url):
        refuse_existing(place, overwrite=overwrite)
    elif not (is_piped or resume):
        refuse_recorded(place, overwrite=overwrite)
    if function and reading.table is not None:
        raise InputError(
            "a change of a table has no payload that a function could make anew",
            place="--map",
            advice="Leave it out, or change the items of the recording.",
        )
    connection = reach(target, reading.table)
    kept = kept_progress(place) if resume and isinstance(place, Path) else None
    with reading_progress("recorded", beside_output=is_piped) as progress:
        file: GrowingRecording | PipedRecording | SentRecording
        if kept is None or isinstance(place, Url):
            consumer = consumer_of(connection, plan, progress.warn)
            file = _begun(place, _beginning(consumer, plan), overwrite=overwrite)
        else:
            consumer = consumer_of(connection, _continued(plan, kept), progress.warn)
            _check_stream(consumer, kept, place)
            file = GrowingRecording(place, kept)
        to = "standard output" if is_piped else place
        note(f"recording {connection.stream_place} to {to}")
        recorder = Recorder(file, chosen, function, consumer.stream_arn, reading.count)
        stop = Stop()
        with (
            file,
            batches(consumer, reading) as arrived,
            on_ctrl_c(stop.ask),
        ):
            try:
                _record(arrived, recorder, stop, progress)
            except EndpointError:
                recorder.commit()
                raise
            recorder.commit()
        progress.finish(is_cut=recorder.is_full)
    if isinstance(place, Url) and not recorder.records:
        note(f"nothing was recorded, so there is no {place}")
    if with_index and file.progress.records:
        _index(output_file)
    if is_only_now(plan) and not (kept or recorder.records or stop.asked):
        note(f"nothing recorded: {LATEST_IS_NOW}")
    if stop.asked:
        raise typer.Exit(ExitCode.INTERRUPTED)


def _begun(
    place: Place, beginning: Progress, *, overwrite: bool
) -> GrowingRecording | PipedRecording | SentRecording:
    """A new recording."""
    if isinstance(place, Url):
        return SentRecording(place, beginning)
    if str(place) == "-":
        return PipedRecording(sys.stdout.buffer, beginning)
    return new(place, beginning, overwrite=overwrite)


def _record(
    arrived: Iterable[ShardRecords], recorder: Recorder, stop: Stop, progress: ReadingProgress
) -> None:
    if recorder.is_full:
        return
    for batch in arrived:
        recorder.take(batch)
        if batch.shard_id:
            progress.update(batch.shard_id, batch.millis_behind, recorder.records)
        if stop.asked or recorder.is_full:
            return


def _index(name: str) -> None:
    """Make the index of what was recorded."""
    from kinesis_cli.recordings.making_indexes import make_index  # seldom asked for

    make_index(name)
    note(f"its index is {shown(str(index_place(name)))}")


def _beginning(consumer: Consumer, plan: ReadPlan) -> Progress:
    start = plan.start
    if start.kind is StartKind.LATEST:
        # What is the latest when it is continued is another record. GetRecords gives no place in a
        # shard from which nothing came; there it is continued from this moment on, which is up to
        # 2 s early, never late.
        start = Start(StartKind.AT_TIMESTAMP, seconds=consumer.began)
    return Progress(consumer.stream_arn, start.kind, start.seconds, start.sequence_number)


def _continued(plan: ReadPlan, kept: Progress) -> ReadPlan:
    start = Start(StartKind(kept.start_kind), kept.start_seconds, kept.start_number)
    return replace(plan, start=start, positions=kept.positions)


def _check_stream(consumer: Consumer, kept: Progress, path: Path) -> None:
    if consumer.stream_arn != kept.stream:
        raise InputError(f"it is of {kept.stream}, not {consumer.stream_arn}", place=str(path))
