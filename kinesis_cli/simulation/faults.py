"""Faults on demand: what `--inject KIND@WHEN` does to chosen delivery attempts."""

import random
import re
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from kinesis_cli.errors import InputError

FaultKind = Literal["throttle", "timeout", "error", "duplicate"]


class Fault(msgspec.Struct, frozen=True):
    """One `--inject`."""

    kind: FaultKind
    attempts: tuple[range, ...] = ()  # 1-based numbers of delivery attempts
    probability: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read `KIND@WHEN`: `throttle@1-3,7` or `error@p=0.05`.

        Raises:
            InputError: it has another form.
        """
        kind, _, when = text.partition("@")
        for known in get_args(FaultKind):
            if kind == known:
                if when.startswith("p="):
                    return cls(known, probability=_probability(when[2:], text))
                return cls(known, attempts=tuple(_range(part, text) for part in when.split(",")))
        raise _unreadable(
            text, f"{kind!r} is not a fault; there are {', '.join(get_args(FaultKind))}"
        )


class Faults:
    """Decides for each delivery attempt of a run which fault befalls it."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self._faults, self._seed = faults, seed
        self._random: dict[str, random.Random] = {}  # of each shard

    def at(self, attempt: int, shard_id: str) -> FaultKind | None:
        """The fault of a delivery attempt.

        Args:
            attempt: 1-based, of all shards; ask once for each, in order.
            shard_id: whose records it would deliver: what happens to one shard by chance is not
                moved by what another one does.
        """
        if not self._faults:
            return None
        chances = self._random.get(shard_id)
        if chances is None:
            chances = self._random[shard_id] = random.Random(f"faults/{self._seed}/{shard_id}")
        hit: FaultKind | None = None
        for fault in self._faults:
            # Drawn for each attempt, hit or not: so one fault does not move another one.
            chance = fault.probability > 0 and chances.random() < fault.probability
            if hit is None and (chance or any(attempt in part for part in fault.attempts)):
                hit = fault.kind
        return hit


def _range(part: str, text: str) -> range:
    match = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", part.strip())
    if match is None:
        raise _unreadable(text, f"{part!r} is not the number of an attempt")
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last:
        raise _unreadable(text, f"{part!r} is not a range of attempts, which count from 1")
    return range(first, last + 1)


def _probability(number: str, text: str) -> float:
    try:
        probability = float(number)
    except ValueError:
        probability = -1.0
    if not 0 <= probability <= 1:
        raise _unreadable(text, f"{number!r} is no probability from 0 to 1")
    return probability


def _unreadable(text: str, problem: str) -> InputError:
    return InputError(
        problem, place=f"--inject {text}", advice="For example throttle@1-3,7 or error@p=0.05."
    )
