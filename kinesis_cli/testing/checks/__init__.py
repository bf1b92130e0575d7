"""Properties that a handler of Kinesis records must have, each a plain function.

A property takes the function that is checked and the records of a batch, returns where it holds,
and raises `CheckFailedError`, an AssertionError whose text says what is wrong. `kcli check` looks
for batches that break them; in a test they are called as they are:

    def test_one_bad_record_does_not_fail_the_others():
        records = checks.batch([b'{"amount": 1}', b"not json"])
        checks.one_bad_record(app.lambda_handler, records)
"""

import os
from collections.abc import Iterable
from pathlib import Path

from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.answers import answer_shape, ids_of_batch, mapping_fits
from kinesis_cli.testing.checks.batches import batch_of
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.limits import time
from kinesis_cli.testing.checks.made_records import KEY, Item
from kinesis_cli.testing.checks.memory import memory
from kinesis_cli.testing.checks.records import (
    event_unchanged,
    neighbours,
    one_bad_record,
    samples_handled,
)
from kinesis_cli.testing.checks.repetition import deterministic, idempotent, no_state_leak
from kinesis_cli.testing.checks.secrets import no_secrets_in_log
from kinesis_cli.testing.checks.subjects import function_under_check
from kinesis_cli.testing.events import records_of_event

__all__ = [
    "CheckFailedError",
    "answer_shape",
    "batch",
    "deterministic",
    "event_unchanged",
    "function_under_check",
    "idempotent",
    "ids_of_batch",
    "mapping_fits",
    "memory",
    "neighbours",
    "no_secrets_in_log",
    "no_state_leak",
    "one_bad_record",
    "records_of",
    "samples_handled",
    "time",
]


def records_of(event: str | os.PathLike[str]) -> list[Record]:
    """The records of an event in a file.

    Raises:
        InputError: it is not an event of a kind that is checked.
    """
    return records_of_event(Path(event).read_bytes(), str(event))


def batch(payloads: Iterable[bytes | str], key: str = KEY) -> list[Record]:
    """Records of one shard, in order.

    Args:
        payloads: what they carry.
        key: their partition key.
    """
    datas = (each.encode() if isinstance(each, str) else each for each in payloads)
    return batch_of(Item(data, key) for data in datas)
