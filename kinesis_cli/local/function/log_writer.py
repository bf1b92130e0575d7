"""The functions' log lines on their way to the local CloudWatch Logs."""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Iterable, Sequence

from kinesis_cli.local.function.activity import Remark, Tell
from kinesis_cli.local.function.embedded_metrics import embedded_metrics
from kinesis_cli.local.neighbours.client import NeighbourCalls, NeighbourError

# Logs are kept in memory, and a server may run for weeks: a group keeps its newest events.
EVENTS_PER_STREAM = 10_000
STREAMS_PER_GROUP = 10
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
_EVENTS_PER_CALL = 10_000
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
_DATA_PER_CALL = 1000
_PUT_METRIC_DATA = "GraniteServiceVersion20100801.PutMetricData"
_COLLECT_SECONDS = 0.2
_TARGET = "Logs_20140328"


class LogWriter:
    """Writes lines to log groups, in the order in which they were given.

    CloudWatch Logs is slow to begin, and is in memory as the lines are: until somebody has called
    it, or a neighbour of it, they wait here.

    Args:
        calls: to CloudWatch Logs.
        tell: told why lines were lost.
        is_there: whether CloudWatch Logs has begun.
    """

    def __init__(self, calls: NeighbourCalls, tell: Tell, is_there: asyncio.Event) -> None:
        self._calls, self._tell, self._is_there = calls, tell, is_there
        self._waiting: dict[str, list[tuple[int, str]]] = {}  # group → (epoch ms, line)
        self._groups: dict[str, _Group] = {}
        self._something, self._hurry = asyncio.Event(), asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()

    def write(self, group: str, lines: Sequence[str]) -> None:
        """Give lines, without their breaks; empty ones are left out, as AWS does."""
        now = time.time_ns() // 1_000_000
        events = [(now, line) for line in lines if line]
        if events:
            waiting = self._waiting.setdefault(group, [])
            waiting.extend(events)
            self._written.clear()
            self._something.set()
            if len(waiting) > EVENTS_PER_STREAM:
                self._hurry.set()

    async def run(self) -> None:
        """Write what is given, until the task is cancelled."""
        while True:
            await self._something.wait()
            await self._collect()
            self._something.clear()
            while self._waiting:
                waiting, self._waiting = self._waiting, {}
                for name, events in waiting.items():
                    await self._write(name, events)
            self._written.set()

    async def flush(self) -> None:
        """Wait until whoever asks CloudWatch Logs from now on finds everything that was given."""
        if self._is_there.is_set():  # else `write_all` comes before its answer
            await self.write_all()

    async def write_all(self) -> None:
        """Wait until everything that was given is written."""
        if not self._written.is_set():
            self._hurry.set()
            await self._written.wait()

    async def _collect(self) -> None:
        """Let more lines come: a call of its own for each batch would cost more than the batch."""
        hurry, is_there = (
            asyncio.ensure_future(each.wait()) for each in (self._hurry, self._is_there)
        )
        try:
            await asyncio.wait((hurry, is_there), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((hurry,), timeout=_COLLECT_SECONDS)
        finally:
            hurry.cancel()
            is_there.cancel()
        self._hurry.clear()

    async def _write(self, name: str, events: list[tuple[int, str]]) -> None:
        try:
            group = self._groups.get(name) or await self._open(name)
            for start in range(0, len(events), _EVENTS_PER_CALL):
                await group.put(events[start : start + _EVENTS_PER_CALL])
            await self._put_metrics(line for _, line in events)
        except NeighbourError as error:
            self._groups.pop(name, None)
            self._tell(Remark(f"log lines for {name} were lost: {error}"))

    async def _put_metrics(self, lines: Iterable[str]) -> None:
        """What the lines hold of CloudWatch's embedded metrics."""
        by_namespace: dict[str, list[dict[str, object]]] = {}
        for namespace, datum in embedded_metrics(lines):
            by_namespace.setdefault(namespace, []).append(datum)
        for namespace, data in by_namespace.items():
            for start in range(0, len(data), _DATA_PER_CALL):
                piece = {"Namespace": namespace, "MetricData": data[start : start + _DATA_PER_CALL]}
                await self._calls.json("monitoring", _PUT_METRIC_DATA, piece)

    async def _open(self, name: str) -> "_Group":
        try:
            await self._calls.json("logs", f"{_TARGET}.CreateLogGroup", {"logGroupName": name})
        except NeighbourError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
        self._groups[name] = group = _Group(self._calls, name)
        return group


class _Group:
    """A log group, and the streams in it that are ours."""

    def __init__(self, calls: NeighbourCalls, name: str) -> None:
        self._calls, self._name = calls, name
        self._streams: deque[str] = deque()  # the newest last
        self._room = 0  # events that the newest one still takes

    async def put(self, events: list[tuple[int, str]]) -> None:
        if self._room <= 0:
            await self._new_stream()
        self._room -= len(events)
        document = {
            "logGroupName": self._name,
            "logStreamName": self._streams[-1],
            "logEvents": [{"timestamp": at, "message": line} for at, line in events],
        }
        await self._calls.json("logs", f"{_TARGET}.PutLogEvents", document)

    async def _new_stream(self) -> None:
        stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{uuid.uuid4().hex}"
        await self._for_stream("CreateLogStream", stream)
        self._streams.append(stream)
        self._room = EVENTS_PER_STREAM
        while len(self._streams) > STREAMS_PER_GROUP:
            await self._for_stream("DeleteLogStream", self._streams.popleft())

    async def _for_stream(self, operation: str, stream: str) -> None:
        document = {"logGroupName": self._name, "logStreamName": stream}
        await self._calls.json("logs", f"{_TARGET}.{operation}", document)
