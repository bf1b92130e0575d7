"""Options that set single settings of the event source mapping, named as in the AWS CLI."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer


class StartingPosition(StrEnum):
    """Where in the stream the mapping begins."""

    TRIM_HORIZON = "TRIM_HORIZON"
    LATEST = "LATEST"
    AT_TIMESTAMP = "AT_TIMESTAMP"


class Lanes(StrEnum):
    """How partition keys find the lanes of a shard."""

    KEYS = "keys"
    HASH = "hash"


MappingFileOption = Annotated[
    Path | None,
    typer.Option(
        "--mapping",
        metavar="FILE",
        help="Mapping in the form of CreateEventSourceMapping, JSON or YAML; replaces the "
        "template's wholly.",
    ),
]


class MappingSettings(msgspec.Struct, frozen=True):
    """Single settings of the mapping, by the words of CreateEventSourceMapping."""

    batch_size: Annotated[
        int | None, typer.Option(metavar="N", help="Records per call, 1 to 10000.")
    ] = None
    maximum_batching_window_in_seconds: Annotated[
        int | None, typer.Option(metavar="S", help="How long to gather a batch, 0 to 300.")
    ] = None
    maximum_retry_attempts: Annotated[
        int | None, typer.Option(metavar="N", help="Retries of a failed batch; -1: no limit.")
    ] = None
    maximum_record_age_in_seconds: Annotated[
        int | None, typer.Option(metavar="S", help="Older records are discarded; -1: no limit.")
    ] = None
    bisect_batch_on_function_error: Annotated[
        bool | None,
        typer.Option(
            "--bisect-batch-on-function-error/--no-bisect-batch-on-function-error",
            help="Split a failed batch in two.",
        ),
    ] = None
    parallelization_factor: Annotated[
        int | None, typer.Option(metavar="N", help="Batches per shard at once, 1 to 10.")
    ] = None
    tumbling_window_in_seconds: Annotated[
        int | None, typer.Option(metavar="S", help="Length of tumbling windows (experimental).")
    ] = None
    report_batch_item_failures: Annotated[
        bool | None,
        typer.Option(
            "--report-batch-item-failures/--no-report-batch-item-failures",
            help="Look at the batchItemFailures that the handler returns.",
        ),
    ] = None
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="PATTERN", help="Filter pattern, JSON; repeatable."),
    ] = None
    starting_position: Annotated[
        StartingPosition | None, typer.Option(help="Where in the stream to begin.")
    ] = None
    starting_position_timestamp: Annotated[
        str | None, typer.Option(metavar="TIME", help="With AT_TIMESTAMP: epoch seconds or ISO.")
    ] = None


def named_as_aws(given: MappingSettings) -> dict[str, object]:
    """Return the values of these options under AWS's names; None: not given."""
    settings = msgspec.structs.asdict(given)
    filters, reports = settings.pop("filters"), settings.pop("report_batch_item_failures")
    return {
        **{"".join(map(str.capitalize, name.split("_"))): settings[name] for name in settings},
        "FilterCriteria": filters and {"Filters": [{"Pattern": each} for each in filters]},
        "FunctionResponseTypes": None if reports is None else ["ReportBatchItemFailures"] * reports,
    }
