"""`kcli event`."""

import sys
from collections.abc import Iterator
from itertools import tee
from pathlib import Path
from random import Random
from time import time
from typing import Annotated

import typer

from kinesis_cli.cli.options.payloads import (
    PAYLOADS,
    CountOption,
    Payloads,
    payload_settings,
)
from kinesis_cli.cli.options.shared import Output, OutputOption, OverwriteOption
from kinesis_cli.cli.options.takes import takes
from kinesis_cli.payloads.arriving import ArrivingRecords
from kinesis_cli.payloads.settings import evenly
from kinesis_cli.recordings.payload_lines import START
from kinesis_cli.recordings.writing import (
    is_recording_name,
    refuse_existing,
    write_event,
    write_event_to,
    write_recording,
    write_recording_to,
)
from kinesis_cli.show.console import note
from kinesis_cli.show.progress import Progress, progress
from kinesis_cli.stream.event import STREAM_ARN, source_arn
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.times import Moment


@takes(payload=PAYLOADS)
def event(
    count: CountOption = None,
    shards: Annotated[int, typer.Option("--shards", metavar="N", help="Shards of the stream.")] = 1,
    *,
    payload: Payloads,
    aggregate: Annotated[
        bool,
        typer.Option(
            "--aggregate",
            help="Pack many payloads into a record, as the Kinesis Producer Library does.",
        ),
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="TIME",
            help="When the first record arrives, epoch seconds, ISO 8601, or +SECONDS from now; "
            "default: now. With --seed, now is 2025-01-01T00:00:00Z.",
        ),
    ] = None,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", help="From one record to the next.")
    ] = 1.0,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="The same bytes each time; default: never."),
    ] = None,
    event_source_arn: Annotated[
        str,
        typer.Option(
            "--event-source-arn", metavar="ARN", help="Of the stream, or of one of its consumers."
        ),
    ] = STREAM_ARN,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output-file",
            metavar="FILE|-",
            help="Write here, and only when all is well; a recording if the name ends in "
            ".ndjson, .ndjson.gz or .ndjson.zst, else an event. - is standard output.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Build a Kinesis event or a recording.

    Prints an event, with --output ndjson a recording. The payloads are readings of a sensor unless
    --data, --from, --template or --model bring your own.

    \b
    Examples:
      kcli event
      kcli event --count 20 --shards 2 --sensors 5 --hot-rate 0.1 --seed 1
      kcli event --count 100000 --interval 0.01 -o day.ndjson.gz
      kcli event --data '{"temperature": 99.9, "readingTimestamp": 1}'
      kcli event --from payloads.ndjson --key-field sensor.id
    """
    if str(output_file) == "-":
        output_file = None
    if output_file is not None:
        refuse_existing(output_file, overwrite=overwrite)
    settings = payload_settings(payload)
    origin = time() if seed is None else float(START)
    first = origin if start is None else Moment.parse(start, "--start", "from now").after(origin)
    number = count if count is not None or settings.from_file is not None else 1
    arrivals, times = tee(evenly(first, interval, number))
    payloads = settings.payloads(Random(seed), times)
    stream = ArrivingRecords(shards, first, event_source_arn=source_arn(event_source_arn))
    build = stream.aggregates if aggregate else stream.records
    with progress("making", number) as bar:
        if output_file is not None:  # a pipe's reader has a bar of its own
            payloads = _counted(payloads, bar)
        _write(build(zip(arrivals, payloads, strict=False)), output_file, output)


def _counted(payloads: Iterator[Payload], bar: Progress) -> Iterator[Payload]:
    """The same; each thousandth is told."""
    for number, payload in enumerate(payloads):
        if number % 1000 == 0:
            bar.update(number)
        yield payload


def _write(records: Iterator[Record], file: Path | None, output: Output) -> None:
    if file is None:
        write = write_recording_to if output is Output.NDJSON else write_event_to
        sys.stdout.flush()
        write(sys.stdout.buffer, records)
        return
    as_recording = output is Output.NDJSON or is_recording_name(file)
    written = (write_recording if as_recording else write_event)(records, file)
    kind = "a recording" if as_recording else "an event"
    note(f"{file}: {kind} of {written:,} record{'' if written == 1 else 's'}")
