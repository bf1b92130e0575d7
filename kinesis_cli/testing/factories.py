"""Records as the stream of a test would hold them: made of payloads, the same ones each time."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.arriving import ArrivingRecords
from kinesis_cli.payloads.broken import FIELD_FAULTS, TEXT_FAULTS
from kinesis_cli.putting.entry import DEFAULT_MAX_RECORD
from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.shards import MAX_KEY

# bytes and texts are sent as they are, anything else as JSON
PayloadValue = bytes | bytearray | str | Mapping[str, Any] | Sequence[Any] | float | bool | None
Key = str | Callable[[Any], str] | None


class StreamOfTest:
    """The stream whose records a test makes; their sequence numbers grow, whatever is made.

    Args:
        created: epoch seconds.
    """

    def __init__(self, created: float) -> None:
        self._created = created
        self._streams: dict[tuple[int, str], ArrivingRecords] = {}
        self._count = 0  # of payloads without a key

    def records(
        self,
        payloads: Iterable[PayloadValue],
        key: Key,
        shards: int,
        arn: str,
        arrivals: Iterator[float],
    ) -> list[Record]:
        """Return a record for each payload."""
        keyed = self._keyed(payloads, key)
        return list(self._stream(shards, arn).records(_with_arrivals(keyed, arrivals)))

    def aggregate(
        self, payloads: Iterable[PayloadValue], key: Key, arn: str, arrival: float
    ) -> Record:
        """Return one record that holds all payloads, as the Kinesis Producer Library packs them.

        Raises:
            InputError: there are none, or more than fit.
        """
        keyed = [(arrival, payload) for payload in self._keyed(payloads, key)]
        packed = list(self._stream(1, arn).aggregates(keyed))
        if len(packed) != 1:
            problem = f"{len(keyed):,} payloads make {len(packed)} aggregates, not one"
            raise InputError(problem, place="aggregate()")
        return packed[0]

    def _stream(self, shards: int, arn: str) -> ArrivingRecords:
        at = (shards, arn)
        if at not in self._streams:
            # A second stream is younger, so that no two records have the same number.
            created = self._created + len(self._streams)
            self._streams[at] = ArrivingRecords(shards, created, event_source_arn=arn)
        return self._streams[at]

    def _keyed(self, payloads: Iterable[PayloadValue], key: Key) -> Iterator[Payload]:
        for value in payloads:
            if key is None:
                self._count += 1
            named = f"record-{self._count}" if key is None else key
            yield Payload(
                _checked_key(named(value) if callable(named) else named), None, payload_bytes(value)
            )


def _with_arrivals(
    payloads: Iterator[Payload], arrivals: Iterator[float]
) -> Iterator[tuple[float, Payload]]:
    for payload in payloads:
        yield next(arrivals), payload


def _checked_key(key: object) -> str:
    if isinstance(key, str) and 1 <= len(key) <= MAX_KEY:
        return key
    shown = repr(key) if len(repr(key)) <= 60 else f"{repr(key)[:60]}…"
    raise InputError(
        f"{shown} is no partition key, which is a text of 1 to {MAX_KEY} characters",
        place="key",
    )


def payload_bytes(value: PayloadValue) -> bytes:
    """Return what a payload is on the stream: bytes and texts as they are, anything else as JSON.

    Raises:
        InputError: it cannot be written as JSON.
    """
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    try:
        return json.dumps(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"a payload cannot be written as JSON: {error}",
            advice="Give bytes, a text, or what json.dumps takes.",
        ) from error


def event_of(records: Iterable[Record]) -> dict[str, Any]:
    """Return the event that Lambda would call the function with."""
    records = list(records)
    event: dict[str, Any] = json.loads(kind_of_records(records).event(records))
    return event


# What `broken` makes besides the faults that `kcli event --invalid-rate` makes.
_PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "torn gzip": lambda data: gzip.compress(data, mtime=0)[:-6],
    "lone surrogate": lambda _: b'"\\ud800"',
    # as large as a stream takes by default, with the longest key
    "huge": lambda data: data + b" " * (DEFAULT_MAX_RECORD - MAX_KEY - len(data)),
}


def kinds_of_broken() -> tuple[str, ...]:
    """Return what `broken` can make."""
    return (*TEXT_FAULTS, *_PACKED, *FIELD_FAULTS)


def _plain(kind: str) -> str:
    """A kind however it is written: "cut off", "cut-off", "CUT_OFF"."""
    return kind.casefold().replace("_", " ").replace("-", " ").strip()


def broken(kind: str, payload: PayloadValue, member: str | None) -> bytes:
    """Return `payload` broken in one way.

    Args:
        kind: one of `kinds_of_broken`.
        payload: what it was; for the kinds that break one member, an object.
        member: which; default: the first.

    Raises:
        InputError: there is no such kind, or the payload is not an object with this member.
    """
    found = {_plain(each): each for each in kinds_of_broken()}.get(_plain(kind))
    data = payload_bytes(payload)
    if found is None:
        kinds = ", ".join(kinds_of_broken())
        raise InputError(f"{kind!r} is not a way to break a payload; there are: {kinds}")
    if found in TEXT_FAULTS:
        return TEXT_FAULTS[found](data)
    if found in _PACKED:
        return _PACKED[found](data)
    if not isinstance(payload, Mapping) or not payload:
        raise InputError(f"{found!r} breaks a member of a payload that is an object")
    if member is None:
        member = next(iter(payload))
    if member not in payload:
        raise InputError(f"the payload has no member {member!r} to break")
    return FIELD_FAULTS[found](dict(payload), member)
