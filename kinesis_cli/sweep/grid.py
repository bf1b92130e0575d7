"""The grid of a sweep: which settings take which values, and the mapping of each point."""

import difflib
import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.settings_document import LIMITS, REPORT_BATCH_ITEM_FAILURES
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS

MAX_POINTS = 10_000
SWITCHES = ("BisectBatchOnFunctionError", REPORT_BATCH_ITEM_FAILURES)
NAMES = (*LIMITS, *SWITCHES)
_ADVICE = "For example --sweep BatchSize=10,100,500 --sweep ParallelizationFactor=1..10."
_RANGE = re.compile(r"(-?\d{1,9})(?:\.\.(-?\d{1,9}))?")
_BOOLEANS = {"true": True, "false": False}

Value = int | bool


class Axis(msgspec.Struct, frozen=True):
    """A setting, and the values that it takes."""

    name: str  # AWS's
    values: tuple[Value, ...]


class Point(msgspec.Struct, frozen=True):
    """One set of settings."""

    settings: Mapping[str, Value]  # of the axes, in their order
    mapping: EventSourceMapping
    is_own: bool = False  # what would run without a sweep
    is_in_grid: bool = True  # False: its own settings, which the grid does not have


class Grid(msgspec.Struct, frozen=True):
    """All points of a sweep."""

    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    left_out: Mapping[str, int]  # why AWS refuses a combination → how many points

    @property
    def own(self) -> Point:
        """The point that would run without a sweep."""
        return next(point for point in self.points if point.is_own)


def axes_of(texts: Sequence[str]) -> tuple[Axis, ...]:
    """Read each `--sweep NAME=VALUES`.

    Raises:
        InputError: one has another form, or AWS would refuse a value whatever the others are.
    """
    axes: dict[str, Axis] = {}
    for text in texts:
        axis = _axis(text)
        if axis.name in axes:
            raise _unreadable(text, f"{axis.name} is swept twice")
        axes[axis.name] = axis
    return tuple(axes.values())


def grid_of(axes: Sequence[Axis], own: EventSourceMapping, kind: SourceKind = KINESIS) -> Grid:
    """The grid around the settings that would run without it.

    Args:
        axes: of the grid.
        own: these settings.
        kind: of the source that is read.

    Raises:
        InputError: it has too many points.
    """
    count = math.prod(len(axis.values) for axis in axes)
    if count > MAX_POINTS:
        raise InputError(
            f"the grid has {count:,} points, which are too many",
            place="--sweep",
            advice=f"Up to {MAX_POINTS:,} are run: take fewer values.",
        )
    document, names = own.to_aws(), [axis.name for axis in axes]
    points: list[Point] = []
    left_out: Counter[str] = Counter()
    for values in itertools.product(*(axis.values for axis in axes)):
        settings = dict(zip(names, values, strict=True))
        try:
            mapping = EventSourceMapping.from_aws(_with(document, settings), kind=kind)
        except InputError as error:  # each value is fine alone: a combination that AWS refuses
            left_out[error.problem] += 1
            continue
        points.append(Point(settings, mapping, is_own=mapping == own))
    if not any(point.is_own for point in points):
        points.append(Point(_settings_of(own, names), own, is_own=True, is_in_grid=False))
    return Grid(tuple(axes), tuple(points), dict(left_out))


def _axis(text: str) -> Axis:
    name, is_there, values = text.partition("=")
    name = name.strip()
    if not is_there or not name:
        raise _unreadable(text, "it has not the form NAME=VALUES")
    if name not in NAMES:
        near = difflib.get_close_matches(_as_aws(name), NAMES, 1)
        raise InputError(
            f"{name!r} is not a setting that can be swept",
            place=f"--sweep {text}",
            advice=f"Did you mean {near[0]}?" if near else f"There are {', '.join(NAMES)}.",
        )
    read = _booleans if name in SWITCHES else _numbers
    found = tuple(
        dict.fromkeys(
            itertools.chain.from_iterable(read(part.strip(), text) for part in values.split(","))
        )
    )
    for value in found:
        EventSourceMapping.from_aws(_with({}, {name: value}), place=f"--sweep {text}")
    return Axis(name, found)


def _as_aws(name: str) -> str:
    """`--batch-size` or batch_size as AWS writes it."""
    return "".join(part[:1].upper() + part[1:] for part in re.split("[-_ ]+", name) if part)


def _booleans(part: str, text: str) -> Sequence[Value]:
    value = _BOOLEANS.get(part.lower())
    if value is None:
        raise _unreadable(text, f"{part!r} is neither true nor false")
    return (value,)


def _numbers(part: str, text: str) -> Sequence[Value]:
    found = _RANGE.fullmatch(part)
    if found is None:
        raise _unreadable(text, f"{part!r} is neither a whole number nor a range such as 1..10")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise _unreadable(text, f"{part!r} ends before it begins")
    if last - first >= MAX_POINTS:
        raise _unreadable(text, f"{part!r} are {last - first + 1:,} values, which are too many")
    return range(first, last + 1)


def _with(document: Mapping[str, object], settings: Mapping[str, Value]) -> dict[str, object]:
    merged = {**document, **settings}
    reports = merged.pop(REPORT_BATCH_ITEM_FAILURES, None)
    if reports is not None:
        merged["FunctionResponseTypes"] = [REPORT_BATCH_ITEM_FAILURES] if reports else []
    return merged


def _settings_of(mapping: EventSourceMapping, names: Sequence[str]) -> dict[str, Value]:
    document = mapping.to_aws()
    document[REPORT_BATCH_ITEM_FAILURES] = mapping.report_batch_item_failures
    found: dict[str, Value] = {}
    for name in names:
        value = document[name]
        assert isinstance(value, int)
        found[name] = value
    return found


def _unreadable(text: str, problem: str) -> InputError:
    return InputError(problem, place=f"--sweep {text}", advice=_ADVICE)
