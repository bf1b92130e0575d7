"""Faults on demand, switched while the endpoint runs.

One document describes all of them; the control path and `kcli local faults` pass it on unchanged.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from random import Random
from typing import Literal

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.local.kinesis.model import Stream, resolve_shard_number
from kinesis_cli.stream.shards import shard_id

Cut = Literal["before", "after"]

_MAX_DELAY = 3600.0  # seconds; a longer one looks like a server that hangs


class RequestFault(msgspec.Struct, frozen=True):
    """What goes wrong with one request."""

    delay: float = 0.0  # seconds to wait before it is looked at
    error: bool = False  # answer 500 InternalFailure and do nothing
    cut: Cut | None = None  # drop the connection before or after the operation is done


class FaultSettings(msgspec.Struct, forbid_unknown_fields=True):
    """The switches. Shares are 0 to 1."""

    throttle: list[str] = []  # "stream/shardId-000000000000", or "stream" for all of its shards
    fail: float = 0.0  # share of the entries of PutRecords that fail with InternalFailure
    error: float = 0.0  # share of the requests that answer 500
    delay: float = 0.0  # seconds before each answer
    cut: Cut | None = None  # drop the connection before or after the write
    cut_share: float = 1.0  # share of the requests whose connection is cut
    operations: list[str] = []  # error, delay and cut only for these; empty: for all


# Every switch of `kcli local faults` as it is when nobody touched it.
_OFF = {**msgspec.structs.asdict(FaultSettings()), "clock": 0.0}


def faults_on(switches: Mapping[str, object]) -> dict[str, object]:
    """Those of the switches that are on, of what `DataPlane.switch_faults` returns."""
    return {name: value for name, value in switches.items() if value != _OFF[name]}


class FaultRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked of the control path; all of it is optional."""

    clear: bool = False  # switch everything off, before what follows
    set: dict[str, object] = {}  # members of `FaultSettings`
    expire_iterators: bool = False
    clock: float | msgspec.UnsetType | None = msgspec.UNSET  # seconds on or back; null: real time


def read_fault_request(document: dict[str, object]) -> FaultRequest:
    """The request that a document is.

    Raises:
        InputError: an unknown member, or a value that it cannot have.
    """
    try:
        return msgspec.convert(document, FaultRequest)
    except msgspec.ValidationError as error:
        raise InputError(str(error), place="faults") from error


class Faults:
    """The faults that are switched on now.

    Args:
        random: decides which request of a share it is.
        operations: names of those that there are.
        streams: those that there are.
    """

    def __init__(
        self,
        random: Random,
        operations: Collection[str],
        streams: Callable[[], Iterable[Stream]],
    ) -> None:
        self._random = random
        self._operations, self._streams = operations, streams
        self.settings = FaultSettings()
        self.iterator_generation = 0  # iterators of earlier ones have expired

    @property
    def any(self) -> bool:
        """Whether writes must ask for each record."""
        return bool(self.settings.throttle or self.settings.fail)

    def set(self, document: dict[str, object]) -> None:
        """Switch on what the document names; what it does not name stays as it is.

        Raises:
            InputError: an unknown switch, or a value that it cannot have.
        """
        try:
            changed = msgspec.convert(
                {**msgspec.structs.asdict(self.settings), **document}, FaultSettings
            )
        except msgspec.ValidationError as error:
            raise InputError(str(error), place="faults") from error
        for name in ("fail", "error", "cut_share"):
            if not 0 <= getattr(changed, name) <= 1:
                raise InputError(f"{name} is a share, from 0 to 1", place="faults")
        if not 0 <= changed.delay <= _MAX_DELAY:
            raise InputError(f"delay is 0 to {_MAX_DELAY:.0f} seconds", place="faults")
        for name in changed.operations:
            if name not in self._operations:
                raise InputError(f"there is no operation {name!r}", place="faults")
        if "throttle" in document:  # what was throttled before may have been deleted since
            changed.throttle = [self._throttled(name) for name in changed.throttle]
        self.settings = changed

    def clear(self) -> None:
        """Switch everything off. Expired iterators stay expired."""
        self.settings = FaultSettings()

    def expire_iterators(self) -> None:
        """All shard iterators given so far have expired."""
        self.iterator_generation += 1

    def for_request(self, operation: str) -> RequestFault:
        """What goes wrong with the next request of this operation."""
        settings = self.settings
        if settings.operations and operation not in settings.operations:
            return RequestFault()
        return RequestFault(
            delay=settings.delay,
            error=self._happens(settings.error),
            cut=settings.cut if settings.cut and self._happens(settings.cut_share) else None,
        )

    def throttles(self, stream: str, shard_id: str) -> bool:
        """Whether writes to and reads from a shard are refused."""
        throttled = self.settings.throttle
        return stream in throttled or f"{stream}/{shard_id}" in throttled

    def entry_fails(self) -> bool:
        """Whether the next entry of a PutRecords fails."""
        return self._happens(self.settings.fail)

    def _happens(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _throttled(self, name: str) -> str:
        """`stream/6` as `stream/shardId-000000000006`; a stream alone as it is."""
        stream, slash, shard = name.partition("/")
        found = [each for each in self._streams() if each.name == stream]
        if not found:
            raise InputError(f"there is no stream {stream!r}", place="faults")
        if not slash:
            return name
        number = resolve_shard_number(shard)
        if number is None:
            raise InputError(f"{shard!r} is not a shard id", place="faults")
        if not any(number in each.shards for each in found):
            raise InputError(f"stream {stream} has no {shard_id(number)}", place="faults")
        return f"{stream}/{shard_id(number)}"
