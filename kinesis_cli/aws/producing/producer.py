"""Putting records on a stream: a thin shell with threads around `putting.plan`.

The caller's thread plans; the others send calls and wait for answers, several at once.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, NamedTuple, Protocol

from kinesis_cli.aws.producing.calls import PutCalls
from kinesis_cli.aws.retries import passes
from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.streams import StreamLimits, open_shards, stream_limits
from kinesis_cli.errors import EndpointError, KcliError, aws_code
from kinesis_cli.putting.entry import DEFAULT_MAX_RECORD, Entry
from kinesis_cli.putting.plan import THROTTLED, PutPlan
from kinesis_cli.putting.rated_source import Source
from kinesis_cli.putting.summary import PutSummary

IN_FLIGHT = 8  # calls at once
REPORT_EVERY = 0.5  # seconds, where nothing happens

STOPPED = "it was not sent before the put was stopped"
UNKNOWN = "it was in flight when the put was stopped at once, and may be in the stream"


class PutView(Protocol):
    """Sees what happens, in the thread that called `Producer.put`."""

    def acknowledged(self, records: Sequence[Entry]) -> None:
        """Records are in the stream."""
        ...

    def failed(self, records: Sequence[Entry]) -> None:
        """Records were given up; each has a `reason`."""
        ...

    def progress(self, summary: PutSummary) -> None:
        """So far it is this; called often."""
        ...


class _Outcome(NamedTuple):
    call: list[Entry]
    results: Sequence[Any] | None
    error: Exception | None


class Producer:
    """Puts records on one stream.

    Args:
        connection: to the target.
        stream: its name or ARN.
        plan: decides what is sent when; new.
        in_flight: calls at once.

    Raises:
        EndpointError, InputError: no client can be made.
    """

    def __init__(
        self, connection: Connection, stream: str, plan: PutPlan, *, in_flight: int = IN_FLIGHT
    ) -> None:
        self._connection, self._stream, self._plan = connection, stream, plan
        plan.limited = connection.is_limited
        self._put_calls = PutCalls(connection.client("kinesis"), stream)
        self._most_in_flight = in_flight
        self._calls: SimpleQueue[list[Entry] | None] = SimpleQueue()
        self._outcomes: SimpleQueue[_Outcome | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unanswered: dict[int, list[Entry]] = {}
        self._limits: StreamLimits | None = None
        self._max_record = DEFAULT_MAX_RECORD
        self._left: list[Entry] = []  # given up after the stop, in any order
        self._input_ended = self._flushed = self._stopped = False
        self._interrupts = 0
        self._waits_for_others = False  # for input or an answer, where Ctrl-C may raise
        self.summary = PutSummary()

    def put(self, source: Source, view: PutView) -> PutSummary:
        """Put all records of a source.

        Returns:
            What came of it; `error` says why it ended early. What was acknowledged until then is.

        Raises:
            KeyboardInterrupt: never for the first two calls of `interrupt`.
        """
        start = monotonic()
        try:
            while self._goes_on(source):
                now = monotonic()
                self._send(source, now, view)
                self._receive(self._timeout(source, now), view)
                self.summary.elapsed = monotonic() - start
                self._report(source, view)
        finally:
            for _ in self._threads:
                self._calls.put(None)
        self._give_up_rest(view)
        return self.summary

    def interrupt(self) -> None:
        """Ctrl-C: the first time what is in flight is waited for, the second time nothing.

        May be called by a signal handler of the thread that is in `put`.
        """
        self._interrupts += 1
        self.summary.interrupted = True
        self._outcomes.put(None)  # wakes the loop; safe in a signal handler, as its docs say
        if self._waits_for_others or self._interrupts > 2:
            raise KeyboardInterrupt

    # --- the loop

    def _goes_on(self, source: Source) -> bool:
        if self._interrupts:
            self._stop()
            return self._interrupts == 1 and bool(self._plan.in_flight)
        if self._stopped:
            return bool(self._plan.in_flight)
        ended = self._input_ended or source.next_moment(0.0) is None
        if ended and not self._flushed:
            self._flushed = True
            self._plan.flush()
        return not ended or not self._plan.is_empty or bool(self._plan.in_flight)

    def _send(self, source: Source, now: float, view: PutView) -> None:
        """Fill the free places in flight."""
        plan = self._plan
        while plan.in_flight < self._most_in_flight and not self._stopped:
            while plan.wants_records and self._take(source, now):
                pass
            if plan.wants_shards and not self._look_at_shards(now, view):
                return
            if self._stopped or not (call := plan.next_call(now)):
                return
            self._unanswered[id(call)] = call
            if len(self._threads) < min(plan.in_flight, self._most_in_flight):
                self._start_thread()
            self._calls.put(call)

    def _take(self, source: Source, now: float) -> bool:
        """Move records from the source to the plan; whether there may be more."""
        due = None if self._input_ended else source.next_moment(now)
        if due is None or due > now:
            return False
        try:
            with self._waiting_for_others():
                entries = source.take(now)
        except KeyboardInterrupt:
            self._stop()
            return False
        except KcliError as error:  # what was taken before is put
            self.summary.error = error
            self._input_ended = True
            return False
        self._plan.add(self._sound(entries), now)
        return bool(entries)

    def _sound(self, entries: list[Entry]) -> list[Entry]:
        """Those that the stream takes; the others are given up."""
        problems = [entry.problem(self._max_record) for entry in entries]
        if not any(problems):
            return entries
        if self._limits is None and any(entry.size > self._max_record for entry in entries):
            self._max_record = self._asked_limits().max_record
            return self._sound(entries)
        for entry, problem in zip(entries, problems, strict=True):
            if problem:
                self._plan.reject(entry, problem)
        return [entry for entry, problem in zip(entries, problems, strict=True) if not problem]

    def _timeout(self, source: Source, now: float) -> float:
        """Seconds to wait for an answer, at most until something is to be done or shown."""
        moments = [now + REPORT_EVERY]
        if not self._stopped and self._plan.in_flight < self._most_in_flight:
            due = [self._plan.next_moment()]
            if self._plan.wants_records and not self._input_ended:
                due.append(source.next_moment(now))
            if not any(due) and not self._plan.in_flight:
                return 0.0  # the source has just ended
            moments += [moment for moment in due if moment is not None]
        return max(min(moments) - now, 0.0)

    def _receive(self, timeout: float, view: PutView) -> None:
        """Wait for an answer, and take all that are there."""
        try:
            outcome = self._outcomes.get(timeout=timeout)
            while True:
                if outcome is not None:
                    self._note(outcome, view)
                outcome = self._outcomes.get_nowait()
        except Empty:
            return

    def _note(self, outcome: _Outcome, view: PutView) -> None:
        call, results, error = outcome
        del self._unanswered[id(call)]
        now = monotonic()
        if results is not None:
            self._acknowledge(self._plan.answered(call, results, now), view)
            return
        assert error is not None
        explained = self._explained(error)
        reason = explained.problem
        if self._passes(error):
            self._plan.not_answered(call, reason, now, throttled=aws_code(error) == THROTTLED)
        else:
            self._plan.refused(call, reason)
            self._end(explained)

    def _acknowledge(self, entries: list[Entry], view: PutView) -> None:
        if not entries:
            return
        records = entries
        if self._plan.aggregates:
            records = [record for entry in entries for record in _acknowledged_records(entry)]
        self.summary.by_shard.update(map(attrgetter("shard_id"), records))
        self.summary.acknowledged += len(records)
        view.acknowledged(records)

    def _report(self, source: Source, view: PutView) -> None:
        summary, plan = self.summary, self._plan
        summary.records = source.taken
        summary.retried, summary.throttled = plan.retried, plan.throttled
        if failed := plan.take_failed():
            if self._stopped:
                self._left += failed
            else:
                self._fail(failed, view)
        view.progress(summary)

    def _fail(self, entries: Sequence[Entry], view: PutView) -> None:
        records = [record for entry in entries for record in entry.records]
        for entry in entries:
            for record in entry.parts:
                record.reason = entry.reason
        self.summary.failed += len(records)
        view.failed(records)

    # --- its end

    def _end(self, error: KcliError) -> None:
        """Take and send nothing more; `error` is why."""
        self.summary.error = self.summary.error or error
        self._stop()

    def _stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._plan.abandon(STOPPED)

    def _give_up_rest(self, view: PutView) -> None:
        """What was left when it was stopped, in the order of the input."""
        left = [*self._left, *self._plan.take_failed()]
        for call in self._unanswered.values():
            for entry in call:
                entry.reason = UNKNOWN
            left += call
            self.summary.in_flight += sum(len(entry.records) for entry in call)
        if left:
            self._fail(sorted(left, key=attrgetter("index")), view)

    # --- the stream

    def _look_at_shards(self, now: float, view: PutView) -> bool:
        """Tell the plan the shards; whether it can go on with them."""
        aggregates = self._plan.aggregates
        if aggregates and self._plan.in_flight:
            return False  # all that waits is packed anew, when nothing is under way
        try:
            with self._waiting_for_others():
                shards = open_shards(self._connection, self._stream)
                paced = not self._asked_limits().is_on_demand
        except KeyboardInterrupt:
            self._stop()
            return False
        except EndpointError as error:
            if aggregates:
                self._end(error)
                return False
            # Putting needs no kinesis:ListShards; each record then pauses on its own.
            shards, paced = [], False
        self._acknowledge(self._plan.set_shards(shards, paced=paced, now=now), view)
        return True

    def _asked_limits(self) -> StreamLimits:
        if self._limits is None:
            self._limits = stream_limits(self._connection, self._stream)
        return self._limits

    @contextmanager
    def _waiting_for_others(self) -> Iterator[None]:
        """Around what may take long and must end with Ctrl-C."""
        self._waits_for_others = True
        try:
            yield
        finally:
            self._waits_for_others = False

    def _passes(self, error: Exception) -> bool:
        """Whether trying again may help."""
        from botocore.exceptions import EndpointConnectionError

        if isinstance(error, EndpointConnectionError):
            return self.summary.acknowledged > 0  # else the address is wrong, or nobody is there
        return passes(error)

    def _explained(self, error: Exception) -> KcliError:
        """The error as a sentence.

        Raises:
            Exception: one that is neither AWS's nor the network's is a bug.
        """
        try:
            with self._connection.explained(stream=self._stream):
                raise error
        except KcliError as explained:
            return explained

    # --- other threads

    def _start_thread(self) -> None:
        # Daemons: at a second Ctrl-C nobody waits for their answers.
        thread = threading.Thread(target=self._work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                outcome = _Outcome(call, self._put_calls.put(call), None)
            except Exception as error:  # noqa: BLE001 - raised in the thread that waits for it
                outcome = _Outcome(call, None, error)
            self._outcomes.put(outcome)


def _acknowledged_records(entry: Entry) -> Sequence[Entry]:
    for record in entry.parts:
        record.shard_id, record.sequence_number = entry.shard_id, entry.sequence_number
        record.attempts = entry.attempts
    return entry.records
