"""Which shapes each command prints. A new command, or a new output of one, needs its line here.

A command that prints one document as JSON, and the same on one line as NDJSON, has no rows.
"""

from typing import NamedTuple

import msgspec

from kinesis_cli.show.shapes import (
    as_aws,
    check,
    following,
    invocation,
    lint,
    machine,
    poison,
    put,
    records,
    redrive,
    runs,
    simulation,
    status,
    sweep,
    tail_logs,
)

Shapes = tuple[type[msgspec.Struct], ...]


class Printed(NamedTuple):
    """What a command prints: any one of `documents`, or on each line any one of `rows`."""

    documents: Shapes = ()
    rows: Shapes = ()


RECORDS = Printed(
    (records.KinesisEvent, records.TableEvent, records.KafkaEvent),
    (records.KinesisRecord, records.TableRecord, records.KafkaLine),
)
PRINTED = {
    "simulate": Printed(
        (simulation.Simulation, runs.Life, runs.Comparison, sweep.Sweep),
        (
            *(simulation.RunRow, simulation.InvocationRow, simulation.AttemptRow),
            *(as_aws.DestinationRow, simulation.FilteredRow, simulation.ExpiredRow),
            *(simulation.UnsureRow, simulation.SummaryRow, runs.Life, runs.ComparedRow),
            *(sweep.SweepRow, sweep.PointRow, sweep.RecommendationRow),
        ),
    ),
    "invoke": Printed((invocation.Call, invocation.CallComparison)),
    "check": Printed((check.Check,), (check.CheckRow, check.PropertyRow)),
    "lint": Printed((lint.Lint, lint.Rules)),
    "event": RECORDS,
    "put": Printed(
        (put.Put, following.FollowedPut, put.DryRun),
        (
            *(put.PutRow, put.WouldPut),
            *(following.FollowedRow, following.FollowedSummaryRow),
        ),
    ),
    "tail": Printed(
        (records.KinesisEvent, records.TableEvent),
        (records.KinesisRecord, records.TableRecord),
    ),
    "replay": Printed((put.Put, put.Load), (put.PutRow, put.Load)),
    "status": Printed(
        (status.Status, poison.Poison),
        (status.Status, poison.StuckRow, poison.PoisonSummaryRow),
    ),
    "redrive": Printed((redrive.Redrive,), (redrive.RedrivenRow, redrive.RedriveSummaryRow)),
    "tail-logs": Printed(rows=(tail_logs.LogEvent,)),
    "local status": Printed((machine.LocalStatus,)),
    "config": Printed((machine.Config,)),
}
# Documents of AWS's by which others describe a member, see `base.written_as`.
AS_AWS: dict[str, type[msgspec.Struct]] = {
    shape.__name__: shape for shape in (as_aws.Mapping, as_aws.OnFailureDocument, as_aws.Report)
}
