"""The fixture `kinesis`: a test's own stream, and the event source mapping that delivers it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from kinesis_cli.aws.consuming.held_changes import default_streams_client, held_changes
from kinesis_cli.aws.consuming.held_records import HeldRecords, default_client, held_records
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.project.function import Function
from kinesis_cli.project.mapping import MappingChoice
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordList
from kinesis_cli.testing import current
from kinesis_cli.testing.called_here import CalledHere, LambdaFunction
from kinesis_cli.testing.events import kind_of_event, records_of_event
from kinesis_cli.testing.factories import PayloadValue
from kinesis_cli.testing.mapping_settings import MappingSettings
from kinesis_cli.testing.meant import (
    MappingGiven,
    described_function,
    meant_mapping,
    project_function,
)
from kinesis_cli.testing.own_stream import OwnStream
from kinesis_cli.testing.refusals import told_at_the_call
from kinesis_cli.testing.repeat import Repeat, code_of
from kinesis_cli.testing.result import Run
from kinesis_cli.testing.told import USUAL_DURATION, DeliveryOptions, Told
from kinesis_cli.testing.watched import Watched

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

Deliverable = str | os.PathLike[str] | Mapping[str, Any] | Iterable[Record | PayloadValue]
Deliveree = LambdaFunction | str | Handler | None
Read = Callable[[Function | None, str | None], HeldRecords]  # (function, ARN of the stream)


class Kinesis(OwnStream):
    """A stream of a test, and the event source mapping that delivers it to a function.

    Args:
        template: a SAM or CloudFormation template; default: the project's, found upwards from
            `directory`.
        function: the logical id, where the template has several.
        mapping: a mapping that replaces the template's: members under AWS's names, or a file.
        seed: fixes request ids, poll phases and faults.
        directory: of the project; default: pytest's root, else the working directory.
        wall_clock: whether functions see the real time during a delivery.
        settings: single settings of the mapping under AWS's names, `BatchSize=10`.
    """

    def __init__(
        self,
        *,
        template: str | os.PathLike[str] | None = None,
        function: str | None = None,
        mapping: MappingGiven = None,
        seed: int = 0,
        directory: str | os.PathLike[str] | None = None,
        wall_clock: bool = False,
        **settings: Unpack[MappingSettings],
    ) -> None:
        super().__init__()
        test = current.running
        self.directory = Path(directory or (test.root if test else "")).resolve()
        self._template = None if template is None else Path(template)
        self._function, self._mapping, self._settings = function, mapping, settings
        self.seed = seed
        self._wall_clock = wall_clock
        self._read_to: dict[str, dict[str, str]] = {}  # stream → shard → last number read
        self._seen_changes: dict[str, set[str]] = {}  # stream of a table → events that were read

    @told_at_the_call
    def deliver(
        self,
        records: Deliverable,
        handler: Deliveree = None,
        *,
        mapping: MappingGiven = None,
        start_at: float | None = None,
        until: float | None = None,
        invocation_duration: float | str | None = USUAL_DURATION,
        retention_hours: float | None = None,
        inject: Sequence[str] = (),
        seed: int | None = None,
        **settings: Unpack[MappingSettings],
    ) -> Run:
        """Deliver records to a function as Lambda would, in virtual time, until all have ended.

        Args:
            records: from `records` or `aggregate`; payloads; an event; or a file: an event, a
                recording, whatever `kcli simulate` reads.
            handler: a function, called here with the test's environment, mocks and monkeypatches
                in force; or "module.function" or "path/file.py:function", loaded as Lambda does;
                default: the template's function.
            mapping: replaces the template's: members under AWS's names, or a file; {} is AWS's
                defaults.
            start_at: when the mapping goes live, epoch seconds; default: the first arrival.
            until: epoch seconds; nothing starts after it.
            invocation_duration: virtual seconds that a call takes besides its own sleeps, or a
                model of its batch, "0.05+0.002/record"; None: as long as it really takes.
            retention_hours: how long the stream keeps a record; default: as in the template.
            inject: faults, "throttle@1-3", as in `kcli simulate --inject`.
            seed: of this delivery; default: the test's.
            settings: single settings of the mapping under AWS's names, `BatchSize=10`.

        Raises:
            InputError: the records, the function or a setting are not usable.
        """
        __tracebackhide__ = True
        told = self._told(
            {
                "mapping": mapping,
                "start_at": start_at,
                "until": until,
                "invocation_duration": invocation_duration,
                "retention_hours": retention_hours,
                "inject": inject,
                "seed": seed,
                **settings,
            }
        )
        if not isinstance(records, str | os.PathLike | Mapping | bytes) and isinstance(
            records, Iterable
        ):
            records = list(records)  # looked at, and then delivered
        kind = self._kind_of(records)
        return self._deliver(handler, told, partial(self._all_records, records), kind)

    @told_at_the_call
    def drain(
        self,
        stream: str,
        handler: Deliveree = None,
        *,
        client: KinesisClient | None = None,
        **options: Unpack[DeliveryOptions],
    ) -> Run:
        """Read a stream through boto3, and deliver what it holds: with moto, or a local endpoint.

        The first time from its beginning, then each time what has come since.

        Args:
            stream: name or ARN.
            handler: see `deliver`.
            client: of boto3; default: `boto3.client("kinesis")`.
            options: see `deliver`.

        Raises:
            InputError: the function or a setting is not usable.
            botocore.exceptions.ClientError: the stream cannot be read.
        """
        __tracebackhide__ = True
        return self._deliver(handler, self._told(options), partial(self._unread, stream, client))

    @told_at_the_call
    def drain_table(
        self,
        table: str,
        handler: Deliveree = None,
        *,
        client: Any = None,  # noqa: ANN401 - boto3's, for `dynamodbstreams`
        **options: Unpack[DeliveryOptions],
    ) -> Run:
        """Read the stream of a DynamoDB table through boto3, and deliver what it holds.

        With moto in `mock_aws`, or a local endpoint. The first time from its beginning, then each
        time what has come since. Of moto's records those are left out that DynamoDB would not
        have.

        Args:
            table: its name, or the stream's ARN.
            handler: see `deliver`.
            client: of boto3, for `dynamodbstreams`; default: one that moto serves.
            options: see `deliver`.

        Raises:
            InputError: the table has no stream; the function or a setting is not usable.
            botocore.exceptions.ClientError: the stream cannot be read.
        """
        __tracebackhide__ = True
        read = partial(self._unread_changes, table, client)
        return self._deliver(handler, self._told(options), read, DYNAMODB)

    def _told(self, options: DeliveryOptions) -> Told:
        """The options of a delivery, over those of the test."""
        given: dict[str, Any] = dict(options)
        own = {name: given.pop(name) for name in Told.KEYWORDS if name in given}
        if own.get("seed") is None:
            own["seed"] = self.seed
        if own.get("mapping") is None:
            own["mapping"] = self._mapping
        return Told(settings={**self._settings, **given}, **own)

    def _deliver(
        self, handler: Deliveree, told: Told, read: Read, kind: SourceKind = KINESIS
    ) -> Run:
        __tracebackhide__ = True
        described = self._described(handler, mapping=told.mapping, kind=kind)
        choice = meant_mapping(described, told.mapping, told.settings, self.directory, kind)
        found = read(described, choice.mapping.event_source_arn)
        options = told.options(described, found.records, found.parents)
        repeat = self._repeat(handler, told.as_command(described))
        return self._run(found.records, handler, described, choice, options, repeat)

    def _run(
        self,
        records: Sequence[Record],
        handler: Deliveree,
        described: Function | None,
        choice: MappingChoice,
        options: SimulationOptions,
        repeat: Repeat | None,
    ) -> Run:
        __tracebackhide__ = True
        first = min((record.arrival for record in records), default=self.now)
        with closing(self._runnable(handler, described, first)) as runnable:
            simulation = Simulation(
                RecordList(records, choice.mapping.kind), runnable, choice.mapping, options
            )
            watched = Watched()
            if current.running is not None:  # it may fail, and have a page
                simulation.watches.append(watched)
            rows = tuple(simulation.rows())
        run = Run(
            records=tuple(records),
            handler=runnable.name,
            mapping=choice.mapping,
            mapping_origin=choice.origin,
            start_at=simulation.start_at,
            starts_from=simulation.starts_from,
            summary=simulation.summary(),
            rows=rows,
            seen=runnable.seen if isinstance(runnable, CalledHere) else {},
            warnings=simulation.warnings,
            repeat=repeat,
            watched=watched,
        )
        if current.running is not None:
            current.running.runs.append(run)
        return run

    def _runnable(self, handler: Deliveree, described: Function | None, at: float) -> Handler:
        if handler is None or isinstance(handler, str):
            assert described is not None
            return _loaded(described, at, wall_clock=self._wall_clock)
        if not callable(handler):
            return handler
        test = current.running
        return CalledHere(
            handler,
            described,
            test_file=test.file if test else None,
            root=self.directory,
            wall_clock=self._wall_clock,
        )

    def _kind_of(self, given: Deliverable) -> SourceKind:
        """The kind of source that the records are of."""
        if isinstance(given, str | os.PathLike):
            with Input.open(str(self._found(Path(given))), Reading()) as found:
                return found.kind or KINESIS
        if isinstance(given, Mapping):
            return kind_of_event(given) or KINESIS
        is_made = isinstance(given, list) and all(isinstance(each, Record) for each in given)
        return kind_of_records(given) if is_made else KINESIS  # type: ignore[arg-type]

    def _described(
        self, handler: Deliveree, *, mapping: MappingGiven, kind: SourceKind
    ) -> Function | None:
        """What the template says of the function; None: nothing, and nothing is asked."""
        if handler is None or isinstance(handler, str):
            return project_function(
                handler,
                template=self._template,
                named=self._function,
                directory=self.directory,
                kind=kind,
            )
        is_named = self._template is not None or self._function is not None
        if mapping is not None and not is_named:
            return None
        return described_function(
            handler if callable(handler) else None,
            template=self._template,
            named=self._function,
            directory=self.directory,
            kind=kind,
        )

    def _repeat(self, handler: Deliveree, options: tuple[str, ...]) -> Repeat | None:
        test = current.running
        if test is None:
            return None
        code: tuple[str, ...] | None
        if isinstance(handler, str):
            code = ("--handler", handler)
        elif handler is None:
            code = ()
            if self._template is not None:
                code += ("--template", str(self._template))
            if self._function is not None:
                code += ("--function", self._function)
        else:
            code = code_of(handler, test.root) if callable(handler) else None
        return Repeat(test.next_folder(), test.root, code, options)

    def _all_records(
        self, given: Deliverable, described: Function | None, stream_arn: str | None
    ) -> HeldRecords:
        if isinstance(given, str | os.PathLike):
            shards = described.stream.shards if described and described.stream else 1
            reading = Reading(stream_arns=(stream_arn,) if stream_arn else ())
            file = self._found(Path(given))
            with Recording.open([str(file)], reading=reading, shards=shards or 1) as recording:
                return HeldRecords(list(recording.records()))
        if isinstance(given, Mapping):
            if kind_of_event(given) is None:
                raise InputError(
                    "this is one payload, or an event without its Records",
                    advice="Payloads come in a list: deliver([payload], …).",
                )
            return HeldRecords(records_of_event(json.dumps(given), "the event"))
        return HeldRecords(self._as_records(given, None, 1))

    def _unread(
        self,
        stream: str,
        client: KinesisClient | None,
        _described: Function | None,
        _stream_arn: str | None,
    ) -> HeldRecords:
        """What a stream holds, from where the last call was."""
        read_to = self._read_to.setdefault(stream, {})
        return held_records(client or default_client(), stream, read_to)

    def _unread_changes(
        self,
        table: str,
        client: Any,  # noqa: ANN401 - boto3's
        _described: Function | None,
        _stream_arn: str | None,
    ) -> HeldRecords:
        """What a table's stream holds, but for what an earlier call has read."""
        return held_changes(client or default_streams_client(), table, self._seen_changes)

    def _found(self, file: Path) -> Path:
        """A file by its path from the working directory, the test's folder or the project's."""
        test = current.running
        folders = [Path(), *([test.file.parent] if test else []), self.directory]
        return next((each / file for each in folders if (each / file).exists()), file)

    def __repr__(self) -> str:
        moment = datetime.fromtimestamp(self.now, UTC).isoformat()
        return f"<Kinesis of a test, seed {self.seed}, now {moment}>"


@told_at_the_call
def deliver(
    records: Deliverable,
    handler: Deliveree = None,
    *,
    template: str | os.PathLike[str] | None = None,
    function: str | None = None,
    **options: Unpack[DeliveryOptions],
) -> Run:
    """Deliver records to a function as Lambda would, in any test: `unittest`, a script.

    Args:
        records: payloads, records, an event or a file; see `Kinesis.deliver`.
        handler: a function, or the name of one; default: the template's.
        template: default: pytest's configuration, else the project's, found upwards from the
            working directory.
        function: the logical id, where the template has several.
        options: see `Kinesis.deliver`.

    Raises:
        InputError: the records, the function or a setting are not usable.
    """
    __tracebackhide__ = True
    settings = current.running.settings() if current.running else {}
    named = {"template": template, "function": function}
    settings |= {name: value for name, value in named.items() if value is not None}
    return Kinesis(**settings).deliver(records, handler, **options)


def _loaded(function: Function, at: float, *, wall_clock: bool) -> Handler:
    """The function's code, loaded as Lambda does."""
    from kinesis_cli.handlers import handler_of, python_handler
    from kinesis_cli.handlers.options import HandlerOptions

    if function.needs_own_process:
        return handler_of(function, HandlerOptions())
    options = HandlerOptions(wall_clock=wall_clock, at=None if wall_clock else at)
    return python_handler(function, options)
