"""One client of a stream, as tests/clients/README.md has it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from importlib.metadata import version

from aiobotocore.client import AioBaseClient  # type: ignore[import-not-found]
from aiobotocore.session import get_session  # type: ignore[import-not-found]
from kinesis import Consumer, Producer, StringProcessor  # type: ignore[import-not-found]

PATIENCE = 0.1  # seconds before it is looked again


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - what the test reads


async def lines() -> AsyncIterator[list[str]]:
    """The lines of standard input, as they come."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await reader.readline():
        yield line.decode().split()


# --- putting


async def produce(stream: str) -> None:
    """Do what the lines say. async-kinesis changes no shards; the client that it holds does."""
    async with get_session().create_client("kinesis") as kinesis:
        commands = lines()
        _, count = await anext(commands)
        await kinesis.create_stream(StreamName=stream, ShardCount=int(count))
        async with Producer(stream, processor=StringProcessor()) as producer:
            say("done")
            async for command, *numbers in commands:
                if command == "put":
                    await put(producer, *map(int, numbers))
                else:
                    await reshard(kinesis, stream, command, *map(int, numbers))
                say("done")


async def put(producer: Producer, first: int, end: int) -> None:
    for start in range(first, end, 100):
        stop = min(start + 100, end)
        for number in range(start, stop):
            key = f"key-{number % 100}"
            await producer.put(f"{key} {number}", partition_key=key)
        await producer.flush()
        say("acknowledged", start, stop)


async def reshard(kinesis: AioBaseClient, stream: str, command: str, count: int = 0) -> None:
    shards = (await kinesis.list_shards(StreamName=stream))["Shards"]
    opened = [each for each in shards if "EndingSequenceNumber" not in each["SequenceNumberRange"]]
    opened.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
    lowest, next_one = opened[:2]
    if command == "split":
        first, last = (int(key) for key in lowest["HashKeyRange"].values())
        await kinesis.split_shard(
            StreamName=stream,
            ShardToSplit=lowest["ShardId"],
            NewStartingHashKey=str((first + last) // 2),
        )
    elif command == "merge":
        await kinesis.merge_shards(
            StreamName=stream,
            ShardToMerge=lowest["ShardId"],
            AdjacentShardToMerge=next_one["ShardId"],
        )
    else:
        await kinesis.update_shard_count(
            StreamName=stream, TargetShardCount=count, ScalingType="UNIFORM_SCALING"
        )


# --- reading


async def consume(stream: str) -> None:
    async with Consumer(
        stream,
        processor=StringProcessor(),
        record_limit=200,
        shard_fetch_rate=10,
        sleep_time_no_records=PATIENCE,
    ) as consumer:
        consumer._shard_refresh_interval = PATIENCE  # a minute, and no argument changes that
        say("ready")
        while True:  # it stops when nothing has come for a while
            async for data in consumer:
                say("read", data)


async def until_told() -> None:
    async for _ in lines():
        pass


async def main(role: str, stream: str) -> None:
    say("version", version("async-kinesis"))
    if role == "put":
        await produce(stream)
        return
    reading, told = (asyncio.create_task(each) for each in (consume(stream), until_told()))
    await asyncio.wait([reading, told], return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    await asyncio.wait([reading])
    if not reading.cancelled():
        reading.result()


asyncio.run(main(*sys.argv[1:]))
