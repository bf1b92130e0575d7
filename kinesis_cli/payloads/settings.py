"""All the ways to say what records carry, as one value: what `event` and `put` are told."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from random import Random

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.broken import partly_broken
from kinesis_cli.payloads.own_data import payloads_from, same_data, with_key, with_key_from
from kinesis_cli.payloads.readings import Readings
from kinesis_cli.recordings.form import Reading
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.shards import MAX_KEY
from kinesis_cli.stream.times import LATEST_ARRIVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadSettings:
    """Where payloads come from: readings, unless one of the others is given.

    Args:
        readings: made-up sensor readings.
        data: the same payload each time.
        from_file: a file of records or payloads; "-" is standard input.
        reading: how the user says that the file is to be read.
        tell: told what the file is found to be.
        template: a Jinja2 template.
        model: `module:Model`, a pydantic model or a dataclass.
        partition_key: for all records.
        key_field: where in a JSON payload the partition key is, `sensor.id`.
        invalid_rate: share of payloads that are broken on purpose, 0 to 1.

    Raises:
        InputError: settings contradict each other.
    """

    readings: Readings = field(default_factory=Readings)
    data: bytes | None = None
    from_file: str | None = None
    reading: Reading = field(default_factory=Reading)
    tell: Callable[[str], None] = lambda _: None
    template: Path | None = None
    model: str | None = None
    partition_key: str | None = None
    key_field: str | None = None
    invalid_rate: float = 0.0

    def __post_init__(self) -> None:
        given = {
            "--data": self.data,
            "--from": self.from_file,
            "--template": self.template,
            "--model": self.model,
        }
        sources = [flag for flag, value in given.items() if value is not None]
        if len(sources) > 1:
            raise InputError(f"{' and '.join(sources)} cannot be used together")
        if self.partition_key is not None and self.key_field is not None:
            raise InputError("--partition-key and --key-field cannot be used together")
        if self.partition_key is not None and not 1 <= len(self.partition_key) <= MAX_KEY:
            raise InputError(f"a partition key has 1 to {MAX_KEY} characters")

    def payloads(self, random: Random, times: Iterable[float]) -> Iterator[Payload]:
        """One payload for each of the times, fewer if a file ends before.

        Args:
            random: seeded for the same payloads each time.
            times: when the records will arrive, epoch seconds.

        Raises:
            InputError: from the first payload that cannot be made.
        """
        payloads = self._sound(random, times)
        if self.partition_key is not None:
            payloads = with_key(payloads, self.partition_key)
        if self.key_field is not None:
            payloads = with_key_from(payloads, self.key_field)
        return partly_broken(payloads, self.invalid_rate, random) if self.invalid_rate else payloads

    def _sound(self, random: Random, times: Iterable[float]) -> Iterator[Payload]:
        if self.data is not None:
            return _for_each(times, same_data(self.data))
        if self.from_file is not None:
            return _for_each(times, payloads_from(self.from_file, self.reading, self.tell))
        if self.template is not None:
            from kinesis_cli.payloads.template import from_template

            return from_template(self.template, random, times)
        if self.model is not None:
            from kinesis_cli.payloads.model import from_model

            return from_model(self.model, random, times)
        return self.readings.payloads(random, times)


def _for_each(times: Iterable[float], payloads: Iterator[Payload]) -> Iterator[Payload]:
    for _, payload in zip(times, payloads, strict=False):
        yield payload


def evenly(start: float, interval: float, number: int | None) -> Iterator[float]:
    """Times from `start` on, epoch seconds, rounded to Kinesis's milliseconds.

    Args:
        start: the first, epoch seconds.
        interval: seconds from one to the next.
        number: how many; None: without end.

    Raises:
        InputError: a time is before 1970 or after the year 9999.
    """
    last = start + interval * max((number or 1) - 1, 0)
    if not 0 <= start < LATEST_ARRIVAL or not 0 <= interval < LATEST_ARRIVAL:
        raise InputError("records arrive from 1970 to 9999, each at or after the one before")
    if last >= LATEST_ARRIVAL:
        raise InputError("the last record would arrive after the year 9999")
    return (round(start + index * interval, 3) for index in islice(count(), number))
