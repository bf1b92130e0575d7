"""`kcli simulate`."""

from contextlib import closing
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options import (
    EnvVarsOption,
    FailOn,
    FailOnOption,
    FunctionOption,
    HandlerOption,
    IsolatedOption,
    Output,
    OutputOption,
    SeedOption,
    TemplateOption,
)
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.faults import Fault
from kinesis_cli.event_source_mapping.filters import compile_filters
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.event_source_mapping.moment import Moment, call_duration
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.simulation import Simulation, SimulationOptions
from kinesis_cli.event_source_mapping.trace import Summary
from kinesis_cli.handlers.in_process import InProcessHandler
from kinesis_cli.project.function import Function, find_function
from kinesis_cli.project.mapping import MappingChoice, choose_mapping
from kinesis_cli.show.console import note, warn
from kinesis_cli.show.progress import progress
from kinesis_cli.show.simulation import Run, SilentView, View, simulation_view
from kinesis_cli.stream.recording import Recording


class StartingPosition(StrEnum):
    """Where in the stream the mapping begins."""

    TRIM_HORIZON = "TRIM_HORIZON"
    LATEST = "LATEST"
    AT_TIMESTAMP = "AT_TIMESTAMP"


def simulate(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Events or recordings, one stream together; - reads standard input.",
        ),
    ],
    raw: Annotated[bool, typer.Option("--raw", help="Each line of INPUT is a payload.")] = False,
    handler: HandlerOption = None,
    template: TemplateOption = None,
    function: FunctionOption = None,
    env_vars: EnvVarsOption = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Mapping in the form of CreateEventSourceMapping, JSON or YAML; replaces the "
            "template's wholly.",
        ),
    ] = None,
    compare: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Deliver under this mapping too and compare; repeatable."
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", help="Records per call, 1 to 10000.")
    ] = None,
    maximum_batching_window_in_seconds: Annotated[
        int | None, typer.Option(metavar="S", help="How long to gather a batch, 0 to 300.")
    ] = None,
    maximum_retry_attempts: Annotated[
        int | None, typer.Option(metavar="N", help="Retries of a failed batch; -1: no limit.")
    ] = None,
    maximum_record_age_in_seconds: Annotated[
        int | None, typer.Option(metavar="S", help="Older records are discarded; -1: no limit.")
    ] = None,
    bisect_batch_on_function_error: Annotated[
        bool | None,
        typer.Option(
            "--bisect-batch-on-function-error/--no-bisect-batch-on-function-error",
            help="Split a failed batch in two.",
        ),
    ] = None,
    parallelization_factor: Annotated[
        int | None, typer.Option(metavar="N", help="Batches per shard at once, 1 to 10.")
    ] = None,
    tumbling_window_in_seconds: Annotated[
        int | None, typer.Option(metavar="S", help="Length of tumbling windows (experimental).")
    ] = None,
    report_batch_item_failures: Annotated[
        bool | None,
        typer.Option(
            "--report-batch-item-failures/--no-report-batch-item-failures",
            help="Look at the batchItemFailures that the handler returns.",
        ),
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="PATTERN", help="Filter pattern, JSON; repeatable."),
    ] = None,
    starting_position: Annotated[
        StartingPosition | None, typer.Option(help="Where in the stream to begin.")
    ] = None,
    starting_position_timestamp: Annotated[
        str | None, typer.Option(metavar="TIME", help="With AT_TIMESTAMP: epoch seconds or ISO.")
    ] = None,
    start_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the mapping goes live: epoch seconds, ISO time, or +SECONDS after the first "
            "arrival (default: +0).",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Skip what arrived before; the mapping goes live then. Same forms.",
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="End the simulation then; same forms.")
    ] = None,
    invocation_duration: Annotated[
        str,
        typer.Option(
            metavar="SECONDS|measured", help="How long a call takes, besides its own sleeps."
        ),
    ] = "0.1",
    retention_hours: Annotated[
        float, typer.Option(metavar="H", help="How long the stream keeps a record.", min=0.001)
    ] = 24.0,
    seed: SeedOption = 0,
    inject: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND@WHEN",
            help="A fault: throttle, timeout, error or duplicate, at delivery attempts (1-3,7) or "
            "with a probability (p=0.05); repeatable.",
        ),
    ] = None,
    show_throttled: Annotated[
        bool, typer.Option("--show-throttled", help="List throttled calls too.")
    ] = False,
    isolated: IsolatedOption = False,
    cold: Annotated[
        bool, typer.Option("--cold", help="Isolated: a fresh process for each call.")
    ] = False,
    wall_clock: Annotated[
        bool, typer.Option("--wall-clock", help="Let the handler see the real time.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", help="Capture nothing and let no time run out, so that breakpoint() works."
        ),
    ] = False,
    debug_at: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The same for delivery attempt N only.")
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="SEQUENCE", help="The life of one record; its last digits are enough."
        ),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Fold no long list.")] = False,
    fail_on: FailOnOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Deliver records to a handler as Lambda would, in virtual time.

    Batches, retries, bisect, checkpoints, record age, filters and on-failure documents as Lambda's
    event source mapping makes them; a day of retries takes milliseconds. The handler sees the
    virtual time.

    \b
    Examples:
      kcli simulate fixtures/batch.json
      kcli simulate fixtures/batch.json --maximum-retry-attempts -1 --until +3600
      kcli simulate fixtures/batch.json --no-report-batch-item-failures --fail-on discarded
      kcli simulate fixtures/batch.json --isolated
      kcli event --count 1000 --hot-rate 0.01 | kcli simulate - --output json
    """
    if compare and explain is not None:
        raise InputError(
            "--compare shows summaries, and --explain one record's life",
            advice="Leave one of the two out.",
        )
    overrides: dict[str, object] = {
        "BatchSize": batch_size,
        "MaximumBatchingWindowInSeconds": maximum_batching_window_in_seconds,
        "MaximumRetryAttempts": maximum_retry_attempts,
        "MaximumRecordAgeInSeconds": maximum_record_age_in_seconds,
        "BisectBatchOnFunctionError": bisect_batch_on_function_error,
        "ParallelizationFactor": parallelization_factor,
        "TumblingWindowInSeconds": tumbling_window_in_seconds,
        "FunctionResponseTypes": (
            None
            if report_batch_item_failures is None
            else ["ReportBatchItemFailures"] * report_batch_item_failures
        ),
        "FilterCriteria": {"Filters": [{"Pattern": p} for p in filters]} if filters else None,
        "StartingPosition": None if starting_position is None else starting_position.value,
        "StartingPositionTimestamp": starting_position_timestamp,
    }
    found = find_function(template=template, function=function, handler=handler, env_vars=env_vars)
    choices = [choose_mapping(found, mapping, overrides)]
    choices += [choose_mapping(found, file, {}) for file in compare or []]
    if cold and not isolated:
        raise InputError("--cold is for a handler with a process of its own: add --isolated")
    if since is not None and starting_position is not None:
        raise InputError("--since and --starting-position both say where to begin: give one")
    first_moment = _moment(since, "--since")
    start, end = _moment(start_at, "--start-at") or first_moment, _moment(until, "--until")
    options = SimulationOptions(
        invocation_duration=call_duration(invocation_duration),
        function_timeout=found.timeout,
        function_name=found.name,
        retention_hours=retention_hours,
        seed=seed,
        faults=tuple(Fault.parse(text) for text in inject or []),
        show_throttled=show_throttled,
    )
    for sentence in dict.fromkeys([*found.notes, *(n for c in choices for n in c.notes)]):
        note(sentence)
    filters_of = [compile_filters(choice.mapping.filter_patterns) for choice in choices]
    for sentence in dict.fromkeys(s for filters in filters_of for s in filters.warnings):
        warn(sentence)
    summaries = []
    with Recording.open(inputs, raw=raw) as recording:
        first = recording.first_arrival
        options = replace(
            options,
            start_at=first if start is None else start.after(first),
            until=None if end is None else end.after(first),
        )
        record = None if explain is None else recording.find(explain)
        if record is not None:
            options = replace(options, explain=(record.sequence_number,))
        for choice in choices:
            mapping_used = _since(choice.mapping, first_moment, first)
            # Each mapping gets a cold start: what one run leaves in the handler's modules must not
            # reach the next.
            with closing(
                _isolated(found, cold=cold, debug=debug, debug_at=debug_at)
                if isolated
                else InProcessHandler(
                    found,
                    wall_clock=wall_clock,
                    debug=debug,
                    debug_at=debug_at,
                    at=options.start_at,
                )
            ) as runnable:
                simulation = Simulation(recording.rewound(), runnable, mapping_used, options)
                if compare:
                    view: View = SilentView()
                elif record is not None:
                    # seldom asked for, and start-up counts
                    from kinesis_cli.show.life import LifeView

                    view = LifeView(record, simulation.start_at, simulation.starts_from, output)
                else:
                    run = _run(
                        found,
                        replace(choice, mapping=mapping_used),
                        runnable.runtime,
                        simulation,
                        recording,
                        inputs,
                    )
                    view = simulation_view(run, output, show_all=show_all)
                summaries.append(_deliver(simulation, view))
    if compare:
        from kinesis_cli.show.comparison import Compared, show_comparison

        show_comparison(
            [
                Compared(choice.origin, choice.mapping, summary)
                for choice, summary in zip(choices, summaries, strict=True)
            ],
            output,
        )
    if any(_has_failed(summary, fail_on or []) for summary in summaries):
        raise typer.Exit(ExitCode.FAILED)


def _isolated(function: Function, *, cold: bool, debug: bool, debug_at: int | None) -> Handler:
    from kinesis_cli.handlers.isolated import IsolatedHandler  # seldom used, and start-up counts

    if debug_at is not None:
        raise InputError(
            "--debug-at needs the handler in kcli's own process",
            advice="Leave --isolated out, or debug all calls with --debug.",
        )
    note("An isolated handler sees the real clock, not the simulation's.")
    return IsolatedHandler(function, cold=cold, debug=debug)


def _since(
    mapping: EventSourceMapping, moment: Moment | None, first_arrival: float | None
) -> EventSourceMapping:
    """The mapping, made to begin at `--since`."""
    if moment is None:
        return mapping
    at = moment.after(first_arrival)
    return replace(mapping, starting_position="AT_TIMESTAMP", starting_position_timestamp=at)


def _moment(text: str | None, option: str) -> Moment | None:
    return None if text is None else Moment.parse(text, option)


def _run(
    function: Function,
    choice: MappingChoice,
    runtime: str,
    simulation: Simulation,
    recording: Recording,
    inputs: list[str],
) -> Run:
    return Run(
        handler=function.handler,
        runtime=runtime,
        handler_origin=function.origin,
        mapping=choice.mapping.to_aws(),
        mapping_origin=choice.origin,
        source=", ".join("standard input" if name == "-" else name for name in inputs),
        records=recording.count,
        shards=len(recording.shard_ids),
        start_at=simulation.start_at,
    )


def _deliver(simulation: Simulation, view: View) -> Summary:
    try:
        with progress("delivering", simulation.records) as bar:
            for row in simulation.rows():
                view.row(row)
                bar.update(simulation.ended)
    finally:  # after Ctrl-C too: with what was finished so far
        summary = simulation.summary()
        view.finish(summary)
    return summary


def _has_failed(summary: Summary, rules: list[FailOn]) -> bool:
    counts = {
        FailOn.FAILURES: summary.failures,
        FailOn.DISCARDED: summary.discarded,
        FailOn.EXPIRED: summary.expired,
        FailOn.UNDELIVERED: summary.undelivered,
        FailOn.ERROR: summary.errors,
    }
    return any(counts[rule] for rule in rules)
