"""What a test makes without delivering it: records, events, contexts, moments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import count, repeat
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.runner import virtual_time
from kinesis_cli.handlers.runner.call import context_type
from kinesis_cli.handlers.time_machine import TimeMachine
from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, DEFAULT_TIMEOUT
from kinesis_cli.project.template.values import ACCOUNT_ID, region
from kinesis_cli.recordings.payload_lines import START
from kinesis_cli.stream.event import STREAM_ARN
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.times import Moment, epoch_seconds
from kinesis_cli.testing.called_here import time_of_the_test
from kinesis_cli.testing.factories import Key, PayloadValue, StreamOfTest, broken, event_of
from kinesis_cli.testing.refusals import told_at_the_call

if TYPE_CHECKING:
    from kinesis_cli.stream.kinds.change_record import ChangeRecord
    from kinesis_cli.testing.table_changes import ItemOrPair, TablesOfTest

When = str | float | datetime | date | timedelta


class OwnStream:
    """A stream that a test makes the records of, and its clock.

    Attributes:
        now: epoch seconds of the next arrival: 2025-01-01, or the time at which the test has
            stopped the clock.
    """

    def __init__(self) -> None:
        self._clock: virtual_time.VirtualTime | None = None  # between `__enter__` and `__exit__`
        stopped = time_of_the_test()
        self.now = float(START) if stopped is None else round(stopped, 3)
        self._stream = StreamOfTest(self.now)
        self._tables: TablesOfTest | None = None

    @told_at_the_call
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
        _refuse_single(payloads, "records")
        arrivals = (round(self.now + each * interval, 3) for each in count())
        return self._stream.records(payloads, key, shards, event_source_arn, arrivals)

    @told_at_the_call
    def changes(
        self,
        items: Iterable[ItemOrPair],
        changes: str | Iterable[str] = "put",
        *,
        keys: str | Iterable[str],
        view: str = "NEW_AND_OLD_IMAGES",
        table: str = "table",
        shards: int = 1,
        interval: float = 0.0,
    ) -> list[ChangeRecord]:
        """Return the records of a DynamoDB table's stream that changes of its items make.

        Args:
            items: plain, as boto3's Table takes them, or with types. Each goes through the
                changes until it is removed. A pair (old, new) is one change of its own; None
                stands for an item that is not there.
            changes: "put,update,delete,ttl", in this order; ttl is a removal by Time to Live.
            keys: names of the key attributes, partition key first: "pk" or "pk,sk".
            view: StreamViewType.
            table: its name.
            shards: of the stream; the partition key says which of them a record is in.
            interval: seconds from one change to the next; the first is at `now`.

        Raises:
            InputError: an item has no such keys, or DynamoDB would not take it.
        """
        # not needed for Kinesis
        from kinesis_cli.testing.table_changes import TablesOfTest

        _refuse_single(items, "changes")
        if self._tables is None:
            self._tables = TablesOfTest(self.now)
        arrivals = (self.now + each * interval for each in count())
        return self._tables.records(items, changes, keys, view, table, shards, arrivals)

    @told_at_the_call
    def aggregate(
        self,
        payloads: Iterable[PayloadValue],
        *,
        key: Key = None,
        event_source_arn: str = STREAM_ARN,
    ) -> Record:
        """Return one record that holds all payloads, as the Kinesis Producer Library packs them."""
        _refuse_single(payloads, "aggregate")
        return self._stream.aggregate(payloads, key, event_source_arn, self.now)

    @told_at_the_call
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
        return broken(kind, {"v": 1} if payload is None else payload, member)

    @told_at_the_call
    def event(
        self, records: Iterable[Record | PayloadValue], *, key: Key = None, shards: int = 1
    ) -> dict[str, Any]:
        """Return the event that Lambda would call a function with.

        Args:
            records: from `records`, or payloads.
            key: see `records`.
            shards: see `records`.
        """
        return event_of(self._as_records(records, key, shards))

    def context(
        self,
        *,
        timeout: float | None = None,
        function_name: str | None = None,
        memory_size: int = DEFAULT_MEMORY_SIZE,
        request_id: str = "00000000-0000-4000-8000-000000000000",
    ) -> Any:  # noqa: ANN401 - handlers have it as a class of Powertools', or of another package
        """Return the `context` of a call that begins now, a `LambdaContext`.

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

    @told_at_the_call
    def at(self, when: When) -> Self:
        """Let what is made from now on arrive at a moment, and be that moment in a `with` block.

        Args:
            when: an ISO time, epoch seconds, a datetime (UTC without a zone), or later than now by
                "+SECONDS" or a timedelta.

        Returns:
            This object, so that `kinesis.at("2026-03-29T00:59:59Z").records(…)` reads well.

        Raises:
            InputError: it is not a time.
        """
        if isinstance(when, timedelta):
            self.now = round(self.now + when.total_seconds(), 3)
        elif isinstance(when, str):
            self.now = Moment.parse(when, "at()", "after now").after(self.now)
        else:
            try:
                self.now = epoch_seconds(when)
            except ValueError:
                raise InputError(f"{when!r} is not a time", place="at()") from None
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

    def _as_records(
        self, given: Iterable[Record | PayloadValue], key: Key, shards: int
    ) -> list[Record]:
        """Records as they are; payloads as the records of a stream with these shards."""
        _refuse_single(given, "records")
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


def _refuse_single(payloads: object, called: str) -> None:
    """Refuse one payload where several are meant: its keys or characters would be the payloads.

    Raises:
        InputError: it is one.
    """
    if isinstance(payloads, str | bytes | bytearray | Mapping) or not isinstance(
        payloads, Iterable
    ):
        kind = type(payloads).__name__
        raise InputError(
            f"payloads come in a list, this is one {kind}",
            advice=f"Write {called}([payload]).",
        )
