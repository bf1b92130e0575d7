"""A call that ends in a mistake of kcli's own fails; its shard goes on."""

import asyncio
import base64
import json
from typing import Any, cast

from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.local.clock import ShiftableClock
from kinesis_cli.local.function.activity import Activity, Called, Tally, Tell
from kinesis_cli.local.function.destinations import Destinations
from kinesis_cli.local.kinesis import Caller, DataPlane
from kinesis_cli.local.mapping.run import MappingRun, MappingTools
from kinesis_cli.local.mapping.shard import CallFunction
from kinesis_cli.local.mapping.sources.kinesis import KinesisSource
from kinesis_cli.local.mapping.store import MappingStore, StoredMapping

CALLER = Caller("000000000000", "us-east-1")
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
MAPPING = {"EventSourceArn": ARN, "StartingPosition": "TRIM_HORIZON", "BatchSize": 1}


class BadLengthError(Exception):
    """What nobody expected of a runner."""


def payloads(event: bytes) -> list[bytes]:
    return [base64.b64decode(each["kinesis"]["data"]) for each in json.loads(event)["Records"]]


def nothing(*_: object) -> None:
    """Whatever is told."""


def a_run(
    plane: DataPlane, call: CallFunction, tell: Tell = nothing, reported: list[str] | None = None
) -> MappingRun:
    """The delivery of the stream to a function."""
    mapping = StoredMapping("uuid", "f", MAPPING, enabled=True, live_since=0.0, modified=0.0)
    store = MappingStore(None)
    store.save(mapping)

    def report(what: str, error: Exception) -> None:
        if reported is not None:
            reported.append(f"{what}: {type(error).__name__}")

    return MappingRun(
        mapping,
        "arn:aws:lambda:us-east-1:000000000000:function:f",
        MappingTools(
            source=KinesisSource(ARN, mapping.settings, mapping.live_since, plane, CALLER),
            store=store,
            destinations=cast("Destinations", None),  # the mapping has none
            call=call,
            executed_version=lambda: "$LATEST",
            tell=tell,
            tally=Tally(),
            changed=nothing,
            looked=nothing,
            count=nothing,
            report=report,
        ),
    )


async def deliver(failing: int) -> tuple[list[bytes], list[Called], list[str], list[str]]:
    """Deliver three records; the first calls end in an error that nobody expected."""
    plane = DataPlane(None, clock=ShiftableClock(), limits=False, delays=False)
    done = asyncio.Event()
    handled: list[bytes] = []
    told: list[Called] = []
    reported: list[str] = []
    results: list[str] = []
    calls = 0

    async def call(_request_id: str, event: bytes) -> InvocationResult:
        nonlocal calls
        calls += 1
        if calls <= failing:
            raise BadLengthError("Content-Length: \N{SUPERSCRIPT TWO}")
        handled.extend(payloads(event))
        return InvocationResult(None)

    def tell(activity: Activity) -> None:
        if isinstance(activity, Called):
            told.append(activity)
            results.append(run.last_result)
            if len(handled) == 3:
                done.set()

    try:
        await plane.call("CreateStream", {"StreamName": "orders", "ShardCount": 1}, CALLER)
        for data in (b"a", b"b", b"c"):
            record = {"StreamName": "orders", "PartitionKey": "k", "Data": data}
            await plane.call("PutRecord", record, CALLER)
        run = a_run(plane, call, tell, reported)
        task: asyncio.Task[Any] = asyncio.create_task(run.run())
        async with asyncio.timeout(60):
            await done.wait()
        run.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    finally:
        plane.close()
    return handled, told, reported, results


def test_an_unexpected_error_of_a_call_fails_the_call_and_the_shard_goes_on() -> None:
    handled, told, reported, results = asyncio.run(deliver(failing=2))
    assert handled == [b"a", b"b", b"c"]
    assert [each.outcome for each in told] == ["failed", "failed", "success", "success", "success"]
    assert told[0].error == (
        "ServiceException: a mistake in kcli ended the call: BadLengthError: Content-Length: \u00b2"
    )
    assert reported == ["a call of f for shardId-000000000000: BadLengthError"] * 2
    assert results[0] == "PROBLEM: a mistake in kcli: BadLengthError: Content-Length: \u00b2"
    assert results[-1] == "OK"


def test_a_mapping_that_is_stopped_while_a_call_runs_lets_others_go_on() -> None:
    async def test() -> list[str]:
        clock, happened = ShiftableClock(), list[str]()
        plane = DataPlane(None, clock=clock, limits=False, delays=False)
        is_called, may_end = asyncio.Event(), asyncio.Event()

        async def call(_request_id: str, _event: bytes) -> InvocationResult:
            is_called.set()
            await may_end.wait()
            happened.append("the call has ended")
            return InvocationResult(None)

        try:
            await plane.call("CreateStream", {"StreamName": "orders", "ShardCount": 1}, CALLER)
            record = {"StreamName": "orders", "PartitionKey": "k", "Data": b"a"}
            await plane.call("PutRecord", record, CALLER)
            run = a_run(plane, call)
            task = asyncio.create_task(run.run())
            async with asyncio.timeout(60):
                await is_called.wait()
                clock.shift(10.0)  # it would be time to read again
                run.stop()
                for _ in range(100):
                    await asyncio.sleep(0)
                happened.append("others went on")
                may_end.set()
                await task
        finally:
            plane.close()
        return happened

    assert asyncio.run(test()) == ["others went on", "the call has ended"]
