"""The fixture `kinesis`: a test's own stream, and the event source mapping that delivers it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from itertools import count, repeat
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack, cast

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.handlers.runner import virtual_time
from kinesis_cli.handlers.runner.call import context_type
from kinesis_cli.handlers.runner.context import LambdaContext
from kinesis_cli.handlers.time_machine import TimeMachine
from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, DEFAULT_TIMEOUT, Function
from kinesis_cli.project.mapping import MappingChoice
from kinesis_cli.project.stream_settings import DEFAULT_RETENTION_HOURS
from kinesis_cli.project.template.values import ACCOUNT_ID, region
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.payload_lines import START
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.simulation.durations import CallDuration, call_duration
from kinesis_cli.simulation.faults import Fault
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.stream.event import STREAM_ARN, KinesisEvent
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordList
from kinesis_cli.stream.times import Moment, epoch_seconds
from kinesis_cli.testing import current
from kinesis_cli.testing.called_here import CalledHere, name_of, time_of_the_test
from kinesis_cli.testing.factories import Key, PayloadValue, StreamOfTest, broken, event_of
from kinesis_cli.testing.mapping_settings import MappingSettings
from kinesis_cli.testing.meant import (
    MappingGiven,
    described_function,
    meant_mapping,
    project_function,
)
from kinesis_cli.testing.repeat import Repeat, code_of, options_of
from kinesis_cli.testing.result import Run

LambdaFunction = Callable[[Any, Any], object]
When = str | float | datetime | date | timedelta
Deliverable = str | os.PathLike[str] | Mapping[str, Any] | Iterable[Record | PayloadValue]

MAX_EXPLAINED = 10_000  # filtered records that are told why


class Kinesis:
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
        test = current.running
        self.directory = Path(directory or (test.root if test else "")).resolve()
        self._template = None if template is None else Path(template)
        self._function, self._mapping, self._settings = function, mapping, settings
        self.seed = seed
        self._wall_clock = wall_clock
        self._clock: virtual_time.VirtualTime | None = None  # between `__enter__` and `__exit__`
        stopped = time_of_the_test()
        self.now = float(START) if stopped is None else round(stopped, 3)
        self._stream = StreamOfTest(self.now)

    # Factories

    def records(
        self,
        payloads: Iterable[PayloadValue],
        *,
        key: Key = None,
        shards: int = 1,
        interval: float = 0.0,
        event_source_arn: str = STREAM_ARN,
    ) -> list[Record]:
        """Return a record for each payload, in the order of their sequence numbers.

        Args:
            payloads: bytes and texts as they are, anything else as JSON.
            key: the partition key of all, or a function of the payload; default: each has its own.
            shards: of the stream; the key says which of them a record is in.
            interval: seconds from one arrival to the next; the first is at `now`.
            event_source_arn: of the stream, or of an enhanced fan-out consumer.

        Raises:
            InputError: a payload, key or number of shards is none.
        """
        __tracebackhide__ = True
        arrivals = (round(self.now + each * interval, 3) for each in count())
        return self._stream.records(payloads, key, shards, event_source_arn, arrivals)

    def aggregate(
        self,
        payloads: Iterable[PayloadValue],
        *,
        key: Key = None,
        event_source_arn: str = STREAM_ARN,
    ) -> Record:
        """Return one record that holds all payloads, as the Kinesis Producer Library packs them."""
        __tracebackhide__ = True
        return self._stream.aggregate(payloads, key, event_source_arn, self.now)

    def broken(
        self, kind: str, payload: PayloadValue = None, *, member: str | None = None
    ) -> bytes:
        """Return a payload that is broken in one way, for `records`.

        Args:
            kind: "not JSON", "empty", "cut off", "invalid UTF-8", "missing member", "gzip", …; a
                wrong one is answered with all there are.
            payload: what it was before; default: a small object.
            member: which member of it is broken; default: the first.

        Raises:
            InputError: there is no such kind.
        """
        __tracebackhide__ = True
        return broken(kind, {"v": 1} if payload is None else payload, member)

    def event(
        self, records: Iterable[Record | PayloadValue], *, key: Key = None, shards: int = 1
    ) -> dict[str, Any]:
        """Return the event that Lambda would call a function with.

        Args:
            records: from `records`, or payloads.
            key: see `records`.
            shards: see `records`.
        """
        __tracebackhide__ = True
        return event_of(self._as_records(records, key, shards))

    def context(
        self,
        *,
        timeout: float | None = None,
        function_name: str | None = None,
        memory_size: int = DEFAULT_MEMORY_SIZE,
        request_id: str = "00000000-0000-4000-8000-000000000000",
    ) -> LambdaContext:
        """Return the `context` of a call that begins now.

        Its remaining time follows virtual time within `with kinesis.at(…)`, else the real clock.

        Args:
            timeout: seconds; default: 3, as Lambda's.
            function_name: default: "function".
            memory_size: MB.
            request_id: of the call.
        """
        seconds = DEFAULT_TIMEOUT if timeout is None else timeout
        name = function_name or "function"
        arn = f"arn:aws:lambda:{region()}:{ACCOUNT_ID}:function:"
        monotonic = virtual_time.CLOCKS["monotonic"][1]
        clock, began = self._clock, monotonic()
        if clock is None:
            return context_type(name, memory_size, arn, {})(
                request_id, lambda: seconds - (monotonic() - began)
            )
        slept = clock.slept
        return context_type(name, memory_size, arn, {})(
            request_id, lambda: seconds - (clock.slept - slept)
        )

    def at(self, when: When) -> Self:
        """Let what is made from now on arrive at a moment, and be that moment in a `with` block.

        Args:
            when: an ISO time, epoch seconds, a datetime (UTC without a zone), or later than now by
                "+SECONDS" or a timedelta.

        Returns:
            This object, so that `kinesis.at("2026-03-29T00:59:59Z").records(…)` reads well.

        Raises:
            InputError: it is no time.
        """
        __tracebackhide__ = True
        if isinstance(when, timedelta):
            self.now = round(self.now + when.total_seconds(), 3)
        elif isinstance(when, str):
            self.now = Moment.parse(when, "at()", "after now").after(self.now)
        else:
            try:
                self.now = epoch_seconds(when)
            except ValueError:
                raise InputError(f"{when!r} is no time", place="at()") from None
        return self

    def __enter__(self) -> Self:
        """Stop the clock at `now`: `time.sleep` moves it on, and nothing is waited for."""
        if self._clock is not None:
            raise RuntimeError("the clock of this test stands still already")
        virtual_time.install()
        self._clock = virtual_time.VirtualTime(TimeMachine())
        self._clock.start(self.now, math.inf)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the clock go on; `now` is later by what was slept."""
        assert self._clock is not None
        self._clock.stop()
        virtual_time.uninstall()
        self.now = round(self.now + self._clock.slept, 3)
        self._clock = None

    # Deliveries

    def deliver(
        self,
        records: Deliverable,
        handler: LambdaFunction | str | Handler | None = None,
        *,
        mapping: MappingGiven = None,
        start_at: float | None = None,
        until: float | None = None,
        invocation_duration: float | str | None = 0.1,
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
        overrides = {**self._settings, **settings}
        seed = self.seed if seed is None else seed
        given = self._mapping if mapping is None else mapping
        try:
            described = self._described(handler, mapping=given)
            choice = meant_mapping(described, given, overrides, self.directory)
            stream_arn = choice.mapping.event_source_arn
            source = self._all_records(records, stream_arn, described)
            retention = retention_hours or _retention(described)
            duration = _duration(invocation_duration)
            options = SimulationOptions(
                start_at=start_at,
                until=until,
                invocation_duration=duration,
                function_timeout=described.timeout if described else 900.0,
                function_name=described.qualified_name if described else "function",
                executed_version=described.version if described else "$LATEST",
                reserved_concurrency=described.reserved_concurrency if described else None,
                retention_hours=retention,
                seed=seed,
                faults=tuple(map(Fault.parse, inject)),
                explain=frozenset(each.sequence_number for each in source[:MAX_EXPLAINED]),
            )
            repeat = self._repeat(
                handler,
                options_of(
                    seed,
                    {
                        "start-at": start_at,
                        "until": until,
                        "invocation-duration": _written(invocation_duration),
                        "retention-hours": None if retention == 24 else retention,
                    },
                    inject,
                ),
            )
            return self._run(source, handler, described, choice, options, repeat)
        except InputError as error:
            _with_advice(error)
            raise error.with_traceback(None) from error.__cause__

    def _run(
        self,
        records: Sequence[Record],
        handler: LambdaFunction | str | Handler | None,
        described: Function | None,
        choice: MappingChoice,
        options: SimulationOptions,
        repeat: Repeat | None,
    ) -> Run:
        __tracebackhide__ = True
        first = min((record.arrival for record in records), default=self.now)
        with closing(self._runnable(handler, described, first)) as runnable:
            simulation = Simulation(RecordList(records), runnable, choice.mapping, options)
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
        )
        if current.running is not None:
            current.running.runs.append(run)
        return run

    def _runnable(
        self,
        handler: LambdaFunction | str | Handler | None,
        described: Function | None,
        at: float,
    ) -> Handler:
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

    def _described(
        self, handler: LambdaFunction | str | Handler | None, *, mapping: MappingGiven
    ) -> Function | None:
        """What the template says of the function; None: nothing, and nothing is asked."""
        if handler is None or isinstance(handler, str):
            return project_function(
                handler, template=self._template, named=self._function, directory=self.directory
            )
        is_named = self._template is not None or self._function is not None
        if mapping is not None and not is_named:
            return None
        return described_function(
            handler if callable(handler) else None,
            template=self._template,
            named=self._function,
            directory=self.directory,
        )

    def _repeat(
        self, handler: LambdaFunction | str | Handler | None, options: tuple[str, ...]
    ) -> Repeat | None:
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
        self, given: Deliverable, stream_arn: str | None, described: Function | None
    ) -> list[Record]:
        if isinstance(given, str | os.PathLike):
            shards = described.stream.shards if described and described.stream else 1
            reading = Reading(stream_arn=stream_arn)
            file = self._found(Path(given))
            with Recording.open([str(file)], reading=reading, shards=shards or 1) as recording:
                return list(recording.records())
        if isinstance(given, Mapping):
            event = KinesisEvent.from_json(json.dumps(given))
            return [each.record() for each in event.records]
        return self._as_records(given, None, 1)

    def _as_records(
        self, given: Iterable[Record | PayloadValue], key: Key, shards: int
    ) -> list[Record]:
        """Records as they are; payloads as the records of a stream with these shards."""
        found = list(given)
        if all(isinstance(each, Record) for each in found):
            return cast("list[Record]", found)
        if any(isinstance(each, Record) for each in found):
            raise InputError(
                "records and payloads are mixed",
                advice="Make records of the payloads first: kinesis.records([…]).",
            )
        payloads = cast("list[PayloadValue]", found)
        return self._stream.records(payloads, key, shards, STREAM_ARN, repeat(self.now))

    def _found(self, file: Path) -> Path:
        """A file by its path from the working directory, the test's folder or the project's."""
        test = current.running
        folders = [Path(), *([test.file.parent] if test else []), self.directory]
        return next((each / file for each in folders if (each / file).exists()), file)

    def __repr__(self) -> str:
        moment = datetime.fromtimestamp(self.now).astimezone()
        return f"<Kinesis of a test, seed {self.seed}, at {moment.isoformat()}>"


def deliver(
    records: Deliverable,
    handler: LambdaFunction | str | Handler | None = None,
    *,
    template: str | os.PathLike[str] | None = None,
    function: str | None = None,
    mapping: MappingGiven = None,
    seed: int = 0,
    inject: Sequence[str] = (),
    **settings: Unpack[MappingSettings],
) -> Run:
    """Deliver records to a function as Lambda would, in any test: `unittest`, a script.

    Args:
        records: payloads, records, an event or a file; see `Kinesis.deliver`.
        handler: a function, or the name of one; default: the template's.
        template: default: the project's, found upwards from the working directory.
        function: the logical id, where the template has several.
        mapping: replaces the template's; {} is AWS's defaults.
        seed: fixes request ids, poll phases and faults.
        inject: faults, as in `kcli simulate --inject`.
        settings: single settings of the mapping under AWS's names, `BatchSize=10`.

    Raises:
        InputError: the records, the function or a setting are not usable.
    """
    __tracebackhide__ = True
    kinesis = Kinesis(template=template, function=function, seed=seed)
    return kinesis.deliver(records, handler, mapping=mapping, inject=inject, **settings)


def _loaded(function: Function, at: float, *, wall_clock: bool) -> Handler:
    """The function's code, loaded as Lambda does."""
    from kinesis_cli.handlers import handler_of, python_handler

    if function.needs_own_process:
        return handler_of(function, isolated=True, wall_clock=True)
    return python_handler(function, wall_clock=wall_clock, at=None if wall_clock else at)


def _retention(function: Function | None) -> float:
    stream = function.stream if function else None
    return float(stream.retention_hours if stream else DEFAULT_RETENTION_HOURS)


def _duration(given: float | str | None) -> CallDuration | None:
    if isinstance(given, str):
        return call_duration(given)
    return None if given is None else CallDuration(given)


def _written(duration: float | str | None) -> object:
    """A duration as an option of the command; None: its default."""
    if duration is None:
        return "measured"
    return None if duration == 0.1 else duration


def _with_advice(error: InputError) -> None:
    """Let pytest show the advice, which is no part of the text."""
    if error.advice and error.advice not in getattr(error, "__notes__", ()):
        error.add_note(error.advice)


__all__ = ["Kinesis", "deliver", "name_of"]

Arrivals = Iterator[float]
