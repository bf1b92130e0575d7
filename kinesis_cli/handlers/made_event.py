"""An event of payloads that the user gives or has made, for one call."""

import time
from random import Random

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.invoke_once import MAX_EVENT_BYTES, Event
from kinesis_cli.payloads.arriving import ArrivingRecords
from kinesis_cli.payloads.settings import PayloadSettings, evenly
from kinesis_cli.recordings.payload_lines import START
from kinesis_cli.stream.event import kinesis_event
from kinesis_cli.stream.record import Record


def made_event(settings: PayloadSettings, count: int | None, seed: int | None) -> Event:
    """An event of one shard, whose records have just arrived.

    Args:
        settings: what they carry.
        count: how many; None: as many as there are payloads.
        seed: the same event each time; None: never.

    Raises:
        InputError: a payload cannot be made, or the event is more than Lambda takes in one call.
    """
    now = round(time.time(), 3) if seed is None else float(START)
    payloads = settings.payloads(Random(seed), evenly(now, 0, count))
    records: list[Record] = []
    size = 0
    for record in ArrivingRecords(1, now).records((now, payload) for payload in payloads):
        records.append(record)
        size += len(record.raw) + 1
        if size > MAX_EVENT_BYTES:
            raise InputError(
                f"more than the {MAX_EVENT_BYTES:,} bytes that a function takes at once",
                advice="Fewer records fit: --count says how many.",
            )
    return Event(tuple(records), kinesis_event(records))
