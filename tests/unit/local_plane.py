"""A data plane to test: calls without `await`, and a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import pytest

from kinesis_cli.local.kinesis import Caller, DataPlane, ServiceError

CALLER = Caller("123456789012", "eu-west-1")
START = 1_545_084_650.987  # epoch seconds
HOUR = 3600.0


def refused(code: str, message: str = "") -> pytest.RaisesExc[ServiceError]:
    """The error of this code whose sentence contains this text."""
    return pytest.raises(ServiceError, check=lambda e: e.code == code and message in e.message)


class StoppedClock:
    """Stands still until it is moved."""

    def __init__(self, at: float = START) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


class Plane:
    """A data plane with one caller, on its own event loop."""

    def __init__(
        self,
        state: Path | None = None,
        *,
        clock: StoppedClock | None = None,
        limits: bool = False,
        delays: bool = False,
        shard_limit: int | None = None,
        synchronous: Literal["normal", "full"] = "normal",
    ) -> None:
        self.clock = clock or StoppedClock()
        self.runner = asyncio.Runner()
        self.data = DataPlane(
            state,
            clock=self.clock,
            limits=limits,
            delays=delays,
            shard_limit=shard_limit,
            synchronous=synchronous,
        )

    def close(self) -> None:
        self.data.close()
        self.runner.close()

    def call(self, operation: str, **request: object) -> dict[str, Any]:
        return self.request(operation, request)

    def request(
        self, operation: str, request: dict[str, object], caller: Caller = CALLER
    ) -> dict[str, Any]:
        return self.runner.run(self.data.call(operation, request, caller))

    def create(self, name: str = "s", shards: int = 1) -> str:
        self.call("CreateStream", StreamName=name, ShardCount=shards)
        return f"arn:aws:kinesis:eu-west-1:123456789012:stream/{name}"

    def put(self, data: bytes, key: str = "a", name: str = "s", **more: object) -> str:
        """The record's sequence number."""
        record = {"StreamName": name, "Data": data, "PartitionKey": key}
        return str(self.request("PutRecord", {**record, **more})["SequenceNumber"])

    def iterator(
        self, shard: int = 0, kind: str = "TRIM_HORIZON", name: str = "s", **more: object
    ) -> str:
        return self._iterator(shard, kind, name, more)

    def _iterator(self, shard: int, kind: str, name: str, more: dict[str, object]) -> str:
        request = {
            "StreamName": name,
            "ShardId": f"shardId-{shard:012d}",
            "ShardIteratorType": kind,
            **more,
        }
        return str(self.request("GetShardIterator", request)["ShardIterator"])

    def get(self, iterator: str, **more: object) -> dict[str, Any]:
        return self.request("GetRecords", {"ShardIterator": iterator, **more})

    def read(self, shard: int = 0, kind: str = "TRIM_HORIZON", **more: object) -> list[bytes]:
        """The data of a shard's records, from a position to its tip."""
        return [record["Data"] for record in self._records(self._iterator(shard, kind, "s", more))]

    def records(self, shard: int = 0, limit: int = 10_000) -> list[dict[str, Any]]:
        """All records of a shard."""
        return self._records(self.iterator(shard), limit)

    def _records(self, start: str, limit: int = 10_000) -> list[dict[str, Any]]:
        iterator: str | None = start
        records: list[dict[str, Any]] = []
        while iterator:
            answer = self.get(iterator, Limit=limit)
            records += answer["Records"]
            if answer["MillisBehindLatest"] == 0:
                break
            iterator = answer.get("NextShardIterator")
        return records

    def shards(self, **more: object) -> list[dict[str, Any]]:
        request = {"StreamName": "s", **more}
        listed: list[dict[str, Any]] = self.request("ListShards", request)["Shards"]
        return listed

    def open_shards(self) -> list[str]:
        listed = self.shards(ShardFilter={"Type": "AT_LATEST"})
        return [shard["ShardId"] for shard in listed]

    def subscribe(self, consumer: str, kind: str = "TRIM_HORIZON", shard: int = 0) -> "Events":
        request = {
            "ConsumerARN": consumer,
            "ShardId": f"shardId-{shard:012d}",
            "StartingPosition": {"Type": kind},
        }

        async def start() -> AsyncIterator[dict[str, Any]]:
            return self.data.subscribe(request, CALLER)

        return Events(self, self.runner.run(start()))


class Events:
    """The events of a subscription, one by one."""

    def __init__(self, plane: Plane, events: AsyncIterator[dict[str, Any]]) -> None:
        self._plane, self._events = plane, events

    def next(self) -> dict[str, Any] | None:
        """The next event; nothing when the subscription has ended."""

        async def advance() -> dict[str, Any] | None:
            return await anext(self._events, None)

        return self._plane.runner.run(advance())

    def after(self, operation: str, **request: object) -> dict[str, Any] | None:
        """The event that a call brings while the subscription waits."""

        async def advance() -> dict[str, Any] | None:
            waiting = asyncio.ensure_future(anext(self._events, None))
            await asyncio.sleep(0)  # the subscription runs until it waits
            await self._plane.data.call(operation, request, CALLER)
            return await waiting

        return self._plane.runner.run(advance())
