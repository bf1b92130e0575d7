"""Finding what makes the shards of a stream stand still."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.status import Metric, Status
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.local.client.failing import failing_batches
from kinesis_cli.local.state import Server
from kinesis_cli.poison.calling import BatchCaller
from kinesis_cli.poison.hunt import Finding, estimated_findings, told_findings
from kinesis_cli.poison.reading import StuckReader
from kinesis_cli.poison.remedies import Step, Typed, deadlines, steps
from kinesis_cli.poison.search import Verdict
from kinesis_cli.poison.stuck import StuckMapping, stuck_as_told, stuck_by_metrics
from kinesis_cli.recordings.writing import write_recording
from kinesis_cli.show.progress import progress
from kinesis_cli.show.streams.poison import Reported
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.table_arn import is_of_table

_STEPS_FOR = (Verdict.RECORD, Verdict.TOGETHER)


def stuck_mappings(status: Status, server: Server | None) -> list[StuckMapping]:
    """The mappings of a stream that have a shard which stands still.

    Args:
        status: of the stream.
        server: that delivers it, on this machine; None: Lambda does.

    Raises:
        InputError, EndpointError: the server does not tell.
    """
    if server is not None:
        return stuck_as_told(status, failing_batches(server))
    return stuck_by_metrics(status, time.time())


class Code(msgspec.Struct, frozen=True):
    """The code on this machine that stands for the function of a mapping."""

    new_handler: Callable[[float], Handler]
    timeout: float  # seconds
    typed: Typed  # options that mean it, and the target


@dataclass(frozen=True, slots=True)
class PoisonHunt:
    """Reads where a mapping stands still, and calls the function on this machine.

    Args:
        status: of the stream.
        connection: to it.
        server: that delivers it, on this machine; None: Lambda does.
        code_for: what is called for a mapping.
        save: where the records go that fail; None: nowhere.
    """

    status: Status
    connection: Connection
    server: Server | None
    code_for: Callable[[StuckMapping], Code]
    save: Path | None

    def run(self) -> Iterator[Reported]:
        """Yield what is found, shard by shard.

        Raises:
            InputError: the code cannot be run, or a file not be written.
            EndpointError: the stream cannot be read.
        """
        stream = self.status.stream
        if self.server is None and is_of_table(stream.arn):
            raise InputError(
                "the stream of a table cannot be read from a moment on, and Lambda does not say "
                "where it stands still",
                advice="`kcli record --table NAME --since trim-horizon` records it from its start, "
                "and `kcli simulate` delivers that to the handler.",
            )
        found: list[Record] = []
        for stuck in stuck_mappings(self.status, self.server):
            for reported in self._of_mapping(stuck):
                found += [each.record for each in reported.finding.found.suspects]
                if self.save is not None and found:
                    write_recording(sorted(found, key=_order), self.save)
                yield reported

    def _of_mapping(self, stuck: StuckMapping) -> Iterator[Reported]:
        code, settings = self.code_for(stuck), stuck.mapping.settings
        reader = StuckReader(self.connection, self.status.stream.arn, settings)
        with (
            progress("calling the function") as bar,
            closing(BatchCaller(code.new_handler, settings, bar.update)) as call,
        ):
            if stuck.estimate is None:
                findings = told_findings(stuck.mapping, stuck.batches, reader, call)
            else:
                findings = estimated_findings(
                    stuck.mapping,
                    stuck.estimate,
                    reader,
                    call,
                    timeout=code.timeout,
                    records_per_second=self._records_per_second(),
                )
            for finding in findings:
                yield self._reported(finding, code)

    def _reported(self, finding: Finding, code: Code) -> Reported:
        stream, found = self.status.stream, finding.found
        settings, target = finding.mapping.settings, self.connection.target
        remedies: tuple[Step, ...] = ()
        if found.verdict in _STEPS_FOR:
            saved = "" if self.save is None else str(self.save)
            remedies = tuple(steps(finding.mapping, target, stream.arn, saved, code.typed))
        return Reported(
            finding,
            tuple(
                deadlines(each.record.arrival, stream.retention_hours, settings)
                for each in found.suspects
            ),
            remedies,
            time.time(),
        )

    def _records_per_second(self) -> float | None:
        """What each shard takes, about, by the figures of the last hour."""
        metrics: tuple[Metric, ...] = self.status.metrics.value or ()
        incoming = [m for m in metrics if m.label == "records put"]
        measured = [value for each in incoming for value in each.measured]
        if not measured or not self.status.stream.open_shards:
            return None
        return max(measured) / 60.0 / self.status.stream.open_shards


def _order(record: Record) -> tuple[str, int]:
    return record.shard_id, int(record.sequence_number)
