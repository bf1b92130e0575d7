"""A shard that a mapping reads costs next to nothing before a record comes and after it."""

import asyncio
import base64
import gc
import json
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.local.clock import ShiftableClock
from kinesis_cli.local.function.activity import Tally
from kinesis_cli.local.function.destinations import Destinations
from kinesis_cli.local.kinesis import Caller, DataPlane
from kinesis_cli.local.mapping.run import MappingRun, MappingTools
from kinesis_cli.local.mapping.shard import ShardRun
from kinesis_cli.local.mapping.sources.kinesis import KinesisSource
from kinesis_cli.local.mapping.store import MappingStore, StoredMapping
from tests.patience import PATIENCE

CALLER = Caller("000000000000", "us-east-1")
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
ORDERS = {"StreamName": "orders"}
SHARDS = 500
MAX_BYTES = 1024  # of an idle shard


class Delivered:
    """A stream that is delivered, and what the function got."""

    def __init__(self, plane: DataPlane, run: MappingRun, got: list[tuple[str, str]]) -> None:
        self.plane, self.run, self.got = plane, run, got
        self._round = 0

    async def put(self, shards: list[str], *data: str) -> None:
        """Put each datum on each of the shards."""
        ranges = {each["ShardId"]: each["HashKeyRange"] for each in await self.shards()}
        records = [
            {
                "Data": each.encode(),
                "PartitionKey": "k",
                "ExplicitHashKey": ranges[shard]["StartingHashKey"],
            }
            for shard in shards
            for each in data
        ]
        for start in range(0, len(records), 500):
            batch = {**ORDERS, "Records": records[start : start + 500]}
            assert (await self.plane.call("PutRecords", batch, CALLER))["FailedRecordCount"] == 0

    async def shards(self) -> list[dict[str, Any]]:
        answer = await self.plane.call("ListShards", ORDERS, CALLER)
        shards: list[dict[str, Any]] = answer["Shards"]
        return shards

    async def is_done(self) -> None:
        """Until all was read and has ended, and every shard rests."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self._round += 1
                self.run.look(self._round)
                while not self.run.looked(self._round):
                    await asyncio.sleep(0.01)
                if self.run.found_nothing and not deliveries():
                    return


def deliveries() -> int:
    gc.collect()
    return sum(isinstance(each, ShardRun) for each in gc.get_objects())


@asynccontextmanager
async def delivered(shards: int, **settings: object) -> AsyncIterator[Delivered]:
    plane = DataPlane(None, clock=ShiftableClock(), limits=False, delays=False)
    got: list[tuple[str, str]] = []

    async def call(_request_id: str, event: bytes) -> InvocationResult:
        for each in json.loads(event)["Records"]:
            shard = each["eventID"].partition(":")[0]
            got.append((shard, base64.b64decode(each["kinesis"]["data"]).decode()))
        return InvocationResult(None)

    def nothing(*_: object) -> None:
        pass

    await plane.call("CreateStream", {**ORDERS, "ShardCount": shards}, CALLER)
    document = {"EventSourceArn": ARN, "StartingPosition": "TRIM_HORIZON", **settings}
    mapping = StoredMapping("uuid", "f", document, enabled=True, live_since=0.0, modified=0.0)
    store = MappingStore(None)
    store.save(mapping)
    tools = MappingTools(
        source=KinesisSource(ARN, mapping.settings, mapping.live_since, plane, CALLER),
        store=store,
        destinations=cast("Destinations", None),  # the mapping has none
        call=call,
        executed_version=lambda: "$LATEST",
        tell=nothing,
        tally=Tally(),
        changed=nothing,
        looked=nothing,
        count=nothing,
        report=nothing,
    )
    run = MappingRun(mapping, "arn:aws:lambda:us-east-1:000000000000:function:f", tools)
    task = asyncio.create_task(run.run())
    try:
        yield Delivered(plane, run, got)
    finally:
        run.stop()
        await task
        plane.close()


def bytes_of_each(shards: int) -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / shards


@pytest.mark.unmeasured
@pytest.mark.slow
def test_an_idle_shard_that_a_mapping_reads_costs_at_most_1_kb() -> None:
    async def test() -> None:
        async with delivered(1) as warm:  # imports and caches
            await warm.put(["shardId-000000000000"], "a")
            await warm.is_done()
        tracemalloc.start()
        try:
            async with delivered(SHARDS) as many:
                await many.is_done()
                assert bytes_of_each(SHARDS) <= MAX_BYTES
                every = [each["ShardId"] for each in await many.shards()]
                for start in range(0, SHARDS, 100):
                    await many.put(every[start : start + 100], "a", "b")
                    await many.is_done()
                assert sorted(many.got) == [(shard, data) for shard in every for data in "ab"]
                del every
                many.got.clear()
                # SQLite's own memory, with the records in it, is not Python's
                assert bytes_of_each(SHARDS) <= MAX_BYTES
        finally:
            tracemalloc.stop()

    asyncio.run(test())


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("consumer", [False, True])
def test_a_shard_goes_on_where_it_rested(factor: int, *, consumer: bool) -> None:
    async def test() -> None:
        arn = f"{ARN}/consumer/c:1" if consumer else ARN
        async with delivered(2, ParallelizationFactor=factor, EventSourceArn=arn) as few:
            expected = []
            for turn in range(5):
                await few.put(["shardId-000000000001"], f"{turn} a", f"{turn} b")
                await few.is_done()
                expected += [f"{turn} a", f"{turn} b"]
                assert few.got == [("shardId-000000000001", each) for each in expected]

    asyncio.run(test())


def test_the_children_of_a_shard_that_rests_are_read_after_it() -> None:
    async def test() -> None:
        async with delivered(1) as stream:
            await stream.put(["shardId-000000000000"], "a")
            await stream.is_done()
            await stream.plane.call(
                "UpdateShardCount",
                {**ORDERS, "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"},
                CALLER,
            )
            await stream.put(["shardId-000000000001", "shardId-000000000002"], "b")
            await stream.is_done()
            assert [data for _, data in stream.got] == ["a", "b", "b"]
            assert await stream.run.backlog() == 0
            merge = {
                "ShardToMerge": "shardId-000000000001",
                "AdjacentShardToMerge": "shardId-000000000002",
            }
            await stream.plane.call("MergeShards", {**ORDERS, **merge}, CALLER)
            await stream.put(["shardId-000000000003"], "c")
            assert await stream.run.backlog() == 1
            await stream.is_done()
            assert stream.got[-1] == ("shardId-000000000003", "c")
            assert len(stream.got) == 4

    asyncio.run(test())


def test_a_delivery_that_is_in_trouble_has_looked_at_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        async with delivered(1) as stream:
            await stream.is_done()

            def fails(*_: object, **__: object) -> None:
                raise sqlite3.OperationalError("disk I/O error")

            monkeypatch.setattr(stream.plane, "unread", fails)
            stream.run.look(1000)
            async with asyncio.timeout(PATIENCE):
                while not stream.run.problem:
                    await asyncio.sleep(0.01)
            assert not stream.run.looked(1)

    asyncio.run(test())
