"""`kcli replay`."""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from time import time
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from kinesis_cli.aws.producing.producer import Producer
from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.streams import open_shards
from kinesis_cli.cli.options.inputs import HowToRead, reading
from kinesis_cli.cli.options.reading import reach
from kinesis_cli.cli.options.shared import Output, OutputOption, OverwriteOption
from kinesis_cli.cli.options.takes import given, takes
from kinesis_cli.cli.options.target import Target
from kinesis_cli.cli.running.interruption import on_ctrl_c
from kinesis_cli.cli.running.large_put import asked_if_large
from kinesis_cli.cli.running.places import reach_files
from kinesis_cli.cli.running.putting import (
    GiveUpAfterOption,
    JobsOption,
    MapOption,
    SchedulerOption,
    YesOption,
    end_as,
    mapped_by,
    shared_by,
    warn_if_not_sent,
    with_first,
)
from kinesis_cli.errors import InputError
from kinesis_cli.places.expanding import literal
from kinesis_cli.places.url import Place, place_of, shown
from kinesis_cli.putting.replay_input import ReplayInput, open_replay_input
from kinesis_cli.putting.replay_journal import JournaledPlan, Replay, ReplayJournal
from kinesis_cli.putting.replay_load import replay_load
from kinesis_cli.putting.replay_source import (
    Arrived,
    ReplaySource,
    between,
    replay_speed,
    shifted,
    with_change,
)
from kinesis_cli.putting.shared_input import RecordedInput
from kinesis_cli.putting.slice import Slice
from kinesis_cli.putting.slice_journal import end_slices, slices_of
from kinesis_cli.putting.summary import PutSummary
from kinesis_cli.putting.unsent import FailedRecords, check_can_be_written
from kinesis_cli.show.console import note
from kinesis_cli.show.streams.put import PutView
from kinesis_cli.show.streams.replay import (
    ReplayView,
    Schedule,
    show_load,
    show_schedule,
    show_uncertain,
)
from kinesis_cli.stream.event import STREAM_ARN
from kinesis_cli.stream.times import Moment, length_in_seconds

if TYPE_CHECKING:
    from kinesis_cli.aws.producing.slice_job import HowToPut
    from kinesis_cli.cli.running.sliced import Sharing


@takes(how=HowToRead, target=Target)
def replay(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Recordings, events, get-records or EventBridge Pipes output, one stream "
            "together, or payloads: a Firehose backup, JSON documents, lines; plain, .gz or .zst: "
            "files, folders, patterns, URLs; - reads standard input.",
        ),
    ],
    speed: Annotated[
        str,
        typer.Option(
            "--speed",
            metavar="N|max",
            help="How many times as fast as it was recorded; max: without pauses.",
        ),
    ] = "1",
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Only what had arrived since: epoch seconds, an ISO time, or +SECONDS after the "
            "first arrival.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Only what had arrived before; same forms."),
    ] = None,
    shift_time: Annotated[
        str | None,
        typer.Option(
            "--shift-time",
            metavar="PATH",
            help="Where in a JSON payload a timestamp is (reading.time); it is moved as far as the "
            "first record is.",
        ),
    ] = None,
    change: MapOption = None,
    partition_key: Annotated[
        str | None,
        typer.Option(
            "--partition-key",
            metavar="KEY",
            help="Partition key of all records; default: their own.",
        ),
    ] = None,
    key_field: Annotated[
        str | None,
        typer.Option(
            "--key-field",
            metavar="PATH",
            help="Where in a JSON payload its partition key is, instead of the record's own.",
        ),
    ] = None,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
    part: Annotated[
        str | None,
        typer.Option(
            "--slice",
            metavar="I/N",
            help="Only the I-th of N parts of the keys, from 0, so that N machines share the work.",
        ),
    ] = None,
    give_up_after: GiveUpAfterOption = "1m",
    failed: Annotated[
        str | None,
        typer.Option(
            "--failed",
            metavar="FILE|URL",
            help="Recording of what was given up; default: replay-failed-TIME.ndjson, here.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue where the same command ended early, or begin if there is nothing to "
            "continue.",
        ),
    ] = False,
    progress_file: Annotated[
        Path | None,
        typer.Option(
            "--progress-file",
            metavar="FILE",
            help="Where to note what is acknowledged until all is; default: INPUT.replay, of a URL "
            "or a pattern in this folder.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Estimate time and load of each shard, and put nothing."),
    ] = False,
    yes: YesOption = False,
    *,
    how: HowToRead,
    target: Target,
    output: OutputOption = Output.TABLE,
) -> None:
    """Put a recording back on a stream, with its own timing.

    Keys and, where they are known, explicit hash keys are kept, and so is the order within each
    key. At its end what was given up is in a file that `kcli put --from` takes, and the exit code
    is 3. Where it ends early, by Ctrl-C or an error, there is no such file: the same command with
    --resume puts all that is not acknowledged.

    \b
    Examples:
      kcli replay fixtures/batch.json
      kcli replay fixtures/batch.json --speed max --shift-time readingTimestamp
      kcli replay fixtures/batch.json --speed 10 --dry-run
      kcli replay fixtures/batch.json --speed max --jobs 2
    """
    reach_files([*inputs, failed], how.s3, given(target))
    failed_place = None if failed is None else place_of(failed)
    if failed_place is not None:
        check_can_be_written(failed_place, overwrite=overwrite)
    rate, patience = (
        replay_speed(speed),
        length_in_seconds(give_up_after, "--give-up-after"),
    )
    taken = None if part is None else Slice.parse(part)
    function = mapped_by(change)
    sharing = shared_by(jobs, scheduler, inputs, {})
    with open_replay_input(
        inputs, partition_key, key_field, reading(how.raw, how.format_, how.shard)
    ) as found:
        for sentence in found.notes:
            note(sentence)
        begins, ends = _span(found, since, until)
        records = between(found.records, begins, ends)
        if taken is not None:
            records = (each for each in records if taken.takes(each.entry, by_key=True))
        connection = reach(target)
        first, records = with_first(records)
        offset = time() - (first.arrival if first else 0.0)
        if dry_run:
            source = ReplaySource(_changed(records, shift_time, offset, function), rate)
            shards = open_shards(connection, connection.stream)
            load = replay_load(source.rest(), shards, at_full_speed=rate is None)
            show_load(connection, load, output)
            return
        described = Replay(
            inputs=inputs if inputs == ["-"] else list(found.files),
            records=found.count,
            target=connection.stream_place,
            selection=[f"{since}", f"{until}", f"{part}", f"{partition_key}", f"{key_field}"],
        )
        file = progress_file or _progress_file(inputs[0], taken)
        with ReplayJournal(file, described, offset, resume=resume) as journal:
            records = _not_done(records, journal, inputs, resume=resume)
            into = _Into(connection, journal, failed_place, output, asks=not yes)
            if sharing is None or (first := next(records, None)) is None:
                records = _changed(records, shift_time, journal.offset, function)
                _put_alone(records, rate, patience, into)
                return
            from kinesis_cli.aws.producing.slice_job import HowToPut  # seldom asked for

            recorded = RecordedInput(
                paths=tuple(inputs),
                partition_key=partition_key,
                key_field=key_field,
                reading=reading(how.raw, how.format_, how.shard),
                since=begins,
                until=ends,
                shift_time=shift_time,
                offset=journal.offset,
                change=change,
            )
            into.ask(chain([first], records))
            shared_put = HowToPut(
                ordered=True,
                give_up_after=patience,
                speed=rate,
                first_arrival=first.arrival,
                shows_all=output is Output.NDJSON,
            )
            _put_in_slices(recorded, shared_put, sharing, taken, into)


def _not_done(
    records: Iterator[Arrived], journal: ReplayJournal, inputs: list[str], *, resume: bool
) -> Iterator[Arrived]:
    """Those that an earlier run has not put, as its journal says."""
    end_slices(slices_of(journal.path), journal)  # of a run that was killed
    if journal.had_ended and (resume or inputs != ["-"]):  # a pipe brings something else
        again = "nothing is left to put" if resume else "it is put again"
        note(f"{shown(inputs[0])} was already put on {journal.replay.target}, to its end; {again}")
    if journal.had_ended and resume:
        return iter(())
    return (each for each in records if not journal.is_done(each.entry.index))


def _span(found: ReplayInput, since: str | None, until: str | None) -> tuple[float, float]:
    begins = found.first_arrival
    return (
        Moment.parse(since, "--since").after(begins) if since else -math.inf,
        Moment.parse(until, "--until").after(begins) if until else math.inf,
    )


def _changed(
    records: Iterator[Arrived],
    shift_time: str | None,
    offset: float,
    function: Callable[[bytes], bytes | None] | None,
) -> Iterator[Arrived]:
    if shift_time is not None:
        records = with_change(records, shifted(shift_time, offset))
    return records if function is None else with_change(records, function)


def _progress_file(name: str, part: Slice | None) -> Path:
    of_part = "" if part is None else f".{part.index}-of-{part.count}"
    return Path(f"{'stdin' if name == '-' else literal(name)}{of_part}.replay")


class _Into(NamedTuple):
    """Where a replay puts its records, and notes what becomes of them."""

    connection: Connection
    journal: ReplayJournal
    failed: Place | None  # where what was given up is to be kept
    output: Output
    asks: bool

    def ask(self, records: Iterator[Arrived]) -> Iterator[Arrived]:
        """The same records; the user was asked if they are many for a stream on AWS."""
        if not self.asks or self.connection.target.is_local:
            return records
        return asked_if_large(self.connection.stream_place, records)


def _put_alone(
    records: Iterator[Arrived], speed: float | None, patience: float, into: _Into
) -> None:
    records = into.ask(records)
    show_uncertain(into.journal.uncertain())
    plan = JournaledPlan(Random(), into.journal, give_up_after=patience)
    producer = Producer(into.connection, into.connection.stream, plan)
    source = ReplaySource(records, speed)
    put = partial(producer.put, source)
    _put(_Run(put, producer.interrupt, source, writes=into.journal), into)


def _put_in_slices(
    records: RecordedInput, how: "HowToPut", sharing: "Sharing", part: Slice | None, into: _Into
) -> None:
    from kinesis_cli.cli.running.sliced import Sliced, reached_by_files  # seldom asked for

    show_uncertain(into.journal.uncertain())
    files = reached_by_files(records.paths)
    sliced = Sliced(sharing, into.connection, files, part, records, how)
    with sliced.replay(into.journal) as shared:
        _put(_Run(shared.put, shared.interrupt, shared, writes=None), into)


class _Run(NamedTuple):
    """A replay that is ready to begin."""

    put: Callable[[ReplayView], PutSummary]
    interrupt: Callable[[], None]
    schedule: Schedule
    writes: ReplayJournal | None  # where what is acknowledged is to be noted; None: it is


def _put(run: _Run, into: _Into) -> None:
    journal = into.journal
    started = datetime.now(UTC)
    with FailedRecords(started.timestamp(), STREAM_ARN) as left:
        view = PutView(into.connection, into.output, left)
        try:
            with on_ctrl_c(run.interrupt):
                summary = run.put(ReplayView(view, run.schedule, run.writes))
        finally:
            view.close()
            journal.sync()
        came_to_its_end = not (summary.error or summary.interrupted)
        here = Path(f"replay-failed-{started:%Y%m%dT%H%M%S%fZ}.ndjson")
        try:
            file = left.write(into.failed or here, here) if came_to_its_end else None
        except InputError:  # the journal stays, and --resume tries them again
            view.finish(summary, None)
            raise
        warn_if_not_sent(left)
        view.finish(summary, file)
    show_schedule(run.schedule)
    if journal.is_blank:  # the same command does it all
        journal.delete()
    elif came_to_its_end:
        journal.end()
    else:
        note(f"--resume puts the rest; what is done is noted in {journal.path}")
    end_as(summary)
