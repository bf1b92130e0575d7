"""The shards that stand still: a batch fails there, and is tried again and again."""

import msgspec

from kinesis_cli.local.mapping.sources.choice import source_name
from kinesis_cli.local.service.function_service import FunctionService
from kinesis_cli.stream.escaping import escape

MAX_SHOWN = 10
_AFTER_SECONDS = 5.0  # and after one retry: before that, the next try may well succeed
_MAX_TEXT = 300  # characters of an error


class StuckRow(msgspec.Struct, frozen=True):
    """A batch in the way of a shard."""

    function: str
    stream: str
    shard_id: str
    records: int
    attempt: int
    since: float  # epoch seconds: of the first call that failed
    why: str


def stuck(service: FunctionService | None, now: float) -> dict[str, object]:
    """What stands still, for the longest time first."""
    if service is None:
        return {"shown": [], "more": 0}
    mappings = {each.uuid: each for each in service.store.mappings()}
    found = [
        StuckRow(
            function=escape(mapping.reference),
            stream=escape(source_name(mapping.stream_arn)),
            shard_id=batch.shard_id,
            records=batch.records,
            attempt=batch.attempt,
            since=batch.since,
            why=escape(batch.error or batch.reason)[:_MAX_TEXT],
        )
        for batch in service.failing()
        if batch.attempt > 1
        and now - batch.since > _AFTER_SECONDS
        and (mapping := mappings.get(batch.mapping))
    ]
    found.sort(key=lambda row: row.since)
    return {"shown": found[:MAX_SHOWN], "more": len(found[MAX_SHOWN:])}
