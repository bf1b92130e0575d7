"""`kcli event`."""

import sys
from collections.abc import Iterable, Iterator
from itertools import tee
from random import Random
from time import time
from typing import Annotated, TypeVar

import typer

from kinesis_cli.cli.options.changes import Changes, asked_for, change_settings
from kinesis_cli.cli.options.inputs import S3Option
from kinesis_cli.cli.options.kafka import DEFAULT_TOPIC, Kafka, wants_topic
from kinesis_cli.cli.options.payloads import (
    PAYLOADS,
    CountOption,
    Payloads,
    named_files,
    payload_settings,
)
from kinesis_cli.cli.options.shared import Output, OutputOption, OverwriteOption
from kinesis_cli.cli.options.takes import takes
from kinesis_cli.cli.running.places import reach_files
from kinesis_cli.errors import InputError
from kinesis_cli.payloads.arriving import ArrivingRecords
from kinesis_cli.payloads.kafka import TopicRecords
from kinesis_cli.payloads.settings import evenly
from kinesis_cli.places.url import Place, place_of
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

_Made = TypeVar("_Made", Payload, Record)


@takes(change=Changes, kafka=Kafka, payload=PAYLOADS)
def event(
    count: CountOption = None,
    shards: Annotated[int, typer.Option("--shards", metavar="N", help="Shards of the stream.")] = 1,
    *,
    change: Changes,
    kafka: Kafka,
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
        float,
        typer.Option("--interval", metavar="SECONDS", help="Time from one record to the next."),
    ] = 1.0,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", help="Make the same bytes each time; default: different ones."
        ),
    ] = None,
    event_source_arn: Annotated[
        str | None,
        typer.Option(
            "--event-source-arn",
            metavar="ARN",
            help="Of the stream, or of one of its consumers; with --dynamodb that of a table's "
            f"stream. Default: {STREAM_ARN}, or one for --table.",
        ),
    ] = None,
    output_file: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output-file",
            metavar="FILE|URL|-",
            help="Write here, and only when all is well; a recording if the name ends in "
            ".ndjson, .ndjson.gz or .ndjson.zst, else an event. - is standard output.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    s3: S3Option = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Build an event or a recording.

    Prints an event, with --output ndjson a recording. The payloads are readings of a sensor unless
    --data, --from, --template or --model bring your own. With --dynamodb they are items of a
    table, and the records tell what is done to them.

    \b
    Examples:
      kcli event
      kcli event --count 20 --shards 2 --sensors 5 --hot-rate 0.1 --seed 1
      kcli event --count 100000 --interval 0.01 -o day.ndjson.gz
      kcli event --data '{"temperature": 99.9, "readingTimestamp": 1}'
      kcli event --from payloads.ndjson --key-field sensor.id
      kcli event --dynamodb --changes put,update,ttl
      kcli event --dynamodb --items items.json --keys pk,sk --changes put,delete
      kcli event --dynamodb-on-kinesis --sensors 3 --count 9
      kcli event --kafka --topic readings --count 3
    """
    reach_files([*named_files(payload), output_file], s3)
    file = None if output_file in (None, "-") else place_of(output_file)
    if file is not None:
        refuse_existing(file, overwrite=overwrite)
    as_recording = output is Output.NDJSON or (file is not None and is_recording_name(file))
    others = _other_kinds(change, kafka)
    if aggregate and others:
        raise InputError(
            f"--aggregate packs payloads for Kinesis, and {others[0]} makes other records",
            advice="Leave --aggregate out.",
        )
    origin = time() if seed is None else float(START)
    first = origin if start is None else Moment.parse(start, "--start", "from now").after(origin)
    random = Random(seed)
    with progress("making", count) as bar:
        counted = _Counted(bar if file is not None else None)  # a pipe's reader has its own
        if others and not kafka.kafka:
            changes = change_settings(change, payload, event_source_arn)
            made = changes.records(random, first, interval, count, shards=shards)
            if shards > 1 and change.dynamodb and not as_recording:
                note("an event does not tell the shards; a recording does: --output ndjson")
            _write(counted.each(made), file, as_recording=as_recording)
            return
        settings = payload_settings(payload)
        number = count if count is not None or settings.from_file is not None else 1
        arrivals, times = tee(evenly(first, interval, number))
        payloads = counted.each(settings.payloads(random, times))
        arriving = zip(arrivals, payloads, strict=False)
        if kafka.kafka:
            topic = TopicRecords(
                kafka.topic or DEFAULT_TOPIC, shards, is_self_managed=bool(kafka.self_managed)
            )
            _write(topic.records(arriving), file, as_recording=as_recording)
            return
        arn = source_arn(event_source_arn or STREAM_ARN)
        stream = ArrivingRecords(shards, first, event_source_arn=arn)
        build = stream.aggregates if aggregate else stream.records
        _write(build(arriving), file, as_recording=as_recording)


def _other_kinds(change: Changes, kafka: Kafka) -> list[str]:
    """The options that ask for another kind of record than payloads on Kinesis: one or none.

    Raises:
        InputError: there are several, or an option is about one that is not asked for.
    """
    named = ["--kafka"] if wants_topic(kafka) else []
    named += asked_for(change)
    if len(named) > 1:
        raise InputError(f"{' and '.join(named)} cannot be used together")
    return named


class _Counted:
    """Tells a bar of what is made; each thousandth."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar

    def each(self, made: Iterable[_Made]) -> Iterator[_Made]:
        """The same."""
        for number, one in enumerate(made):
            if self._bar is not None and number % 1000 == 0:
                self._bar.update(number)
            yield one


def _write(records: Iterator[Record], file: Place | None, *, as_recording: bool) -> None:
    if file is None:
        sys.stdout.flush()
        (write_recording_to if as_recording else write_event_to)(sys.stdout.buffer, records)
        return
    written = (write_recording if as_recording else write_event)(records, file)
    _say(file, "a recording" if as_recording else "an event", written)


def _say(file: Place, kind: str, written: int) -> None:
    note(f"{file}: {kind} of {written:,} record{'' if written == 1 else 's'}")
