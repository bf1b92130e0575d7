"""`kcli simulate`."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options.aws_access import in_a_simulation
from kinesis_cli.cli.options.durations import Duration, chosen_duration, warn_of_constant
from kinesis_cli.cli.options.handler import HandlerRun, handler_maker, handler_options
from kinesis_cli.cli.options.inputs import HowToRead, reading
from kinesis_cli.cli.options.mapping import Lanes, MappingFileOption, MappingSettings, named_as_aws
from kinesis_cli.cli.options.pictures import PictureOptions, Pictures
from kinesis_cli.cli.options.scale import (
    ScaleOptions,
    refuse_beside_jobs,
    refuse_what_shards_share,
)
from kinesis_cli.cli.options.shared import (
    Code,
    FailOn,
    FailOnOption,
    Output,
    OutputOption,
)
from kinesis_cli.cli.options.simulated import Assumed, Moments, Span
from kinesis_cli.cli.options.sweep import Sweep, SweepOptions
from kinesis_cli.cli.options.takes import given, takes
from kinesis_cli.cli.running.places import reach_files
from kinesis_cli.cli.running.simulations import Simulations
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.aggregates import opened
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function
from kinesis_cli.project.mapping import MappingChoice, choose_mapping
from kinesis_cli.recordings.recording import Recording, opened_inputs
from kinesis_cli.show.console import note, warn
from kinesis_cli.show.mapping_in_words import uncalled_risk
from kinesis_cli.show.simulation.run import Run
from kinesis_cli.show.simulation.view import SilentView, View, simulation_view
from kinesis_cli.simulation.faults import Fault
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import Summary
from kinesis_cli.stream.record import Record

if TYPE_CHECKING:
    from kinesis_cli.show.comparison import Compared

# What a file system may not tell apart, of the times at which a file is written (FAT: two seconds).
_SETTLED_SECONDS = 2.0


@takes(
    how=HowToRead,
    code=Code,
    settings=MappingSettings,
    span=Span,
    duration=Duration,
    assumed=Assumed,
    handler_run=HandlerRun,
    pictures=PictureOptions,
    sweeping=SweepOptions,
    scale=ScaleOptions,
)
def simulate(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Events or recordings, one stream together, or get-records or EventBridge Pipes "
            "output, on-failure documents of S3, payloads: files, folders, patterns, URLs; - reads "
            "standard input.",
        ),
    ],
    *,
    how: HowToRead,
    code: Code,
    mapping: MappingFileOption = None,
    compare: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Deliver under this mapping too and compare; repeatable."
        ),
    ] = None,
    settings: MappingSettings,
    span: Span,
    duration: Duration,
    assumed: Assumed,
    handler_run: HandlerRun,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="SEQUENCE", help="The life of one record; its last digits are enough."
        ),
    ] = None,
    pictures: PictureOptions,
    sweeping: SweepOptions,
    scale: ScaleOptions,
    show_all: Annotated[bool, typer.Option("--all", help="Show long lists in full.")] = False,
    fail_on: FailOnOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Deliver records to a handler as Lambda would, in virtual time.

    Batches, retries, bisect, checkpoints, record age, filters and on-failure documents as Lambda's
    event source mapping makes them; a day of retries takes milliseconds. The handler sees the
    virtual time. Files may be URLs, s3://bucket/day/ or 's3://bucket/day/*.ndjson.zst' too.

    \b
    Examples:
      kcli simulate fixtures/batch.json
      kcli simulate fixtures/batch.json --maximum-retry-attempts -1 --until +3600
      kcli simulate fixtures/batch.json --batch-size 5 --fail-on expired
      kcli simulate fixtures/batch.json --isolated
      kcli simulate fixtures/batch.json --timeline --report run.html
      kcli event --count 1000 --hot-rate 0.01 | kcli simulate - --output json
      kcli event --sensors 9 --shards 4 --count 900 | kcli simulate - --jobs 2
      kcli event --count 9 -o day-1.ndjson; kcli simulate 'day-*.ndjson'
    """
    _refuse_both({"--compare": compare, "--explain": explain})
    sweep = Sweep.of(sweeping, duration, scale)
    scale.check(is_sweep=sweep is not None)
    sharing = scale.option if sweep is None else ""
    if sharing:
        refuse_beside_jobs(sharing, pictures, handler_run, explain)
    if sweep is not None:
        single = {"--compare": compare, "--explain": explain, "--fail-on": fail_on}
        _refuse_beside_a_sweep(single, pictures, handler_run, assumed)
    reach_files([*inputs, pictures.report, pictures.trace], how.s3)
    drawn = Pictures.of(pictures, output, is_life=explain is not None, runs=1 + len(compare or ()))
    _refuse_both({"--since": span.since, "--starting-position": settings.starting_position})
    moments = Moments.of(span)
    told: list[str] = []  # by the handlers of a sweep, each in a process of its own
    how_to_read = reading(how.raw, how.format_, how.shard)
    # The processes of a sweep are forked from this one, connections and all.
    with opened_inputs(inputs, how_to_read, is_fetched=sweep is not None) as found:
        function = in_a_simulation(find_function(**given(code), kind=found.kind), handler_run.aws)
        if mapping is None and not assumed.as_kinesis:
            _refuse_what_the_source_does_not_feed(function)
        choices = [choose_mapping(function, mapping, named_as_aws(settings))]
        choices += [choose_mapping(function, file, {}) for file in compare or ()]
        options = _options(function, assumed, duration)
        tell = told.append if sweep is not None else None
        new_handler = handler_maker(function, handler_run, tell)
        _tell(function, choices, output)
        arns = [choice.mapping.event_source_arn for choice in choices]
        recording = found.recording(
            arns,
            shards=_shards(function),
            keeps_tables=bool(sharing),
            settled_by=None if sharing else time.time() - _SETTLED_SECONDS,
        )
        _tell_of_records(function, recording)
        _warn_of_cut_windows(choices, recording)
        options, choices = moments.applied(options, choices, recording.first_arrival)
        if sweep is not None:
            from kinesis_cli.cli.running.sweep import SweepJob  # seldom asked for

            job = SweepJob(function, choices[0], recording, inputs, options, new_handler, told)
            sweep.run(job, output, drawn.report, show_all=show_all)
            return
        explained = [] if explain is None else recording.find(explain)
        if explained:
            options = replace(options, explain=(explained[0].sequence_number,))
        simulations = Simulations(function, recording, inputs, options, new_handler)

        def view_of(choice: MappingChoice, simulation: Simulation, run: Run) -> View:
            beside = drawn.begin(run, choice, function)
            simulation.watches.extend(beside.watches)
            if compare:
                return beside.of(SilentView())
            if explained:
                return beside.of(_life_view(opened(explained), simulation, output))
            return beside.of(simulation_view(run, output, show_all=show_all))

        if sharing:
            from kinesis_cli.cli.running.shared_simulations import SharedSimulations  # as a sweep

            _refuse_what_is_shared(sharing, function, assumed, duration, choices, recording)
            shared = SharedSimulations(
                simulations,
                handler_options(handler_run),
                scale.processes(1),
                scale.scheduler,
                scale.worker_project,
            )

            def show(run: Run) -> View:
                return SilentView() if compare else simulation_view(run, output, show_all=show_all)

            summaries = [shared.run(choice, show) for choice in choices]
        else:
            summaries = [simulations.run(choice, partial(view_of, choice)) for choice in choices]
    if compare:
        warn_of_constant(duration, (choice.mapping.batch_size for choice in choices))
        drawn.compare(_show_comparison(choices, summaries, output))
    names = [choice.origin for choice in choices]
    drawn.show(options.start_at or 0.0, names, show_all=show_all)
    if any(_has_failed(summary, fail_on or []) for summary in summaries):
        raise typer.Exit(ExitCode.FAILED)


def _refuse_what_is_shared(
    sharing: str,
    function: Function,
    assumed: Assumed,
    duration: Duration,
    choices: Sequence[MappingChoice],
    recording: Recording,
) -> None:
    lanes = max(choice.mapping.parallelization_factor for choice in choices)
    shards = len(recording.shard_ids)
    refuse_what_shards_share(sharing, function, assumed, duration, lanes, shards)


def _refuse_both(options: dict[str, object]) -> None:
    """Each option must mean something beside the other."""
    if all(options.values()):
        raise InputError(f"{' and '.join(options)} cannot be used together")


def _refuse_beside_a_sweep(
    options: Mapping[str, object], pictures: PictureOptions, run: HandlerRun, assumed: Assumed
) -> None:
    """Refuse what is about a single run."""
    given = {
        **options,
        "--timeline": pictures.timeline,
        "--trace": pictures.trace,
        "--debug": run.debug,
        "--debug-at": run.debug_at,
        "--show-throttled": assumed.show_throttled,
    }
    for option, value in given.items():
        _refuse_both({"--sweep": True, option: value})


def _refuse_what_the_source_does_not_feed(function: Function) -> None:
    if function.mapping is None and function.other_feeders:
        of_table = any(each.startswith("DynamoDB") for each in function.other_feeders)
        made = "`kcli event --dynamodb --items FILE --keys PK` makes changes of a table; "
        raise InputError(
            f"is fed by {', '.join(function.other_feeders)}, not by {function.kind.title}",
            place=function.origin.partition(" (")[0],
            advice=f"{made if of_table else ''}--as-kinesis delivers to it as if it were.",
        )


def _shards(function: Function) -> int:
    """How many shards the function's stream has, as far as the template says."""
    return (function.stream.shards or 1) if function.stream else 1


def _tell_of_records(function: Function, recording: Recording) -> None:
    """Say what is not as usual in the recording, and where the stream would not take a payload.

    Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
    """
    stream, size = function.stream, recording.largest_payload
    if stream is not None and size > stream.max_record_kib << 10:
        warn(
            f"the largest payload and its key are {size:,} bytes, and {stream.name} takes records "
            f"of at most {stream.max_record_kib:,} KiB"
        )
    for sentence in recording.notes:
        note(sentence)


def _warn_of_cut_windows(choices: Sequence[MappingChoice], recording: Recording) -> None:
    """Say that windows are cut where shards end by themselves; the simulation's do not."""
    life = recording.kind.rules.shard_life_seconds
    first, last = recording.first_arrival, recording.last_arrival
    if life is None or first is None or last is None or last - first <= life:
        return
    if any(choice.mapping.tumbling_window_in_seconds for choice in choices):
        warn(
            f"the records span more than {life / 3600:g} hours, after which a shard of "
            f"{recording.kind.rules.a_source} ends and cuts its tumbling window; here it goes on"
        )


def _options(function: Function, assumed: Assumed, duration: Duration) -> SimulationOptions:
    return SimulationOptions(
        invocation_duration=chosen_duration(duration),
        cold_start=duration.cold_start or 0.0,
        reserved_concurrency=function.reserved_concurrency,
        function_timeout=function.timeout,
        function_name=function.qualified_name,
        executed_version=function.version,
        retention_hours=assumed.retention_hours or _retention(function),
        lanes="hash" if assumed.lanes is Lanes.HASH else "keys",
        seed=assumed.seed,
        faults=tuple(map(Fault.parse, assumed.inject or ())),
        show_throttled=assumed.show_throttled,
    )


def _retention(function: Function) -> float:
    """How long the function's stream keeps a record, hours."""
    stream = function.stream
    return float(stream.retention_hours if stream else function.kind.rules.default_retention_hours)


def _tell(function: Function, choices: list[MappingChoice], output: Output) -> None:
    """Say, once each, what is ignored in the template and the mappings."""
    if function.is_sample and output is not Output.TABLE:  # the table names it
        note("There is no template here or above: kcli's own sample function gets the records.")
    notes = [*function.notes, *(sentence for choice in choices for sentence in choice.notes)]
    for sentence in dict.fromkeys(notes):
        note(sentence)
    for risk in dict.fromkeys(uncalled_risk(choice.mapping) for choice in choices):
        if risk is not None:
            warn(risk)
    for sentence in dict.fromkeys(chain.from_iterable(map(_filter_warnings, choices))):
        warn(sentence)


def _filter_warnings(choice: MappingChoice) -> Sequence[str]:
    mapping = choice.mapping
    if not mapping.filter_patterns:
        return ()
    from kinesis_cli.event_source_mapping.filters.criteria import compile_filters  # see simulation

    return compile_filters(mapping.filter_patterns, mapping.kind).warnings


def _life_view(records: Sequence[Record], simulation: Simulation, output: Output) -> View:
    from kinesis_cli.show.life import LifeView  # seldom asked for, and start-up counts

    return LifeView(records, simulation.start_at, simulation.starts_from, output)


def _show_comparison(
    choices: list[MappingChoice], summaries: list[Summary], output: Output
) -> "list[Compared]":
    from kinesis_cli.show.comparison import Compared, show_comparison

    runs = zip(choices, summaries, strict=True)
    compared = [Compared(c.origin, c.mapping, summary) for c, summary in runs]
    show_comparison(compared, output)
    return compared


def _has_failed(summary: Summary, rules: list[FailOn]) -> bool:
    counts = {
        FailOn.FAILURES: summary.failures,
        FailOn.DISCARDED: summary.discarded,
        FailOn.EXPIRED: summary.expired,
        FailOn.UNDELIVERED: summary.undelivered,
        FailOn.ERROR: summary.errors,
    }
    return any(counts[rule] for rule in rules)
