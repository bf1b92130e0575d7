"""One event source mapping that is enabled: its shards, parents before children."""

import asyncio
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.delivery import Shard, ShardDelivery
from kinesis_cli.event_source_mapping.events import Discarded
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.local.function.activity import Activity, Called, Remark, ShardCounts, Tally, Tell
from kinesis_cli.local.function.destinations import Destinations
from kinesis_cli.local.kinesis import Caller, DataPlane, ServiceError
from kinesis_cli.local.mapping.progress import Progress
from kinesis_cli.local.mapping.reading import ShardReader
from kinesis_cli.local.mapping.shard import CallFunction, ShardRun, ShardTools
from kinesis_cli.local.mapping.store import Checkpoints, MappingStore, StoredMapping
from kinesis_cli.stream.on_failure_document import on_failure_document, s3_document, s3_key

RETRY_SECONDS = 1.0  # until a stream that is not there is looked for again
NOTHING_YET = "No records processed"


@dataclass(frozen=True, slots=True)
class MappingTools:
    """What a mapping needs of the world."""

    data_plane: DataPlane
    caller: Caller
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
        self._shards: dict[str, ShardRun] = {}
        self._is_stopping = False
        self.stream = stream_of(mapping.stream_arn)
        self._known, self._created = Checkpoints(), 0.0  # of the stream that is delivered
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

    @property
    def function(self) -> str:
        """The function's name."""
        return self._mapping.function

    def stop(self) -> None:
        """Start nothing more; `run` returns when the calls that are running have ended."""
        self._is_stopping = True
        for shard in self._shards.values():
            shard.stop()

    def look(self, round_: int) -> None:
        """Look for records now; answered in `looked`."""
        for shard in self._shards.values():
            shard.look(round_)

    def looked(self, round_: int) -> bool:
        """Whether all shards have been looked at, those too that are just about to be opened."""
        if self.is_without_stream:
            return True
        shards = self._shards.values()
        return bool(shards) and all(
            each.looked >= round_ and not each.has_finished for each in shards
        )

    @property
    def never_had_a_stream(self) -> bool:
        """Whether there was none since the start; one that was deleted may come again."""
        return self.is_without_stream and not self._created

    @property
    def found_nothing(self) -> bool:
        """Whether the looks found nothing to read, and nothing in hand."""
        return all(each.found_nothing for each in self._shards.values())

    async def backlog(self) -> int:
        """Records that have not ended."""
        backlog = sum([await each.backlog() for each in self._shards.values()])
        if self._shards:
            for each in await self._list_shards():  # children that wait for their parents
                if each["ShardId"] not in self._shards.keys() | self._known.finished:
                    backlog += await self._reader(each["ShardId"], None).backlog()
        return backlog

    def _trouble(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            text = f"{self._mapping.function} gets nothing from {self.stream}: {problem}"
            self._tools.tell(Remark(text))
            self._tools.changed()

    # Shards

    async def _deliver(self) -> None:
        """Deliver the stream that is there now."""
        summary = (await self._ask("DescribeStreamSummary"))["StreamDescriptionSummary"]
        created = self._created = self._tools.data_plane.created(self.stream, self._tools.caller)
        retention = float(summary["RetentionPeriodHours"]) * 3600
        known = self._known = self._tools.store.checkpoints(self._mapping.uuid, created)
        tasks: dict[asyncio.Task[None], str] = {}
        try:
            while not self._is_stopping:
                for each in _ready(await self._list_shards(), known.finished, self._shards):
                    run = self._new_run(each, created, retention, known)
                    self._shards[each["ShardId"]] = run
                    tasks[asyncio.create_task(run.run())] = each["ShardId"]
                self.problem, self.is_without_stream = "", False
                self._tools.looked()  # at those that have ended; there are others now
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    shard_id = tasks.pop(task)
                    run = self._shards.pop(shard_id)
                    task.result()
                    if run.has_finished:
                        known.finished.add(shard_id)
                        self._save(created, shard_id, run.position, finished=True)
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            self._shards.clear()

    async def _list_shards(self) -> list[dict[str, Any]]:
        answer = await self._ask("ListShards")
        shards: list[dict[str, Any]] = answer["Shards"]
        while token := answer.get("NextToken"):
            answer = await self._tools.data_plane.call(
                "ListShards", {"NextToken": token}, self._tools.caller
            )
            shards += answer["Shards"]
        return shards

    def _new_run(
        self, described: dict[str, Any], created: float, retention: float, known: Checkpoints
    ) -> ShardRun:
        shard_id: str = described["ShardId"]
        tools, settings = self._tools, self._settings
        clock = tools.data_plane.clock
        after = known.sequence_numbers.get(shard_id)
        range_ = described["HashKeyRange"]
        shard = Shard(
            shard_id=shard_id,
            retention_seconds=retention,
            hash_range=(int(range_["StartingHashKey"]), int(range_["EndingHashKey"])),
        )
        delivery = ShardDelivery(shard, settings, self._filters, _request_id, clock.now())

        async def send(discarded: Discarded, at: float) -> tuple[str | None, str]:
            return await self._send(discarded, shard_id, at)

        return ShardRun(
            delivery,
            Progress(after, in_windows=bool(settings.tumbling_window_in_seconds)),
            self._counts(shard_id),
            ShardTools(
                clock=clock,
                reader=self._reader(shard_id, after),
                call=tools.call,
                send_document=send,
                save=lambda number: self._save(created, shard_id, number, finished=False),
                tell=self._tell,
                changed=tools.changed,
                looked=tools.looked,
                count=partial(tools.count, self._mapping.uuid),
                failed=partial(self._failed, shard_id),
            ),
            settings.batch_size,
        )

    def _reader(self, shard_id: str, after: str | None) -> ShardReader:
        return ShardReader(
            self._tools.data_plane,
            self._tools.caller,
            stream=self.stream,
            created=self._created,
            shard_id=shard_id,
            source_arn=self._mapping.stream_arn,
            after=after,
            mapping=self._settings,
            live_since=self._mapping.live_since,
        )

    def _counts(self, shard_id: str) -> ShardCounts:
        key = (self._mapping.uuid, shard_id)
        shards = self._tools.tally.shards
        if key not in shards:
            shards[key] = ShardCounts(self._mapping.function, self.stream, shard_id)
        return shards[key]

    def _save(
        self, created: float, shard_id: str, checkpoint: str | None, *, finished: bool
    ) -> None:
        self._tools.store.save_checkpoint(
            self._mapping.uuid, created, shard_id, checkpoint, finished=finished
        )

    async def _ask(self, operation: str) -> dict[str, Any]:
        request = {"StreamName": self.stream}
        return await self._tools.data_plane.call(operation, request, self._tools.caller)

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


def stream_of(arn: str) -> str:
    """The stream's name in its ARN, or in a consumer's."""
    return arn.rpartition(":stream/")[2].split("/")[0]


def _ready(
    shards: list[dict[str, Any]], finished: set[str], running: dict[str, ShardRun]
) -> list[dict[str, Any]]:
    """The shards to begin with: a child waits until its parents are read and done.

    A parent that is no longer listed left the stream with its records.
    """
    listed = {each["ShardId"] for each in shards}
    ready = []
    for each in shards:
        parents = {each.get("ParentShardId"), each.get("AdjacentParentShardId")} & listed
        if each["ShardId"] not in running.keys() | finished and parents <= finished:
            ready.append(each)
    return ready


def _request_id() -> str:
    return str(uuid.uuid4())
