"""Which shapes each command prints. A new command, or a new output of one, needs its line here.

A command that prints one document as JSON, and the same on one line as NDJSON, has no rows.
"""

from typing import NamedTuple

import msgspec

from docs.shapes import following, handlers, machine, poison, records, simulation, streams

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
    "simulate": Printed(simulation.DOCUMENTS, simulation.ROWS),
    "invoke": Printed((handlers.Call, handlers.CallComparison)),
    "check": Printed((handlers.Check,), (handlers.CheckRow, handlers.PropertyRow)),
    "lint": Printed((handlers.Lint, handlers.Rules)),
    "event": RECORDS,
    "put": Printed(
        (streams.Put, following.FollowedPut, streams.DryRun),
        (
            *(streams.PutRow, streams.WouldPut),
            *(following.FollowedRow, following.FollowedSummaryRow),
        ),
    ),
    "tail": Printed(
        (records.KinesisEvent, records.TableEvent),
        (records.KinesisRecord, records.TableRecord),
    ),
    "replay": Printed((streams.Put, streams.Load), (streams.PutRow, streams.Load)),
    "status": Printed(
        (streams.Status, poison.Poison),
        (streams.Status, poison.StuckRow, poison.PoisonSummaryRow),
    ),
    "redrive": Printed((streams.Redrive,), (streams.RedrivenRow, streams.RedriveSummaryRow)),
    "tail-logs": Printed(rows=(streams.LogEvent,)),
    "local status": Printed((machine.LocalStatus,)),
    "config": Printed((machine.Config,)),
}
