"""`kcli tail`."""

import sys
from typing import Annotated

import typer

from kinesis_cli.cli.options.reading import (
    Reading,
    batches,
    consumer_of,
    is_only_now,
    reach,
    read_plan,
    selection,
    source_kind,
)
from kinesis_cli.cli.options.shared import LATEST_IS_NOW, Output, OutputOption
from kinesis_cli.cli.options.takes import takes
from kinesis_cli.cli.options.target import Target
from kinesis_cli.cli.running.interruption import ctrl_c_waits
from kinesis_cli.show.console import note
from kinesis_cli.show.streams.reading import reading_progress
from kinesis_cli.show.streams.tail import DataForm, TailEvent, TailLines, TailTable, TailView
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.selection import Selection


@takes(reading=Reading, target=Target)
def tail(
    *,
    reading: Reading,
    data: Annotated[
        DataForm,
        typer.Option(
            "--data",
            help="Payloads in a table: json (else text, else hex), text, hex, base64 or none; for "
            "json and text gzip and zstd are opened.",
        ),
    ] = DataForm.JSON,
    decode: Annotated[
        str | None,
        typer.Option(
            "--decode",
            metavar="MODULE:FUNCTION",
            help="A function of yours that makes a text of a payload (Avro, Protobuf).",
        ),
    ] = None,
    no_deaggregate: Annotated[
        bool,
        typer.Option(
            "--no-deaggregate", help="Do not look into aggregates of the Kinesis Producer Library."
        ),
    ] = False,
    target: Target,
    output: OutputOption = Output.TABLE,
) -> None:
    """Follow the records of a stream, or the changes of a table.

    All shards at once, through resharding. A table shows each user record of an aggregate on a line
    of its own; --output ndjson is a recording, --output json a Kinesis event, both with whole
    aggregates.

    \b
    Examples:
      kcli tail --since trim-horizon --no-follow
      kcli tail --since 10m --until 5m --output ndjson
      kcli tail --since trim-horizon --no-follow --key 'sensor-*' --grep 89
      kcli tail --since 1h --no-follow --filter '{"data": {"temperature": [30]}}'
      kcli tail --table orders --since trim-horizon --no-follow
    """
    chosen = selection(reading, deaggregate=not no_deaggregate)
    plan = read_plan(reading)
    view = _view(output, chosen, data, decode, source_kind(reading))
    connection = reach(target, reading.table)
    most, shown = reading.count or sys.maxsize, 0
    with reading_progress("showed", beside_output=True) as progress:
        consumer = consumer_of(connection, plan, progress.warn)
        note(f"reading {connection.stream_place}")
        try:
            with batches(consumer, reading) as arrived:
                for batch in arrived:
                    if not batch.shard_id:
                        continue
                    if batch.records:
                        progress.hide()
                    with ctrl_c_waits():  # so that it finds each told that is shown
                        shown += view.show(batch.records, most - shown)
                        sys.stdout.flush()
                        progress.update(batch.shard_id, batch.millis_behind, shown)
                    if shown == most:
                        break
        finally:  # after Ctrl-C too
            progress.hide()
            view.finish()
            sys.stdout.flush()
            progress.finish(is_cut=shown == most)
    if is_only_now(plan) and not shown:
        note(f"nothing shown: {LATEST_IS_NOW}")


def _view(
    output: Output, chosen: Selection, data: DataForm, decode: str | None, kind: SourceKind
) -> TailView:
    if output is Output.NDJSON:
        return TailLines(chosen)
    if output is Output.JSON:
        return TailEvent(chosen)
    function = None
    if decode is not None:
        from kinesis_cli.payloads.user_function import user_function

        function = user_function(decode, "--decode")
    return TailTable(chosen, data, function, kind)
