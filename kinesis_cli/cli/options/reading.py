"""What the commands that read a stream share: which records, and from where."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from time import time
from typing import Annotated

import msgspec
import typer

from kinesis_cli.aws.consuming.consumer import Consumer, ReadPlan, ShardRecords
from kinesis_cli.aws.consuming.table_stream import stream_of_table
from kinesis_cli.aws.session import Connection
from kinesis_cli.cli.options.inputs import shard_named
from kinesis_cli.cli.options.target import TableOption, Target, reached, reached_table
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.show.console import warn
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.selection import (
    Selection,
    Start,
    StartKind,
    grep_pattern,
    moment_of_all_shards,
)


class Reading(msgspec.Struct, frozen=True):
    """Which records, and from where."""

    table: TableOption = None
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="WHEN",
            help="Where to begin: latest, trim-horizon (the oldest), 10m (ago), an ISO time, epoch "
            "seconds, or a sequence number; default: latest.",
        ),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="TIME",
            help="Only what arrives before: 10m (ago), +10m (from now), an ISO time, epoch "
            "seconds.",
        ),
    ] = None
    count: Annotated[
        int | None, typer.Option("-n", "--count", metavar="N", min=1, help="End after N records.")
    ] = None
    no_follow: Annotated[
        bool | None, typer.Option("--no-follow", help="End once everything that is there is read.")
    ] = None
    shard: Annotated[
        list[str] | None,
        typer.Option(
            "--shard", metavar="ID", help="Only this shard, by its id or number; repeatable."
        ),
    ] = None
    partition_key: Annotated[
        str | None,
        typer.Option(
            "--partition-key",
            metavar="KEY",
            help="Only records of this key, and only the shards that its hash belongs to; of a "
            "table, of this item.",
        ),
    ] = None
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="GLOB", help="Only records whose key is like sensor-*."),
    ] = None
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="PATTERN",
            help="Only records that match a filter of Lambda's, JSON; repeatable, one must match.",
        ),
    ] = None
    grep: Annotated[
        str | None,
        typer.Option("--grep", metavar="REGEX", help="Only records with this in their text."),
    ] = None
    efo: Annotated[
        str | None,
        typer.Option(
            "--efo",
            metavar="NAME",
            help="Let records be pushed to the enhanced fan-out consumer NAME; where there is "
            "none, it is registered, and deregistered in the end, though not after kill -9. AWS "
            "charges for it.",
        ),
    ] = None


def selection(reading: Reading, *, deaggregate: bool = True) -> Selection:
    """Return which records the options mean.

    Raises:
        InputError: a pattern is none.
    """
    filters, grep = reading.filters, reading.grep
    compiled = compile_filters(filters, source_kind(reading)) if filters else None
    for sentence in compiled.warnings if compiled else ():
        warn(sentence)
    return Selection(
        partition_key=reading.partition_key,
        key=reading.key,
        filters=compiled,
        grep=None if grep is None else grep_pattern(grep),
        deaggregate=deaggregate,
    )


def source_kind(reading: Reading) -> SourceKind:
    """Return of which kind the records are."""
    return KINESIS if reading.table is None else DYNAMODB


def read_plan(reading: Reading) -> ReadPlan:
    """Return what the options say to read.

    Raises:
        InputError: a time or a shard is none, or a table has no such thing.
    """
    if reading.table is not None and reading.efo is not None:
        raise InputError(
            "tables have no consumers of enhanced fan-out", place="--efo", advice="Leave it out."
        )
    now, until = time(), reading.until
    return ReadPlan(
        start=Start.parse(reading.since or "latest", now),
        until=None if until is None else moment_of_all_shards(until, now, "--until"),
        follow=not reading.no_follow,
        shard_ids=frozenset(map(shard_named, reading.shard or ())),
        partition_key=reading.partition_key,
    )


def consumer_of(connection: Connection, plan: ReadPlan, warn: Callable[[str], None]) -> Consumer:
    """Return what reads the stream of a connection; `warn` is told of trouble."""
    return Consumer(connection, connection.stream, plan, warn)


def batches(consumer: Consumer, reading: Reading) -> AbstractContextManager[Iterator[ShardRecords]]:
    """Return what a consumer reads, in the way that the options say."""
    name = reading.efo
    return closing(consumer.fan_out(name) if name else consumer.poll())


def is_only_now(plan: ReadPlan) -> bool:
    """Whether a plan begins at the latest record and ends there: it finds next to nothing."""
    return plan.start.kind is StartKind.LATEST and not plan.follow


def reach(target: Target, table: str | None = None) -> Connection:
    """Connect to the stream that the target options name.

    Args:
        target: as given on the command line.
        table: whose stream is meant instead, by its name or an ARN; None: a stream of Kinesis.

    Raises:
        InputError: no stream is named.
        EndpointError: the target is not usable.
    """
    if table is None:
        connection = reached(target).connection
        connection.target.named_stream(or_table=True)  # refuse before anything else is done
        return connection
    connection = reached_table(target, table).connection
    return connection.with_stream(stream_of_table(connection, table))
