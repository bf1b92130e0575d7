"""Writes to a store from several tasks until it is killed; prints what was acknowledged.

python -m tests.unit.local_writer STATE ROUND
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from kinesis_cli.local.clock import ShiftableClock
from kinesis_cli.local.kinesis import Caller, DataPlane

CALLER = Caller("123456789012", "eu-west-1")


async def write(plane: DataPlane, writer: str) -> None:
    number = 0
    while True:
        entries: list[dict[str, Any]] = []
        for _ in range(1 + number % 7):
            entries.append({"Data": f"{writer}:{number}".encode(), "PartitionKey": writer})
            number += 1
        answer = await plane.call("PutRecords", {"StreamName": "s", "Records": entries}, CALLER)
        lines = [
            f"{record['ShardId']} {record['SequenceNumber']} {entry['Data'].decode()}\n"
            for entry, record in zip(entries, answer["Records"], strict=True)
        ]
        os.write(1, "".join(lines).encode())  # one write: it is whole or not there


async def main(state: str, round_number: str) -> None:
    plane = DataPlane(Path(state), clock=ShiftableClock())
    if not plane.summary():
        await plane.call("CreateStream", {"StreamName": "s", "ShardCount": 2}, CALLER)
    await asyncio.gather(*(write(plane, f"{round_number}-{n}") for n in range(4)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
