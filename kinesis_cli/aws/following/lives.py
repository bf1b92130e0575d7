"""What becomes of records on AWS: from the function's log and the on-failure destination.

Neither names every record. What they do not tell is "not told".
"""

import time
from collections.abc import Callable, Iterable, Sequence

from kinesis_cli.aws.following.given_up import GivenUp
from kinesis_cli.aws.functions import log_group_of
from kinesis_cli.aws.logs import LOCAL_PAUSE, PAUSE, LogFollower, LogQuery
from kinesis_cli.aws.mappings import stream_mappings
from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.status import MappingState, mapping_state
from kinesis_cli.errors import EndpointError, KcliError
from kinesis_cli.event_source_mapping.filters.criteria import Filters, compile_filters
from kinesis_cli.following.fact import Fact
from kinesis_cli.following.followed import Reader
from kinesis_cli.following.logged_calls import LoggedCalls, LoggedFunction
from kinesis_cli.following.settling import Settling
from kinesis_cli.function_log.entries import LogReader
from kinesis_cli.putting.entry import Entry
from kinesis_cli.stream.event import lambda_record

BEFORE_SECONDS = 60.0  # the log is read from so long before the put: clocks differ
READERS_EACH = 10.0  # seconds between two looks at the mappings
DISABLED = ("Disabled", "Disabling")

Warn = Callable[[str], None]


class AwsLives:
    """What AWS tells of the records of a stream from now on.

    Args:
        connection: to what.
        stream_arn: the stream's.
        warn: told in one sentence of what cannot be asked.
        packed: whether the records are put in aggregates, which is what a filter sees.

    Raises:
        EndpointError: the mappings may not be asked for.
    """

    keeps_up = tells_all = False
    clock = (
        "the clock of the log's lines less this machine's, from the answer to the put: as exact as "
        "the two agree"
    )
    caveat = (
        "AWS tells of a record what the function's log and on-failure documents name: calls whose "
        "log has no sequence number are not known here."
    )

    def __init__(
        self, connection: Connection, stream_arn: str, warn: Warn, *, packed: bool
    ) -> None:
        self._connection, self._stream_arn, self._warn = connection, stream_arn, warn
        self.every = LOCAL_PAUSE if connection.target.is_local else PAUSE
        mappings = self._mappings()
        self.readers = [_reader(each) for each in mappings]
        self._followed = [
            _Mapping(connection, each, stream_arn, warn, packed=packed)
            for each in mappings
            if not _why(each)
        ]
        self._next_readers = time.monotonic() + READERS_EACH

    def put(self, settling: Settling, records: Sequence[Entry]) -> None:
        """Records are in the stream: what no filter lets through has ended."""
        for each in self._followed:
            settling.happened(each.put(records))

    def look(self, settling: Settling) -> None:
        """Tell what has become known since the last time.

        Raises:
            EndpointError: it may not be asked any more.
        """
        now = time.monotonic()
        for each in self._followed:
            settling.happened(each.look(now, set(settling.open_numbers(each.state.uuid))))
        if now >= self._next_readers:
            self._next_readers = now + READERS_EACH
            settling.read_by([_reader(each) for each in self._mappings()], now)

    def close(self) -> None:
        """Nothing is held between two looks."""

    def _mappings(self) -> list[MappingState]:
        found = stream_mappings(self._connection, stream_arn=self._stream_arn, function=None)
        return [mapping_state(each) for each in found]


class _Mapping:
    """One mapping, its function's log and its documents."""

    def __init__(
        self,
        connection: Connection,
        state: MappingState,
        stream_arn: str,
        warn: Warn,
        *,
        packed: bool,
    ) -> None:
        self.state, self._stream_arn, self._warn = state, stream_arn, warn
        self._documents = f"the on-failure documents of {state.function}"
        self._shards: dict[str, str] = {}  # sequence number → shard
        self._filters = None if packed else _filters(state)
        function = LoggedFunction(
            stream_arn, state.uuid, state.function, state.settings.report_batch_item_failures
        )
        self._calls, self._reader = LoggedCalls(function), LogReader()
        self._log: LogFollower | None = None
        self._given_up: GivenUp | None = None
        try:
            group = log_group_of(connection, state.function_arn)
            query = LogQuery(group, since=time.time() - BEFORE_SECONDS)
            self._log = LogFollower(connection, query, warn, tells_missing=False)
        except EndpointError as error:
            warn(f"the log of {state.function} is not read: {error}")
        try:
            self._given_up = GivenUp(connection, state, stream_arn, warn)
        except KcliError as error:
            warn(f"{self._documents} are not read: {error}")

    def put(self, records: Iterable[Entry]) -> list[Fact]:
        """Note records; those that match no filter have ended."""
        filtered: list[tuple[str, str]] = []
        for each in records:
            self._shards[each.sequence_number] = each.shard_id
            if self._filters is not None and not self._matches(each):
                filtered.append((each.shard_id, each.sequence_number))
        return [self._filtered(*each) for each in filtered]

    def look(self, now: float, still_open: set[str]) -> list[Fact]:
        """What has become known."""
        facts = self._logged(now)
        if self._given_up is not None:
            wanted = {number: its for number, its in self._shards.items() if number in still_open}
            try:
                facts += self._given_up.look(wanted)
            except EndpointError as error:
                self._given_up = None
                self._warn(
                    f"the on-failure documents of {self.state.function} are not read: {error}"
                )
        return [*facts, *self._calls.done(now)]

    def _logged(self, now: float) -> list[Fact]:
        if self._log is None:
            return []
        try:
            events = self._log.look()
        except EndpointError as error:
            self._log = None
            self._warn(f"the log of {self.state.function} is not read: {error}")
            return []
        events.sort(key=lambda event: event.timestamp)  # stable: as they came within a millisecond
        entries = [entry for block in self._reader.read(events) for entry in block]
        return list(self._calls.read(entries, self._shards, now))

    def _matches(self, entry: Entry) -> bool:
        assert self._filters is not None
        record = lambda_record(
            shard_id=entry.shard_id,
            sequence_number=entry.sequence_number,
            partition_key=entry.partition_key,
            arrival=time.time(),
            data=entry.data,
            event_source_arn=self._stream_arn,
        )
        return self._filters.matches(record)

    def _filtered(self, shard_id: str, number: str) -> Fact:
        return Fact(
            number=0,
            stream=self._stream_arn,
            mapping=self.state.uuid,
            function=self.state.function,
            shard_id=shard_id,
            at=0.0,
            what="ended",
            sequence_numbers=(number,),
            outcome="filtered",
            reason="by kcli's reading of the filter: AWS tells of none",
        )


def _filters(state: MappingState) -> Filters | None:
    patterns = state.settings.filter_patterns
    return compile_filters(patterns, state.settings.kind) if patterns else None


def _why(state: MappingState) -> str:
    return "the mapping is disabled" if state.state in DISABLED else ""


def _reader(state: MappingState) -> Reader:
    return Reader(state.uuid, state.function, _why(state))
