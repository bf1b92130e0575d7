"""Which records of a stream are meant: `--since`, `--until`, `--key`, `--filter`, `--grep`.

They mean the same in `tail`, `record`, `replay` and `tail-logs`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol

from kinesis_cli.errors import InputError
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.kinds.known import kind_of
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.sequence import SequenceNumber, is_sequence_number
from kinesis_cli.stream.times import FORMS, moment, utc_seconds
from kinesis_cli.stream.user_records import unpacked, user_records

# Epoch seconds have 10 digits, milliseconds 13, sequence numbers 56; no server's have fewer than 20
# digits that does not count from 1.
_SEQUENCE_DIGITS = 20


class StartKind(StrEnum):
    """Where in each shard reading begins."""

    LATEST = "LATEST"  # with what arrives from now on
    TRIM_HORIZON = "TRIM_HORIZON"  # with the oldest record
    AT_TIMESTAMP = "AT_TIMESTAMP"  # with what arrived at a moment or later
    AT_SEQUENCE_NUMBER = "AT_SEQUENCE_NUMBER"  # with one record


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading begins."""

    kind: StartKind
    seconds: float = 0.0  # AT_TIMESTAMP: epoch seconds
    sequence_number: str = ""  # AT_SEQUENCE_NUMBER

    @classmethod
    def parse(cls, text: str, now: float) -> "Start":
        """Read the value of `--since`.

        Args:
            text: latest, trim-horizon, `10m`, an ISO time (UTC without a zone), epoch seconds, or a
                sequence number.
            now: epoch seconds.

        Raises:
            InputError: it is none of these, or not yet.
        """
        if text in ("latest", "trim-horizon"):
            return cls(StartKind(text.replace("-", "_").upper()))
        if _is_record(text):
            return cls(StartKind.AT_SEQUENCE_NUMBER, sequence_number=text)
        seconds = moment(text, now, "--since", "latest, trim-horizon, a sequence number, ")
        if seconds > now:
            raise InputError(f"{text} has not come yet", place="--since")
        return cls(StartKind.AT_TIMESTAMP, seconds)


def moment_of_all_shards(text: str, now: float, place: str, others: str = "") -> float:
    """Read a moment as `times.moment` does; a sequence number is refused with the time near it.

    Raises:
        InputError: it is not a moment.
    """
    if _is_record(text):
        raise _of_one_shard(text, place)
    return moment(text, now, place, others)


def _is_record(text: str) -> bool:
    return is_sequence_number(text) and len(text) >= _SEQUENCE_DIGITS


def _of_one_shard(number: str, place: str) -> InputError:
    """Why a sequence number is no end, and which moment is near it."""
    try:
        arrived = utc_seconds(SequenceNumber.decode(number).time)
    except (InputError, ValueError):
        advice = f"Write {FORMS}."
    else:
        advice = f"That record arrived at about {arrived}; write a time."
    return InputError(
        "a sequence number is a place in one shard, no end of the others",
        place=place,
        advice=advice,
    )


class RecordFilter(Protocol):
    """What `--filter` compiles to."""

    def matches(self, record: Record) -> bool:
        """Whether a record matches."""
        ...


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records are wanted. All conditions that are given must hold.

    An aggregate of the KPL is looked into: it is wanted where one of its user records is.
    """

    partition_key: str | None = None
    key: str | None = None  # a glob: * ? [seq]
    filters: RecordFilter | None = None
    grep: re.Pattern[str] | None = None  # found anywhere in the text
    deaggregate: bool = True  # False: an aggregate is one record with data of its own

    @property
    def takes_all(self) -> bool:
        """Whether there is no condition."""
        return self == Selection(deaggregate=self.deaggregate)

    def matches(self, record: Record) -> bool:
        """Whether a record is wanted."""
        return self.takes_all or bool(self.chosen(record))

    def chosen(self, record: Record) -> list[Payload]:
        """The user records in a record that are wanted; the record itself is one if it is plain."""
        found = user_records(record, deaggregate=self.deaggregate)
        return found if self.takes_all else [one for one in found if self._wants(one, record)]

    def _wants(self, one: Payload, record: Record) -> bool:
        if self.partition_key is not None and one.partition_key != self.partition_key:
            return False
        if self.key is not None and not fnmatchcase(one.partition_key, self.key):
            return False
        if self.grep and not self.grep.search(unpacked(one.data).decode(errors="replace")):
            return False
        return self.filters is None or self.filters.matches(_as_record(one, record))


def _as_record(one: Payload, record: Record) -> Record:
    """A user record as if it had been put alone; what nobody has put is no aggregate."""
    if not kind_of(record).has_data:
        return record
    return lambda_record(
        shard_id=record.shard_id,
        sequence_number=record.sequence_number,
        partition_key=one.partition_key,
        arrival=record.arrival,
        data=one.data,
    )


def grep_pattern(text: str) -> re.Pattern[str]:
    """The regular expression of `--grep`.

    Raises:
        InputError: it is none.
    """
    try:
        return re.compile(text)
    except re.error as error:
        raise InputError(
            f"{text!r} is not a regular expression: {error}", place="--grep"
        ) from error
