"""Following the records of a put to their end."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

import typer

from kinesis_cli.aws.producing.producer import PutView
from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.running.interruption import on_ctrl_c
from kinesis_cli.errors import EndpointError, InputError, KcliError
from kinesis_cli.following.followed import Put, Reader
from kinesis_cli.following.settling import Settling
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.summary import PutSummary
from kinesis_cli.show.console import flush, note
from kinesis_cli.show.streams.follow import FollowView

if TYPE_CHECKING:
    from kinesis_cli.local.client.connection import Connected
    from kinesis_cli.show.shapes.following import FollowedRecords


class Facts(Protocol):
    """Whoever knows what happens to records."""

    every: float  # seconds between two looks
    keeps_up: bool  # it is to be looked at while records are put
    tells_all: bool  # whether everything that happens is told
    clock: str  # whose clock latencies are measured with, for people
    caveat: str  # what is said where something that happened may be missing

    @property
    def readers(self) -> Sequence[Reader]:
        """The mappings that read the stream."""
        ...

    def put(self, settling: Settling, records: Sequence[Entry]) -> None:
        """Records are in the stream, and known to `settling`."""
        ...

    def look(self, settling: Settling) -> None:
        """Tell what has happened since the last time."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


class Follow:
    """The records of one put, from their answers on.

    Args:
        facts: who knows what happens to them.
        output: "table", "json" or "ndjson".
        timeout: seconds to wait for their ends once all are put.

    Raises:
        InputError: nobody delivers the stream, so there is nothing to follow.
    """

    def __init__(self, facts: Facts, stream: str, output: str, timeout: float) -> None:
        self._facts, self._timeout = facts, timeout
        readers = _delivering(facts.readers, stream)
        self._settling = Settling(readers, tells_all=facts.tells_all)
        self.view = FollowView(readers, output, facts.clock, facts.caveat)
        self._next_look = 0.0
        self._interrupted = self._timed_out = False
        self._error: KcliError | None = None

    def around(self, view: PutView) -> PutView:
        """The view of a put, which tells this, too, what was put."""
        return _BothViews(view, self)

    def put(self, records: Sequence[Entry]) -> None:
        """Records were acknowledged."""
        self._settling.put(_by_number(records, time.time()))
        self._facts.put(self._settling, records)

    def look(self, *, while_put: bool = False) -> None:
        """Ask what has happened.

        Args:
            while_put: whether records are still put: then not too often, and whoever does not
                answer may answer later.
        """
        if while_put and (not self._facts.keeps_up or time.monotonic() < self._next_look):
            return
        try:
            self._facts.look(self._settling)
        except EndpointError as error:
            self._error = None if while_put else error
        self._next_look = time.monotonic() + self._facts.every
        self.view.add(self._settling.take_settled())

    def wait(self, *, is_over: bool = False) -> None:
        """Wait until every record has ended, or time is up; then no more is asked.

        Args:
            is_over: whether Ctrl-C has ended the put: then nothing is waited for.
        """
        flush()  # what was said of the put
        self._settling.all_put()
        self._interrupted = is_over
        until = time.monotonic() + self._timeout
        try:
            with on_ctrl_c(self._interrupt):
                while self._goes_on(until):
                    self.view.progress(self._settling.open, self._settling.in_call)
                    self._pause(min(self._next_look, until))
        finally:
            self._facts.close()
        self.view.add(list(self._settling.take_open(time.time())))

    def document(self) -> "FollowedRecords":
        """What became of them, for the document of the put."""
        return self.view.document(timed_out=self._timed_out)

    def finish(self) -> None:
        """Show what became of them."""
        self.view.finish(timed_out=self._timed_out)
        if self._timed_out:
            note(f"time is up after {self._timeout:g} s; --timeout gives more")

    def end(self) -> None:
        """End the command as the records have ended.

        Raises:
            KcliError: they could not be followed to the end.
            Exit: with another code than 0.
        """
        if self._interrupted:
            raise typer.Exit(ExitCode.INTERRUPTED)
        if self._error is not None:
            raise self._error
        if self.view.bad:
            raise typer.Exit(ExitCode.FAILED)

    def _goes_on(self, until: float) -> bool:
        self.look()
        if self._interrupted or self._error or self._settling.is_over:
            return False
        self._timed_out = time.monotonic() >= until
        return not self._timed_out

    def _pause(self, until: float) -> None:
        while not self._interrupted and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def _interrupt(self) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        self._interrupted = True


class _BothViews:
    """Passes on what a put tells."""

    def __init__(self, view: PutView, follow: Follow) -> None:
        self._view, self._follow = view, follow

    def acknowledged(self, records: Sequence[Entry]) -> None:
        self._view.acknowledged(records)
        self._follow.put(records)

    def failed(self, records: Sequence[Entry]) -> None:
        self._view.failed(records)

    def progress(self, summary: PutSummary) -> None:
        self._view.progress(summary)
        self._follow.look(while_put=True)


def follow_of(connected: "Connected", output: str, timeout: float, *, packed: bool) -> Follow:
    """What follows the records of a put there.

    Args:
        connected: to where they go.
        output: "table", "json" or "ndjson".
        timeout: see `Follow`.
        packed: whether they are put in aggregates.

    Raises:
        InputError, EndpointError: they cannot be followed.
    """
    from kinesis_cli.aws.mappings import arn_of_stream

    connection = connected.connection
    arn = arn_of_stream(connection, connection.stream)
    if connected.local:
        from kinesis_cli.local.client.lives import LocalLives

        facts: Facts = LocalLives(connected.local.server, arn)
    else:
        from kinesis_cli.aws.following.lives import AwsLives

        facts = AwsLives(connection, arn, note, packed=packed)
    return Follow(facts, connection.stream, output, timeout)


def _delivering(readers: Sequence[Reader], stream: str) -> list[Reader]:
    """The mappings that deliver; the others are told of.

    Raises:
        InputError: there is none.
    """
    advice = "Nothing was put; without --follow it would be."
    if not readers:
        raise InputError(
            f"no event source mapping reads {stream}: there is nothing to follow", advice=advice
        )
    idle = [f"{each.function}: {each.why}" for each in readers if each.why]
    delivering = [each for each in readers if not each.why]
    if not delivering:
        raise InputError(
            f"nothing delivers {stream}, so there is nothing to follow: {'; '.join(idle)}",
            advice=advice,
        )
    for each in idle:
        note(f"not followed: {each}")
    for reader in delivering:
        if reader.trouble:
            note(f"all calls of {reader.function} fail: {reader.trouble}")
    return delivering


def _by_number(records: Iterable[Entry], now: float) -> list[Put]:
    """Records as they are in the stream: those of an aggregate are one."""
    found: dict[tuple[str, str], Put] = {}
    for record in records:
        key = record.shard_id, record.sequence_number
        known = found.get(key)
        if known is None:
            found[key] = Put(record.index, *key, now)
        else:
            index = min(known.index, record.index)
            found[key] = Put(index, *key, now, known.records + 1)
    return list(found.values())
