"""A sweep for programs: one document, or a line for each point with a head and the end."""

from collections.abc import Iterator

from kinesis_cli.show.shapes import sweep as shapes
from kinesis_cli.sweep.ages import Ages
from kinesis_cli.sweep.choice import Run
from kinesis_cli.sweep.cost import Stream
from kinesis_cli.sweep.result import Swept


def sweep_document(swept: Swept) -> shapes.Sweep:
    """All in one document, version 1."""
    return shapes.Sweep(
        version=1,
        sweep=_head(swept),
        points=[_point(swept, place) for place in range(len(swept.runs))],
        recommendation=_recommendation(swept),
    )


def sweep_lines(
    swept: Swept,
) -> Iterator[shapes.SweepHead | shapes.Point | shapes.Recommendation]:
    """The same line by line."""
    yield _head(swept, shapes.SweepRow)
    for place in range(len(swept.runs)):
        yield _point(swept, place, shapes.PointRow)
    yield _recommendation(swept, shapes.RecommendationRow)


def _head(swept: Swept, shape: type[shapes.SweepHead] = shapes.SweepHead) -> shapes.SweepHead:
    basis, prices = swept.basis, swept.basis.prices
    return shape(
        grid={axis.name: axis.values for axis in basis.axes},
        points=basis.points,
        invocation_duration=basis.duration,
        memory_mb=basis.size.memory_mb,
        architecture=basis.size.architecture,
        stream=None if basis.stream is None else _stream(basis.stream),
        recording_seconds=round(basis.seconds, 6),
        cost_is_of="month" if basis.is_of_a_month else "million records",
        prices=shapes.PriceList(
            region=prices.region,
            date=prices.date,
            currency=prices.currency,
            sources=prices.sources,
        ),
    )


def _point(swept: Swept, place: int, shape: type[shapes.Point] = shapes.Point) -> shapes.Point:
    run, marks = swept.runs[place], swept.marks(place)
    measured = run.measured
    return shape(
        settings=run.point.settings,
        own="own" in marks,
        in_grid=run.point.is_in_grid,
        front="front" in marks,
        recommended="recommended" in marks,
        keeps_up=measured.keeps_up,
        stopped_early=measured.is_stopped,
        invocations=measured.calls,
        billed_seconds=measured.seconds,
        succeeded=measured.succeeded,
        redelivered=measured.redelivered,
        discarded=measured.discarded,
        expired=measured.expired,
        undelivered=measured.undelivered,
        record_age_seconds=_ages(measured.record_age),
        iterator_age_seconds=_ages(measured.iterator_age),
        longest_block_seconds=measured.longest_block,
        # of a run that was ended early nothing may be concluded
        cost=None if measured.is_stopped else _dollars(run),
        unsure=measured.unsure,
    )


def _recommendation(
    swept: Swept, shape: type[shapes.Recommendation] = shapes.Recommendation
) -> shapes.Recommendation:
    chosen = swept.choice
    best = None if chosen.recommended is None else swept.runs[chosen.recommended]
    return shape(
        sentence=swept.sentence,
        settings=None if best is None else best.point.settings,
        max_age_seconds=None if chosen.max_age is None else round(chosen.max_age, 6),
    )


def _stream(stream: Stream) -> shapes.SweptStream:
    return shapes.SweptStream(
        mode="ON_DEMAND" if stream.shards is None else "PROVISIONED",
        shards=stream.shards,
        retention_hours=stream.retention_hours,
        enhanced_fan_out=stream.has_fan_out,
    )


def _ages(ages: Ages) -> shapes.Ages:
    return shapes.Ages(p50=ages.p50, p99=ages.p99, max=ages.highest)


def _dollars(run: Run) -> shapes.Cost:
    dollars = run.dollars
    return shapes.Cost(
        requests=round(dollars.requests, 6),
        compute=round(dollars.compute, 6),
        stream=round(dollars.stream, 6),
        total=round(dollars.total, 6),
    )
