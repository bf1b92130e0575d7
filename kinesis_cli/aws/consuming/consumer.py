"""Reading a stream: all shards at once, parents before children, through faults, nothing twice."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from kinesis_cli.aws.consuming.fan_out import FanOut, registered
from kinesis_cli.aws.consuming.kinesis_stream import KinesisStream
from kinesis_cli.aws.consuming.pages import MalformedAnswer
from kinesis_cli.aws.consuming.polling import AT_TIP, BETWEEN_CALLS, Polling
from kinesis_cli.aws.consuming.shard_reading import (
    AFTER_SEQUENCE_NUMBER,
    DATE_AGE,
    Position,
    Reading,
    ShardPage,
    Source,
)
from kinesis_cli.aws.consuming.table_stream import TableStream
from kinesis_cli.aws.retries import GIVE_UP_AFTER, passes
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError, InputError, aws_code
from kinesis_cli.stream.lineage import Lineage, ListedShard
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import Start, StartKind
from kinesis_cli.stream.sequence import SequenceNumber
from kinesis_cli.stream.shards import hash_key, shard_index
from kinesis_cli.stream.table_arn import is_of_table

LOOK_UP = 0.5  # seconds; how often the caller of `batches` gets to look at the time

# A subscription to a shard can be taken over 5 seconds after it began.
_IN_USE = "ResourceInUseException"
# Of DynamoDB Streams: the record that is asked for is more than a day old.
_TRIMMED = "TrimmedDataAccessException"


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What to read of a stream.

    Args:
        start: where to begin in the shards that are there; later ones are read from their start.
        until: epoch seconds; what arrives then or later is not read.
        follow: wait for more at the tip.
        shard_ids: read only these; empty: all.
        partition_key: read only the shards that take records of this key.
        positions: shard → sequence number of its last record that is known already.
        limit: records to ask for at once, where few are wanted; None: as many as there are.
    """

    start: Start
    until: float | None = None
    follow: bool = True
    shard_ids: frozenset[str] = frozenset()
    partition_key: str | None = None
    positions: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ShardRecords:
    """What came from a shard."""

    shard_id: str
    records: list[Record]  # in order; maybe none
    millis_behind: int | None  # milliseconds behind the tip; None: the server did not say
    position: str = ""  # the sequence number up to which the shard was read; empty: as before


class Consumer:
    """Reads a stream.

    Args:
        connection: to what.
        stream: name or ARN of a stream of Kinesis; or the ARN of a table's.
        plan: what to read.
        warn: told in one sentence of trouble that lasts; reading goes on.

    Attributes:
        stream_arn: of the stream.
        began: when, by the service's clock, epoch seconds; up to `DATE_AGE` too early.

    Raises:
        EndpointError: there is no such stream, or it cannot be asked.
    """

    def __init__(
        self, connection: Connection, stream: str, plan: ReadPlan, warn: Callable[[str], None]
    ) -> None:
        self._connection, self._plan, self._warn = connection, plan, warn
        self._lineage = Lineage()
        self._starts: dict[str, Position] = {}
        self._readings: dict[str, Reading] = {}
        self._random = Random()
        self._api: KinesisStream | TableStream
        if is_of_table(stream):
            self._service, self._named = "dynamodbstreams", None
            with connection.explained(self._service):
                self._api = TableStream(connection, stream, plan.limit)
        else:
            self._service, self._named = "kinesis", stream
            with connection.explained(stream=stream):
                self._api = KinesisStream(connection, stream, plan.limit)
        self.stream_arn, self.began = self._api.arn, self._api.began

    @property
    def shards(self) -> int:
        """How many shards are being read."""
        return len(self._readings)

    def poll(self) -> Generator[ShardRecords, None, None]:
        """Records as they come, asked for with GetRecords; see `_batches`."""
        # On this machine nobody else reads, and a developer waits.
        at_tip = BETWEEN_CALLS if self._connection.target.is_local else AT_TIP
        with self._connection.explained(self._service, self._named):
            yield from self._batches(Polling(self._api, at_tip=at_tip))

    def fan_out(self, name: str) -> Generator[ShardRecords, None, None]:
        """Records as they are pushed to an enhanced fan-out consumer; see `_batches`.

        Args:
            name: of the consumer; where there is none, it is registered and, in the end,
                deregistered.
        """
        assert isinstance(self._api, KinesisStream)  # tables have no consumers
        client = self._api.client
        with (
            self._connection.explained(self._service, self._named),
            registered(client, self.stream_arn, name, self._warn) as consumer_arn,
        ):
            yield from self._batches(FanOut(client, consumer_arn))

    def _batches(self, source: Source) -> Generator[ShardRecords, None, None]:
        """Until all is read that the plan wants.

        A batch without records comes at least every `LOOK_UP` seconds.

        Raises:
            EndpointError: it refused, or gave no good answer for `GIVE_UP_AFTER` seconds.
            InputError: the plan names a shard that the stream does not have.
        """
        try:
            for reading in self._first_readings():
                source.begin(reading)
            while self._readings:
                arrived = source.next(LOOK_UP)
                if arrived is None:
                    yield ShardRecords("", [], None)
                    continue
                reading, outcome = arrived
                if reading.shard_id not in self._readings:
                    continue  # pushed after the shard was left
                if isinstance(outcome, Exception):
                    self._failed(source, reading, outcome)
                else:
                    yield self._received(source, reading, outcome)
        finally:
            source.close()

    # --- which shards

    def _listed(self) -> list[ListedShard]:
        return self._api.listed()

    def _first_readings(self) -> list[Reading]:
        plan, listed = self._plan, self._listed()
        if unknown := plan.shard_ids - {each.shard_id for each in listed}:
            ids = [each.shard_id for each in listed]
            advice = f"It has {ids[0]} to {ids[-1]}." if ids else "It has none."
            raise InputError(f"the stream has no shard {min(unknown)}", advice=advice)
        wanted = []
        for each in listed:
            start = self._start(each, len(listed)) if self._wants(each) else None
            if start is None:
                self._lineage.end(each.shard_id)
            else:
                self._starts[each.shard_id] = start
                wanted.append(each)
        return self._new_readings(self._lineage.add(wanted))

    def _wants(self, each: ListedShard) -> bool:
        plan = self._plan
        if plan.shard_ids and each.shard_id not in plan.shard_ids:
            return False
        return plan.partition_key is None or hash_key(plan.partition_key) in each.shard

    def _start(self, each: ListedShard, shards: int) -> Position | None:
        """From where a shard is read that is there at the beginning; None: not at all."""
        start = self._plan.start
        # UNSURE(trimmed-number): we ask for what comes after a number whose record has left the
        # stream; AWS may begin with the oldest record, as we hope, or refuse.
        if number := self._plan.positions.get(each.shard_id):
            return Position(AFTER_SEQUENCE_NUMBER, number)
        match start.kind:
            case StartKind.LATEST if not each.is_open:
                return None
            case StartKind.AT_SEQUENCE_NUMBER:
                only = shards == 1 or len(self._plan.shard_ids) == 1
                return _around(start.sequence_number, each, is_only=only)
            case StartKind.LATEST:
                return Position(start.kind, seconds=self.began)
        return Position(start.kind, seconds=start.seconds)

    def _new_readings(self, ready: Iterable[ListedShard]) -> list[Reading]:
        whole = Position(StartKind.TRIM_HORIZON)
        readings = [Reading(each, self._starts.get(each.shard_id, whole)) for each in ready]
        self._readings |= {each.shard_id: each for each in readings}
        return readings

    # --- what came

    def _received(self, source: Source, reading: Reading, page: ShardPage) -> ShardRecords:
        records = page.lambda_records(reading.shard_id, self.stream_arn)
        if self._is_past_the_plan(records, page):
            del self._readings[reading.shard_id]
            source.leave(reading)
        elif page.at_end:
            self._ended(source, reading, page.children())
        elif not self._plan.follow and self._is_at_tip(source, page):
            source.leave(reading)
            if reading.shard.is_open:
                del self._readings[reading.shard_id]
            else:  # the end may be told a call later than the last records (UNSURE(shard-end) of
                # the local endpoint), or, by moto, never
                self._ended(source, reading, [])
        else:
            source.go_on(reading)
        position = page.position
        if (until := self._plan.until) is not None:
            wanted = [record for record in records if record.arrival < until]
            if len(wanted) < len(records):
                position = wanted[-1].sequence_number if wanted else ""
            records = wanted
        return ShardRecords(reading.shard_id, records, page.millis_behind_latest, position)

    def _is_at_tip(self, source: Source, page: ShardPage) -> bool:
        """Whether a shard was read as far as there was something when reading began.

        Where a writer never stops there is always more. And not every server knows how far behind
        it is, so when asked its 0 alone does not count.
        """
        if page.millis_behind_latest:
            return False
        if page.last_arrival is None:
            return page.is_sure
        return source.knows_the_tip or page.last_arrival >= self.began + DATE_AGE

    def _is_past_the_plan(self, records: list[Record], page: ShardPage) -> bool:
        """Whether the rest of a shard arrives when the plan wants no more."""
        until = self._plan.until
        if until is None or page.at_end:
            return False
        if records:
            return records[-1].arrival >= until
        return not page.millis_behind_latest and page.is_sure and time.time() >= until

    def _ended(self, source: Source, reading: Reading, children: list[ListedShard]) -> None:
        del self._readings[reading.shard_id]
        if not children or any(each.shard_id not in self._lineage for each in children):
            # Listed too: they may have been closed meanwhile, or have a parent not heard of yet.
            children = [*self._listed(), *children]
        ready = self._lineage.add(filter(self._wants, children))
        for each in self._new_readings([*ready, *self._lineage.end(reading.shard_id)]):
            source.begin(each)

    # --- what did not

    def _failed(self, source: Source, reading: Reading, error: Exception) -> None:
        code = aws_code(error)
        if code == "ExpiredIteratorException":
            reading.restart()
            source.retry(reading, 0.0)
        elif code == _TRIMMED:
            self._warn(f"{reading.shard_id} lost records before they were read: they were too old")
            reading.iterator, reading.position = None, Position(StartKind.TRIM_HORIZON)
            source.retry(reading, 0.0)
        elif code == "ResourceNotFoundException" and self._has_left(reading):
            self._warn(f"{reading.shard_id} left the stream before it was read to its end")
            self._ended(source, reading, [])
        elif code == _IN_USE or passes(error) or isinstance(error, OSError | MalformedAnswer):
            source.retry(reading, self._pause(reading, error))
        else:
            raise error

    def _has_left(self, reading: Reading) -> bool:
        return reading.shard_id not in {each.shard_id for each in self._listed()}

    def _pause(self, reading: Reading, error: Exception) -> float:
        """Count a failure of a shard; return the seconds until the next try.

        Raises:
            EndpointError: it has failed for too long.
        """
        lasts = reading.trouble.add(time.monotonic())
        trouble = f"{reading.shard_id} could not be read for {lasts:.0f} s: {error}"
        if lasts > GIVE_UP_AFTER:
            raise EndpointError(trouble, code=aws_code(error)) from error
        if reading.trouble.is_worth_telling(lasts):
            self._warn(trouble)
        return reading.trouble.pause(self._random, base=0.1)


def _around(number: str, each: ListedShard, *, is_only: bool) -> Position:
    """The record in its own shard; in the others what arrived since.

    Args:
        number: of a record.
        each: a shard.
        is_only: it must be that one's.
    """
    if is_only:
        return Position(StartKind.AT_SEQUENCE_NUMBER, number)
    try:
        decoded = SequenceNumber.decode(number)
    except InputError as error:
        raise InputError(
            error.problem, place="--since", advice="Name its shard with --shard."
        ) from error
    if decoded.shard_index == shard_index(each.shard_id):
        return Position(StartKind.AT_SEQUENCE_NUMBER, number)
    return Position(StartKind.AT_TIMESTAMP, seconds=float(decoded.time))
