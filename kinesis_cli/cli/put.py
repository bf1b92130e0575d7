"""`kcli put`."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from pathlib import Path
from random import Random
from time import time
from typing import TYPE_CHECKING, Annotated

import typer

from kinesis_cli.aws.producing.arriving_entries import LiveEntries
from kinesis_cli.aws.producing.producer import Producer
from kinesis_cli.aws.producing.producer import PutView as Seeing
from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.streams import open_shards
from kinesis_cli.cli.options.inputs import S3Option
from kinesis_cli.cli.options.payloads import (
    PAYLOADS,
    CountOption,
    Payloads,
    named_files,
    payload_settings,
)
from kinesis_cli.cli.options.shared import Output, OutputOption, OverwriteOption
from kinesis_cli.cli.options.takes import given, takes
from kinesis_cli.cli.options.target import STREAM_TARGET, Target, reached, tell_of_sample
from kinesis_cli.cli.running.interruption import on_ctrl_c
from kinesis_cli.cli.running.large_put import ask_if_large, asked_if_large
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
from kinesis_cli.places.url import Place, place_of
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.plan import PutPlan
from kinesis_cli.putting.rated_source import CATCHES_UP, RatedSource, records_per_second
from kinesis_cli.putting.shared_input import PutInput
from kinesis_cli.putting.slice import Slice
from kinesis_cli.putting.summary import PutSummary
from kinesis_cli.putting.unsent import FailedRecords, check_can_be_written
from kinesis_cli.recordings.opening import is_live
from kinesis_cli.show.console import note
from kinesis_cli.show.streams.put import PutView, show_base64, show_dry_run
from kinesis_cli.stream.event import STREAM_ARN
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.shards import ShardMap
from kinesis_cli.stream.times import length_in_seconds

if TYPE_CHECKING:
    from kinesis_cli.cli.running.following import Follow
    from kinesis_cli.local.client.connection import Connected

FOLLOW_FOR = "2m"
NOT_TOGETHER = "cannot be used together"
SAMPLE = 20  # made-up payloads of which the size of all is estimated


@takes(payload=PAYLOADS, target=STREAM_TARGET)
def put(
    count: CountOption = None,
    *,
    payload: Payloads,
    change: MapOption = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Use the same random values each time."),
    ] = None,
    rate: Annotated[
        str, typer.Option("--rate", metavar="N/s|N/m|max", help="Records a second or a minute.")
    ] = "max",
    ordered: Annotated[
        bool,
        typer.Option(
            "--ordered",
            help="Keep the order within each partition key, whatever fails: one record of a key "
            "at a time, so a hot key is slow by nature.",
        ),
    ] = False,
    aggregate: Annotated[
        bool,
        typer.Option(
            "--aggregate",
            help="Pack records of a shard together, as the Kinesis Producer Library does.",
        ),
    ] = False,
    give_up_after: GiveUpAfterOption = "1m",
    failed: Annotated[
        str | None,
        typer.Option(
            "--failed",
            metavar="FILE|URL",
            help="Recording of what could not be put; default: put-failed-TIME.ndjson, here.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
    part: Annotated[
        str | None,
        typer.Option(
            "--slice",
            metavar="I/N",
            help="Only every N-th record, I from 0, so that N machines share the work; with "
            "--ordered every N-th part of the keys.",
        ),
    ] = None,
    base64: Annotated[
        bool, typer.Option("--base64", help="Print each payload in base64, and put nothing.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print each record, its shard, and the AWS CLI's command, and put nothing.",
        ),
    ] = False,
    check_access: Annotated[
        bool,
        typer.Option(
            "--check-access", help="With --dry-run: ask the service whether it would allow it."
        ),
    ] = False,
    yes: YesOption = False,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            help="Show what becomes of each record: its calls, deliveries, end and latency.",
        ),
    ] = False,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout",
            metavar="DURATION",
            help="With --follow: how long to wait, once all are put, for what becomes of them "
            f"(default: {FOLLOW_FOR}).",
        ),
    ] = None,
    s3: S3Option = None,
    target: Target,
    output: OutputOption = Output.TABLE,
) -> None:
    """Put records on a stream.

    Readings of a sensor, unless --data, --from, --template or --model bring your own. What fails is
    tried again until --give-up-after; what could not be put is kept in a file that --from takes,
    and the exit code is 3. A record whose answer was lost is put again, so a stream may have it
    twice. Ctrl-C finishes what is in flight.

    More than 10,000 records or 100 MB for a stream that is not on this machine are asked about
    before the first one is put, so a pipe is read ahead; with --yes it is put as it comes.

    \b
    Examples:
      kcli put --temperature 89.9
      kcli put --count 10000 --sensors 50 --series sine
      kcli put --count 100 --rate 50/s --hot-rate 0.1
      kcli put --data '{"temperature": 99.9, "readingTimestamp": 1}'
      kcli event --count 1000 | kcli put --from - --ordered
      kcli put --count 3 --dry-run
      kcli put --count 10000 --jobs 2
      kcli put --temperature 89.9 --follow
    """
    reach_files([*named_files(payload), failed], s3, given(target))
    settings = payload_settings(payload)
    if check_access and not dry_run:
        raise InputError("--check-access needs --dry-run")
    if timeout is not None and not follow:
        raise InputError("--timeout needs --follow")
    if follow and (base64 or dry_run):
        raise InputError(f"--follow and {'--base64' if base64 else '--dry-run'} {NOT_TOGETHER}")
    follow_for = length_in_seconds(timeout or FOLLOW_FOR, "--timeout")
    failed_place = None if failed is None else place_of(failed)
    if failed_place is not None:
        check_can_be_written(failed_place, overwrite=overwrite)
    number = count if count is not None or settings.from_file is not None else 1
    taken = None if part is None else Slice.parse(part)
    per_second, patience = (
        records_per_second(rate),
        length_in_seconds(give_up_after, "--give-up-after"),
    )
    sharing = shared_by(jobs, scheduler, named_files(payload), {"--follow": follow})
    payloads = settings.payloads(Random(seed), _times(number))
    live = settings.from_file is not None and is_live(settings.from_file)
    function = mapped_by(change)

    def source(payloads: Iterable[Payload]) -> RatedSource:
        return RatedSource(
            payloads,
            rate=per_second,
            part=taken,
            by_key=ordered,
            change=function,
            arriving=LiveEntries if live and not (base64 or dry_run) else None,
        )

    if base64:
        show_base64(source(payloads).rest())
        return
    if sharing is not None or (settings.from_file is not None and not live):
        # what is wrong with the input is told once, and before a local stream is started for it
        _, payloads = with_first(payloads)
    connected = reached(target)
    if connected.local:
        tell_of_sample(connected.settings)
    connection = connected.connection
    place = connection.stream_place
    if dry_run:
        _dry_run(connection, source(payloads).rest(), output, check_access=check_access)
        return
    if not (yes or connection.target.is_local):
        if settings.from_file is not None:
            payloads = asked_if_large(place, payloads, live=live)
        elif number:
            sample = settings.payloads(Random(seed), _times(min(number, SAMPLE)))
            ask_if_large(place, *_estimate(number, sample, taken))
    if sharing is not None:
        from kinesis_cli.aws.producing.slice_job import HowToPut  # seldom asked for
        from kinesis_cli.cli.running.sliced import Sliced, reached_by_files

        sliced = Sliced(
            sharing=sharing,
            connection=connection,
            files=reached_by_files(named_files(payload)),
            part=taken,
            records=PutInput(
                settings=settings,
                seed=Random().getrandbits(64) if seed is None else seed,
                count=number,
                rate=per_second and per_second * (taken.count if taken else 1),
                clock=time,
                change=change,
            ),
            how=HowToPut(
                ordered=ordered,
                aggregate=aggregate,
                give_up_after=patience,
                speed=1.0 if per_second else None,
                catches_up=CATCHES_UP,
                shows_all=output is Output.NDJSON,
            ),
        )
        with sliced.put() as shared:
            _put(connection, shared.put, shared.interrupt, failed_place, output)
        return
    plan = PutPlan(Random(), give_up_after=patience, ordered=ordered, aggregate=aggregate)
    followed = _followed(connected, output, follow_for, packed=aggregate) if follow else None
    records = source(payloads)
    producer = Producer(connection, connection.stream, plan)
    _put(
        connection,
        partial(producer.put, records),
        producer.interrupt,
        failed_place,
        output,
        followed,
        is_live=records.is_live,
    )


def _put(
    connection: Connection,
    put_all: Callable[[Seeing], PutSummary],
    interrupt: Callable[[], None],
    failed: Place | None,
    output: Output,
    follow: "Follow | None" = None,
    *,
    is_live: bool = False,
) -> None:
    started = datetime.now(UTC)
    arn = connection.stream if connection.stream.startswith("arn:") else STREAM_ARN
    with FailedRecords(started.timestamp(), arn) as left:
        view = PutView(connection, output, left, lists=follow is None)
        try:
            with on_ctrl_c(interrupt):
                summary = put_all(follow.around(view) if follow else view)
        finally:
            view.close()
        if summary.error and not summary.acknowledged and not summary.in_flight:
            raise summary.error  # nothing was put: the same command does it all
        here = Path(f"put-failed-{started:%Y%m%dT%H%M%S%fZ}.ndjson")
        try:
            file = left.write(failed or here, here)
        except InputError:
            view.finish(summary, None)
            raise
        warn_if_not_sent(left)
        if follow and output is Output.JSON:  # which is one document
            follow.wait(is_over=summary.interrupted)
        followed = follow.document() if follow else None
        view.finish(summary, file, followed)
    if is_live and (summary.interrupted or summary.error):
        note("what the pipe still held was neither put nor kept")
    if follow:
        if output is not Output.JSON:
            follow.wait(is_over=summary.interrupted)
        follow.finish()
    end_as(summary)
    if follow:
        follow.end()


def _followed(connected: "Connected", output: Output, seconds: float, *, packed: bool) -> "Follow":
    from kinesis_cli.cli.running.following import follow_of  # start-up counts

    return follow_of(connected, output, seconds, packed=packed)


def _times(number: int | None) -> Iterator[float]:
    """The moment at which each payload is made, epoch seconds."""
    return (time() for _ in (repeat(None) if number is None else repeat(None, number)))


def _estimate(number: int, sample: Iterable[Payload], part: Slice | None) -> tuple[int, int]:
    """How many records, and about how many bytes, a put of made-up payloads has."""
    of_slice = number if part is None else -(-number // part.count)
    sizes = [len(payload.data) for payload in sample]
    return of_slice, of_slice * sum(sizes) // len(sizes)


def _dry_run(
    connection: Connection,
    entries: Iterator[Entry],
    output: Output,
    *,
    check_access: bool,
) -> None:
    shards = ShardMap(open_shards(connection, connection.stream))
    first, entries = with_first(entries)
    if check_access and first is not None:
        from kinesis_cli.aws.producing.check import check_put

        check_put(connection, connection.stream, first)
    records = ((entry, entry.shard_in(shards).shard_id) for entry in entries)
    show_dry_run(connection, records, output, may_put=True if check_access else None)
