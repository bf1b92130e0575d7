"""What a run was asked for, and what is known of it before it begins."""

from typing import TYPE_CHECKING

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.simulation.options import SimulationOptions
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.on_failure_document import stream_arn_of
from kinesis_cli.stream.record_source import RecordSource

if TYPE_CHECKING:
    from kinesis_cli.event_source_mapping.filters.criteria import Filters
    from kinesis_cli.event_source_mapping.filters.doubts import FilterDoubts


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked for."""

    mapping: EventSourceMapping
    options: SimulationOptions
    filters: "Filters | None"  # of the mapping; None: it has none
    doubts: "FilterDoubts | None"  # what AWS may see otherwise in them
    start_at: float  # when the mapping goes live, epoch seconds
    is_pushed: bool  # records come as pushed to a consumer of enhanced fan-out


def plan_of(source: RecordSource, mapping: EventSourceMapping, options: SimulationOptions) -> Plan:
    """The plan of a run.

    Raises:
        InputError: a filter pattern of the mapping is not valid, or the mapping and the records
            are of different kinds of source.
    """
    mapping = mapping.reading(source.kind)
    _refuse_retention(source.kind, options.retention_hours)
    filters, doubts = _filters(mapping)
    start = options.start_at if options.start_at is not None else source.first_arrival
    first = source.first_record()
    return Plan(
        mapping=mapping,
        options=options,
        filters=filters,
        doubts=doubts,
        start_at=start if start is not None else 0.0,
        is_pushed=first is not None and "/consumer/" in stream_arn_of(first),
    )


def _filters(mapping: EventSourceMapping) -> "tuple[Filters | None, FilterDoubts | None]":
    if not mapping.filter_patterns:
        return None, None
    # A dozen modules, which a mapping without filters need not wait for.
    from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
    from kinesis_cli.event_source_mapping.filters.doubts import FilterDoubts

    filters = compile_filters(mapping.filter_patterns, mapping.kind)
    return filters, FilterDoubts(mapping.filter_patterns, filters)


def _refuse_retention(kind: SourceKind, hours: float) -> None:
    fixed = kind.rules.fixed_retention_hours
    if fixed is not None and hours != fixed:
        raise InputError(
            f"{kind.rules.a_source} keeps a record for {fixed:g} hours, which cannot be changed to "
            f"{hours:g}",
            advice="Leave the retention out.",
        )
