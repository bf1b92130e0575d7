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
from kinesis_cli.cli.options.takes import takes
from kinesis_cli.cli.options.target import Target
from kinesis_cli.cli.running.interruption import Stop, on_ctrl_c
from kinesis_cli.cli.running.putting import mapped_by
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.recordings.indexes.index import index_path
from kinesis_cli.recordings.piped import PipedRecording
from kinesis_cli.recordings.resumable import (
    GrowingRecording,
    Progress,
    kept_progress,
    new,
    refuse_recorded,
)
from kinesis_cli.show.console import note
from kinesis_cli.show.streams.reading import ReadingProgress, reading_progress
from kinesis_cli.stream.selection import Start, StartKind


@takes(reading=Reading, target=Target)
def record(
    output_file: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output-file",
            metavar="FILE|-",
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
        typer.Option("--index", help="Make FILE.kidx of it in the end, as `kcli index` does."),
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
    target: Target,
) -> None:
    """Record a stream, or the changes of a table.

    The records as Lambda would receive them, a line each, aggregates whole. What was recorded is on
    disk within a second, and how far it came stands in FILE.progress. Ctrl-C ends it. With -o - the
    lines go to standard output.

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
    is_piped = str(output_file) == "-"
    if is_piped and resume:
        raise InputError("--resume continues a file, and -o - is standard output")
    if is_piped and with_index:
        raise InputError("--index stands beside a file, and -o - is standard output")
    if resume and overwrite:
        raise InputError("--resume and --overwrite cannot be used together")
    if not (is_piped or resume):
        refuse_recorded(output_file, overwrite=overwrite)
    if function and reading.table is not None:
        raise InputError(
            "a change of a table has no payload that a function could make anew",
            place="--map",
            advice="Leave it out, or change the items of the recording.",
        )
    connection = reach(target, reading.table)
    kept = kept_progress(output_file) if resume else None
    with reading_progress("recorded", beside_output=is_piped) as progress:
        file: GrowingRecording | PipedRecording
        if kept is None:
            consumer = consumer_of(connection, plan, progress.warn)
            beginning = _beginning(consumer, plan)
            file = (
                PipedRecording(sys.stdout.buffer, beginning)
                if is_piped
                else new(output_file, beginning, overwrite=overwrite)
            )
        else:
            consumer = consumer_of(connection, _continued(plan, kept), progress.warn)
            _check_stream(consumer, kept, output_file)
            file = GrowingRecording(output_file, kept)
        to = "standard output" if is_piped else output_file
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
    if with_index:
        _index(output_file, file)
    if is_only_now(plan) and not (kept or recorder.records or stop.asked):
        note(f"nothing recorded: {LATEST_IS_NOW}")
    if stop.asked:
        raise typer.Exit(ExitCode.INTERRUPTED)


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


def _index(path: Path, file: GrowingRecording | PipedRecording) -> None:
    """Make the index of what was recorded, if that is anything."""
    if isinstance(file, GrowingRecording) and file.progress.records:
        from kinesis_cli.recordings.index_making import make_index  # seldom asked for

        make_index(str(path))
        note(f"its index is {index_path(path)}")


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
