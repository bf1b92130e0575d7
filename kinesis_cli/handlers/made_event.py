"""An event of payloads or changes that the user gives or has made, for one call."""

import time
from collections.abc import Iterable
from random import Random

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.invoke_once import MAX_EVENT_BYTES, Event
from kinesis_cli.payloads.arriving import ArrivingRecords
from kinesis_cli.payloads.changes.settings import ChangeSettings
from kinesis_cli.payloads.settings import PayloadSettings, evenly
from kinesis_cli.recordings.payload_lines import START
from kinesis_cli.stream.kinds.known import kind_of_records
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
    now = _now(seed)
    payloads = settings.payloads(Random(seed), evenly(now, 0, count))
    return _event(ArrivingRecords(1, now).records((now, payload) for payload in payloads))


def event_of_changes(settings: ChangeSettings, count: int | None, seed: int | None) -> Event:
    """An event of changes of a table that were just made; else as `made_event`."""
    return _event(settings.records(Random(seed), _now(seed), 0, count))


def _now(seed: int | None) -> float:
    return round(time.time(), 3) if seed is None else float(START)


def _event(made: Iterable[Record]) -> Event:
    records: list[Record] = []
    size = 0
    for record in made:
        records.append(record)
        size += len(record.raw) + 1
        if size > MAX_EVENT_BYTES:
            raise InputError(
                f"more than the {MAX_EVENT_BYTES:,} bytes that a function takes at once",
                advice="Fewer records fit: --count says how many.",
            )
    return Event(tuple(records), kind_of_records(records).event(records))
