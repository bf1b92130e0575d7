"""What `kcli simulate --sweep` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import field

from kinesis_cli.show.shapes.base import Count, Shape, Version, says
from kinesis_cli.show.shapes.simulation import Seconds, Unsure
from kinesis_cli.sweep.grid import Value

Dollars = Annotated[float, says("In the currency of `prices`.")]


class SweptStream(Shape):
    """The stream that the costs are of."""

    mode: Literal["ON_DEMAND", "PROVISIONED"]
    shards: Annotated[int | None, says("null: on demand.")]
    retention_hours: Annotated[float, says("Hours.")]
    enhanced_fan_out: bool


class PriceList(Shape):
    """Where the prices are from."""

    region: str
    date: Annotated[str, says("On which they held.")]
    currency: str
    sources: Annotated[Sequence[str], says("Pages of AWS.")]


class SweepHead(Shape):
    """What the figures of a sweep rest on."""

    grid: Annotated[Mapping[str, Sequence[Value]], says("Each setting with its values.")]
    points: Annotated[int, says("Of the grid, with the mapping's own.")]
    invocation_duration: Annotated[str, says("As `--invocation-duration` takes it.")]
    memory_mb: Annotated[int, says("Of the function, MB.")] = field(name="memoryMB")
    architecture: str
    stream: Annotated[SweptStream | None, says("null: a table's stream.")]
    recording_seconds: Annotated[float, says("That the recording covers.")]
    cost_is_of: Literal["month", "million records"]
    prices: PriceList


class Ages(Shape):
    """Of the records, in virtual seconds."""

    p50: Seconds
    p99: Seconds
    max: Seconds


class Cost(Shape):
    """Of a month, or of a million records: see `costIsOf`."""

    requests: Dollars
    compute: Dollars
    stream: Dollars
    total: Dollars


class Point(Shape):
    """One combination of settings, and what it does to the recording."""

    settings: Annotated[Mapping[str, Value], says("That the grid changes.")]
    own: Annotated[bool, says("The mapping's own settings.")]
    in_grid: bool
    front: Annotated[bool, says("No other point is both cheaper and faster.")]
    recommended: bool
    keeps_up: Annotated[
        bool | None,
        says("Whether it handles records as fast as they come; null: the recording has no rate."),
    ]
    stopped_early: Annotated[bool, says("It fell so far behind that it was ended.")]
    invocations: Count
    billed_seconds: Annotated[float, says("Seconds that AWS bills.")]
    succeeded: Count
    redelivered: Count
    discarded: Count
    expired: Count
    undelivered: Count
    record_age_seconds: Ages
    iterator_age_seconds: Ages
    longest_block_seconds: Annotated[float, says("For which a failure held up a shard.")]
    cost: Annotated[Cost | None, says("null: the run was ended early.")]
    unsure: Unsure


class Recommendation(Shape):
    """Which point, and why."""

    sentence: str
    settings: Annotated[Mapping[str, Value] | None, says("null: no point is good enough.")]
    max_age_seconds: Annotated[float | None, says("The limit that was asked for, or taken.")]


class Sweep(Shape):
    """What `--sweep` prints."""

    version: Version
    sweep: SweepHead
    points: Sequence[Point]
    recommendation: Recommendation


class SweepRow(SweepHead, tag_field="type", tag="sweep"):
    """The first line of a sweep."""


class PointRow(Point, tag_field="type", tag="point"):
    """A line for each point."""


class RecommendationRow(Recommendation, tag_field="type", tag="recommendation"):
    """The last line of a sweep."""
