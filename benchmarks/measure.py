"""Measuring two things fairly: in turns, so that a busy moment hits both, and by medians."""

import statistics
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TypedDict


class Row(TypedDict):
    """One line of the result. Times are in the unit that the benchmark's name says."""

    benchmark: str
    ours: float
    peer: float
    ratio: float
    target: float | None  # the ratio is at most this; None: for information


def row(benchmark: str, ours: float, peer: float, target: float | None) -> Row:
    """A `Row` with its ratio."""
    return Row(benchmark=benchmark, ours=ours, peer=peer, ratio=ours / peer, target=target)


def medians(cases: Mapping[str, Callable[[], object]], rounds: int = 11) -> dict[str, float]:
    """Seconds that each case takes: A B C, A B C, …; the median of `rounds`."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            start = perf_counter()
            case()
            times[name].append(perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in times.items()}
