"""One event source mapping that is enabled: its shards, parents before children."""

import asyncio
import sqlite3
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.delivery import ShardDelivery
from kinesis_cli.event_source_mapping.events import Discarded
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.local.function.activity import Activity, Called, Remark, ShardCounts, Tally, Tell
from kinesis_cli.local.function.destinations import Destinations
from kinesis_cli.local.kinesis import ServiceError
from kinesis_cli.local.mapping.history import History, ShardHistory
from kinesis_cli.local.mapping.progress import Progress
from kinesis_cli.local.mapping.resting import RestingShards
from kinesis_cli.local.mapping.shard import CallFunction, ShardRun, ShardTools
from kinesis_cli.local.mapping.sources.source import Source, SourceShard
from kinesis_cli.local.mapping.store import MappingStore, StoredMapping
from kinesis_cli.poison.stuck_batch import StuckBatch
from kinesis_cli.stream.on_failure_document import on_failure_document, s3_document, s3_key

RETRY_SECONDS = 1.0  # until a stream that is not there is looked for again
NOTHING_YET = "No records processed"


@dataclass(frozen=True, slots=True)
class MappingTools:
    """What a mapping needs of the world."""

    source: Source
    store: MappingStore
    destinations: Destinations
    call: CallFunction
    executed_version: Callable[[], str]  # of the last call
    tell: Tell
    tally: Tally
    changed: Callable[[], None]
    looked: Callable[[], None]
    count: Callable[[str, str, int], None]  # of a mapping: CloudWatch's name, and records
    report: Callable[[str, Exception], None]  # told of our own mistakes: the log has them whole
    history: History = field(default_factory=lambda: History(0))


class MappingRun:
    """Delivers a stream to a function, until `stop` or its task is cancelled.

    Args:
        mapping: that is delivered.
        function_arn: of its function.
        tools: what it needs of the world.

    Raises:
        InputError: the settings are not valid.
    """

    def __init__(self, mapping: StoredMapping, function_arn: str, tools: MappingTools) -> None:
        self._mapping, self._function_arn, self._tools = mapping, function_arn, tools
        self._settings: EventSourceMapping = mapping.settings
        patterns = self._settings.filter_patterns
        self._filters = compile_filters(patterns, self._settings.kind) if patterns else None
        self._shards: dict[str, ShardRun] = {}  # those with records in hand, or to be read
        self._resting: RestingShards | None = None  # the others
        self._ended: deque[asyncio.Task[None]] = deque()
        self._something = asyncio.Event()
        self._asked = 0  # the newest round of `look`
        self._looked = -1  # the newest round in which the resting shards were looked at
        self._is_stopping = False
        self._source = tools.source
        self._finished: set[str] = set()  # its shards that are read and done
        self.is_without_stream = False
        self.problem = ""  # why nothing is delivered; empty: it is
        self.last_result = NOTHING_YET
        self._mistake = ""  # of ours, in the call that has ended

    async def run(self) -> None:
        """Deliver, through whatever happens to the stream."""
        while not self._is_stopping:
            try:
                await self._deliver()
            except ServiceError as error:
                self.is_without_stream = error.code == "ResourceNotFoundException"
                self._trouble(error.message)
            except (sqlite3.Error, InputError) as error:
                self._trouble(str(error))
            except Exception as error:  # noqa: BLE001 - a mistake of ours: delivery must not end
                self._tools.report(f"delivering {self.stream}", error)
                self._trouble(f"a mistake in kcli, {error!r}")
            if not self._is_stopping:
                await asyncio.sleep(RETRY_SECONDS)

    def failing(self) -> list[StuckBatch]:
        """The batches that fail and are tried again."""
        found = [each.failing(self._mapping.uuid) for each in self._shards.values()]
        return [batch for batches in found for batch in batches]

    @property
    def function(self) -> str:
        """The function's name."""
        return self._mapping.function

    @property
    def stream(self) -> str:
        """The name of the stream, or of the table."""
        return self._source.name

    @property
    def stream_arn(self) -> str:
        """The ARN of the stream itself."""
        return self._source.arn.partition("/consumer/")[0]

    def stop(self) -> None:
        """Start nothing more; `run` returns when the calls that are running have ended."""
        self._is_stopping = True
        self._something.set()
        for shard in self._shards.values():
            shard.stop()

    def look(self, round_: int) -> None:
        """Look for records now; answered in `looked`."""
        self._asked = round_
        self._something.set()
        for shard in self._shards.values():
            shard.look(round_)

    def looked(self, round_: int) -> bool:
        """Whether all shards have been looked at, those too that are just about to be opened."""
        if self.is_without_stream:
            return True
        return self._looked >= round_ and all(
            each.looked >= round_ and not each.has_finished for each in self._shards.values()
        )

    @property
    def never_had_a_stream(self) -> bool:
        """Whether there was none since the start; one that was deleted may come again."""
        return self.is_without_stream and not self._source.created

    @property
    def found_nothing(self) -> bool:
        """Whether the looks found nothing to read, and nothing in hand."""
        return all(each.found_nothing for each in self._shards.values())

    async def backlog(self) -> int:
        """Records that have not ended."""
        backlog = sum([await each.backlog() for each in self._shards.values()])
        resting = self._resting
        if resting is None:
            return backlog
        unread = resting.unread()
        if self._shards or unread:  # children may wait for their parents
            known = self._shards.keys() | self._finished
            numbers = [each.number for each in await self._source.shards()]
            others = [n for n in numbers if self._source.shard_id(n) not in known]
            backlog += resting.unread_from_start(n for n in others if n not in resting)
        return backlog + sum(unread.values())

    def _trouble(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            text = f"{self._mapping.function} gets nothing from {self.stream}: {problem}"
            self._tools.tell(Remark(text))
            self._tools.changed()

    # Shards

    async def _deliver(self) -> None:
        """Deliver the stream that is there now."""
        tools, source = self._tools, self._source
        await source.find()
        checkpoints = tools.store.checkpoints(self._mapping.uuid, source.created)
        self._finished = checkpoints.finished
        self._resting = RestingShards(source, source.clock.now())
        tasks: dict[asyncio.Task[None], int] = {}
        try:
            await self._find_shards(checkpoints.sequence_numbers)
            while not self._is_stopping:
                self._begin_unread(tasks)
                self.problem, self.is_without_stream = "", False
                self._looked = self._asked
                tools.looked()
                await self._something_happens()
                await self._take_ended(tasks)
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            self._shards.clear()
            self._ended.clear()
            self._resting, self._looked = None, -1

    def _begin_unread(self, tasks: dict[asyncio.Task[None], int]) -> None:
        """Begin with the shards that have something to read, or have ended."""
        assert self._resting is not None
        for number in self._resting.take_unread():
            run = self._shards[self._source.shard_id(number)] = self._new_run(number)
            if self._asked:
                run.look(self._asked)
            task = asyncio.create_task(run.run())
            tasks[task] = number
            task.add_done_callback(self._has_ended)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        self._ended.append(task)
        self._something.set()

    async def _something_happens(self) -> None:
        """Until a shard's delivery has ended, somebody asks, or it is time to look."""
        try:
            async with asyncio.timeout(self._source.interval):
                await self._something.wait()
        except TimeoutError:
            pass
        self._something.clear()

    async def _take_ended(self, tasks: dict[asyncio.Task[None], int]) -> None:
        """Let those rest that have nothing to read, and look for what follows those that ended."""
        assert self._resting is not None
        has_finished = False
        while self._ended:
            task = self._ended.popleft()
            if (number := tasks.pop(task, None)) is None:
                continue  # it was cancelled with the delivery before
            shard = self._source.shard_id(number)
            run = self._shards.pop(shard)
            task.result()
            if run.has_finished:
                has_finished, self._looked = True, -1  # its children are still to be looked at
                self._finished.add(shard)
                self._save(shard, run.checkpoint, finished=True)
            elif not self._is_stopping:
                has_windows = self._settings.maximum_batching_window_in_seconds
                windows_from = run.windows_from if has_windows else None
                self._resting.add(number, run.position, windows_from)
        if has_finished:
            await self._find_shards({})

    async def _find_shards(self, checkpoints: Mapping[str, str]) -> None:
        """Let the shards rest that can be read now, each where it has come to."""
        assert self._resting is not None
        source = self._source
        for number in _ready(await source.shards(), self._is_finished):
            shard = source.shard_id(number)
            if shard not in self._shards and number not in self._resting:
                after = checkpoints.get(shard)
                self._resting.add(number, source.position(after) if after else 0)

    def _is_finished(self, number: int) -> bool:
        return self._source.shard_id(number) in self._finished

    def _new_run(self, number: int) -> ShardRun:
        assert self._resting is not None
        tools, settings, source = self._tools, self._settings, self._source
        name = source.shard_id(number)
        after = tools.store.checkpoint(self._mapping.uuid, source.created, name)
        opened_at = self._resting.windows_from(number)
        shard = source.shard(number)
        delivery = ShardDelivery(shard, settings, self._filters, _request_id, opened_at)

        async def send(discarded: Discarded, at: float) -> tuple[str | None, str]:
            return await self._send(discarded, name, at)

        has_windows = bool(settings.tumbling_window_in_seconds)
        uuid_, function = self._mapping.uuid, self._mapping.reference
        return ShardRun(
            delivery,
            Progress(after, in_windows=has_windows),
            self._counts(name),
            ShardTools(
                clock=source.clock,
                reader=source.reader(number, after),
                interval=source.interval,
                call=tools.call,
                send_document=send,
                save=lambda number: self._save(name, number, finished=False),
                tell=self._tell,
                changed=tools.changed,
                looked=tools.looked,
                count=partial(tools.count, self._mapping.uuid),
                failed=partial(self._failed, name),
                history=ShardHistory(
                    *(tools.history, self.stream_arn, uuid_, function, name), source.clock.now
                ),
            ),
            settings.batch_size,
            may_rest=not has_windows,
        )

    def _counts(self, shard_id: str) -> ShardCounts:
        key = (self._mapping.uuid, shard_id)
        shards = self._tools.tally.shards
        if key not in shards:
            shards[key] = ShardCounts(self._mapping.function, self.stream, shard_id)
        return shards[key]

    def _save(self, shard_id: str, checkpoint: str | None, *, finished: bool) -> None:
        self._tools.store.save_checkpoint(
            self._mapping.uuid, self._source.created, shard_id, checkpoint, finished=finished
        )

    # What is told

    def _failed(self, shard_id: str, error: Exception) -> None:
        """A call ended in a mistake of ours: the log has it whole, the status by its name."""
        self._mistake = f"PROBLEM: a mistake in kcli: {type(error).__name__}: {error}"[:300]
        self._tools.report(f"a call of {self._mapping.function} for {shard_id}", error)

    def _tell(self, activity: Activity) -> None:
        if isinstance(activity, Called) and activity.outcome != "throttled":
            # Source: stackd's captures: a reported failure counts as OK.
            failed = self._mistake or "PROBLEM: Function call failed"
            self.last_result = failed if activity.error else "OK"
            self._mistake = ""
        self._tools.tell(activity)

    async def _send(self, discarded: Discarded, shard_id: str, at: float) -> tuple[str | None, str]:
        destination = self._settings.destination
        if destination is None:
            return None, ""
        document = on_failure_document(
            discarded.discard,
            at=at,
            shard_id=shard_id,
            function_name=self._function_arn,
            executed_version=self._tools.executed_version(),
        )
        key = s3_key(mapping_id=self._mapping.uuid, shard_id=shard_id, at=at, unique=_request_id())
        with_payload = s3_document(document, discarded.payload)
        problem = await self._tools.destinations.send(destination, document, with_payload, key)
        return destination, problem


def _ready(shards: list[SourceShard], is_finished: Callable[[int], bool]) -> list[int]:
    """The shards that may be read: a child waits until its parents are read and done.

    A parent that is no longer listed left the stream with its records.
    """
    listed = {each.number for each in shards}
    return [
        each.number
        for each in shards
        if not is_finished(each.number) and all(map(is_finished, each.parents & listed))
    ]


def _request_id() -> str:
    return str(uuid.uuid4())
