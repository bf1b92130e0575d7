"""`kcli simulate`."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options.aws_access import AwsOption, explaining, in_a_simulation
from kinesis_cli.cli.options.durations import Duration, chosen_duration, warn_of_constant
from kinesis_cli.cli.options.inputs import HowToRead, reading
from kinesis_cli.cli.options.mapping import Lanes, MappingSettings, named_as_aws
from kinesis_cli.cli.options.pictures import PictureOptions, Pictures
from kinesis_cli.cli.options.shared import (
    Code,
    FailOn,
    FailOnOption,
    IsolatedOption,
    KeepFailingInitOption,
    Output,
    OutputOption,
    SeedOption,
)
from kinesis_cli.cli.options.takes import given, takes
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.aggregates import opened
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.handlers import python_handler
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function
from kinesis_cli.project.mapping import MappingChoice, choose_mapping
from kinesis_cli.project.stream_settings import DEFAULT_RETENTION_HOURS
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.show.console import note, warn
from kinesis_cli.show.mapping_in_words import uncalled_risk
from kinesis_cli.show.progress import progress
from kinesis_cli.show.simulation import Run, SilentView, View, simulation_view
from kinesis_cli.simulation.faults import Fault
from kinesis_cli.simulation.run import Simulation, SimulationOptions
from kinesis_cli.simulation.trace import Summary
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.times import Moment


@takes(
    how=HowToRead,
    code=Code,
    settings=MappingSettings,
    duration=Duration,
    pictures=PictureOptions,
)
def simulate(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Events or recordings, one stream together, or get-records or EventBridge Pipes "
            "output, on-failure documents of S3, payloads; - reads standard input.",
        ),
    ],
    *,
    how: HowToRead,
    code: Code,
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
    settings: MappingSettings,
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
    duration: Duration,
    retention_hours: Annotated[
        float | None,
        typer.Option(
            metavar="H",
            help="How long the stream keeps a record; default: as in the template, else 24.",
            min=0.001,
        ),
    ] = None,
    lanes: Annotated[
        Lanes,
        typer.Option(
            help="With --parallelization-factor: each waiting key takes any free lane, or has one "
            "by its hash."
        ),
    ] = Lanes.KEYS,
    as_kinesis: Annotated[
        bool,
        typer.Option(
            "--as-kinesis", help="Deliver to a function that only another service feeds, too."
        ),
    ] = False,
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
    keep_failing_init: KeepFailingInitOption = False,
    aws: AwsOption = None,
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
    pictures: PictureOptions,
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
      kcli simulate fixtures/batch.json --batch-size 5 --fail-on expired
      kcli simulate fixtures/batch.json --isolated
      kcli simulate fixtures/batch.json --timeline --report run.html
      kcli event --count 1000 --hot-rate 0.01 | kcli simulate - --output json
    """
    _refuse_both({"--compare": compare, "--explain": explain})
    drawn = Pictures.of(pictures, output, is_life=explain is not None, runs=1 + len(compare or ()))
    _refuse_both({"--since": since, "--starting-position": settings.starting_position})
    found = in_a_simulation(find_function(**given(code)), aws)
    if mapping is None and not as_kinesis:
        _refuse_what_kinesis_does_not_feed(found)
    choices = [choose_mapping(found, mapping, named_as_aws(settings))]
    choices += [choose_mapping(found, file, {}) for file in compare or ()]
    begin, end = _moment(since, "--since"), _moment(until, "--until")
    start = _moment(start_at, "--start-at") or begin
    options = SimulationOptions(
        invocation_duration=chosen_duration(duration),
        cold_start=duration.cold_start or 0.0,
        reserved_concurrency=found.reserved_concurrency,
        function_timeout=found.timeout,
        function_name=found.qualified_name,
        executed_version=found.version,
        retention_hours=retention_hours or _retention(found),
        lanes="hash" if lanes is Lanes.HASH else "keys",
        seed=seed,
        faults=tuple(map(Fault.parse, inject or ())),
        show_throttled=show_throttled,
    )
    new_handler = _handler_maker(
        found,
        isolated=isolated,
        cold=cold,
        wall_clock=wall_clock,
        debug=debug,
        debug_at=debug_at,
        keep_failing_init=keep_failing_init,
    )
    if found.is_sample and output is not Output.TABLE:  # the table names it
        note("There is no template here or above: kcli's own sample function gets the records.")
    _tell(found, choices)
    read_as = reading(
        how.raw, how.format_, how.shard, [choice.mapping.event_source_arn for choice in choices]
    )
    with Recording.open(inputs, reading=read_as, shards=_shards(found)) as recording:
        _warn_of_too_large(found, recording.largest_payload)
        for sentence in recording.notes:
            note(sentence)
        first = recording.first_arrival
        options = replace(
            options,
            start_at=first if start is None else start.after(first),
            until=None if end is None else end.after(first),
        )
        if begin is not None:
            choices = [_beginning_at(begin.after(first), choice) for choice in choices]
        explained = [] if explain is None else recording.find(explain)
        if explained:
            options = replace(options, explain=(explained[0].sequence_number,))
        summaries = []
        for choice in choices:
            # Each mapping gets a cold start: what one run leaves in the handler's modules must not
            # reach the next.
            with closing(explaining(new_handler(options.start_at), found)) as runnable:
                simulation = Simulation(recording.rewound(), runnable, choice.mapping, options)
                run = _run(found, choice, runnable.runtime, simulation, recording, inputs)
                beside = drawn.begin(run, choice, found)
                if compare:
                    view: View = SilentView()
                elif explained:
                    view = _life_view(opened(explained), simulation, output)
                else:
                    view = simulation_view(run, output, show_all=show_all)
                summaries.append(_deliver(simulation, beside.of(view), recording))
    if compare:
        warn_of_constant(duration, (choice.mapping.batch_size for choice in choices))
        _show_comparison(choices, summaries, output)
    names = [choice.origin for choice in choices]
    drawn.show(options.start_at or 0.0, names, show_all=show_all)
    if any(_has_failed(summary, fail_on or []) for summary in summaries):
        raise typer.Exit(ExitCode.FAILED)


def _refuse_both(options: dict[str, object]) -> None:
    """Each option must mean something beside the other."""
    if all(options.values()):
        raise InputError(f"{' and '.join(options)} cannot be used together")


def _refuse_what_kinesis_does_not_feed(function: Function) -> None:
    if function.mapping is None and function.other_feeders:
        raise InputError(
            f"is fed by {', '.join(function.other_feeders)}, not by Kinesis",
            place=function.origin.partition(" (")[0],
            advice="--as-kinesis delivers to it as if it were.",
        )


def _shards(function: Function) -> int:
    """How many shards the function's stream has, as far as the template says."""
    return (function.stream.shards or 1) if function.stream else 1


def _warn_of_too_large(function: Function, size: int) -> None:
    """Say so where the function's stream would not take a payload.

    Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
    """
    stream = function.stream
    if stream is not None and size > stream.max_record_kib << 10:
        warn(
            f"the largest payload and its key are {size:,} bytes, and {stream.name} takes records "
            f"of at most {stream.max_record_kib:,} KiB"
        )


def _retention(function: Function) -> float:
    """How long the function's stream keeps a record, hours."""
    stream = function.stream
    return float(stream.retention_hours if stream else DEFAULT_RETENTION_HOURS)


def _handler_maker(
    function: Function,
    *,
    isolated: bool,
    cold: bool,
    wall_clock: bool,
    debug: bool,
    debug_at: int | None,
    keep_failing_init: bool,
) -> Callable[[float | None], Handler]:
    """What makes a handler that has not run yet, given when its clock starts, epoch seconds."""
    if not (isolated or function.needs_own_process):
        if cold:
            raise InputError("--cold is for a handler with a process of its own: add --isolated")
        tell = cache(note)  # once, however many handlers are made
        return lambda at: python_handler(
            function,
            wall_clock=wall_clock,
            debug=debug,
            debug_at=debug_at,
            at=at,
            keep_failing_init=keep_failing_init,
            is_alone=True,
            tell=tell,
        )
    if debug_at is not None:
        advice = "Debug" if function.needs_own_process else "Leave --isolated out, or debug"
        raise InputError(
            "--debug-at needs the handler in kcli's own process",
            advice=f"{advice} all calls with --debug.",
        )
    # seldom used, and start-up counts
    from kinesis_cli.handlers.isolated import IsolatedHandler
    from kinesis_cli.handlers.isolated.runtimes import command_for

    what = "An isolated handler"
    if function.needs_own_process:
        what = f"A function on {function.runtime or 'a runtime of its own'}"
    note(f"{what} sees the real clock, not the simulation's.")
    command = command_for(function)  # what it needs must be there before the records are read
    for sentence in command.notes:
        note(sentence)
    return lambda _: IsolatedHandler(
        function, command, cold=cold, debug=debug, keep_failing_init=keep_failing_init
    )


def _tell(function: Function, choices: list[MappingChoice]) -> None:
    """Say, once each, what is ignored in the template and the mappings."""
    notes = [*function.notes, *(sentence for choice in choices for sentence in choice.notes)]
    for sentence in dict.fromkeys(notes):
        note(sentence)
    for risk in dict.fromkeys(uncalled_risk(choice.mapping) for choice in choices):
        if risk is not None:
            warn(risk)
    patterns = [choice.mapping.filter_patterns for choice in choices]
    for sentence in dict.fromkeys(chain.from_iterable(map(_filter_warnings, patterns))):
        warn(sentence)


def _filter_warnings(patterns: Sequence[str]) -> Sequence[str]:
    if not patterns:
        return ()
    from kinesis_cli.event_source_mapping.filters.criteria import compile_filters  # see simulation

    return compile_filters(patterns).warnings


def _beginning_at(at: float, choice: MappingChoice) -> MappingChoice:
    """The choice, made to begin at `--since`, epoch seconds."""
    mapping = replace(
        choice.mapping, starting_position="AT_TIMESTAMP", starting_position_timestamp=at
    )
    return msgspec.structs.replace(choice, mapping=mapping)


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
        interpreter=function.interpreter,
    )


def _life_view(records: Sequence[Record], simulation: Simulation, output: Output) -> View:
    from kinesis_cli.show.life import LifeView  # seldom asked for, and start-up counts

    return LifeView(records, simulation.start_at, simulation.starts_from, output)


def _show_comparison(
    choices: list[MappingChoice], summaries: list[Summary], output: Output
) -> None:
    from kinesis_cli.show.comparison import Compared, show_comparison

    runs = zip(choices, summaries, strict=True)
    show_comparison([Compared(c.origin, c.mapping, summary) for c, summary in runs], output)


def _deliver(simulation: Simulation, view: View, recording: Recording) -> Summary:
    other = None
    try:
        with progress("delivering", simulation.records) as bar:
            for row in simulation.rows():
                view.row(row)
                bar.update(simulation.ended)
        other = simulation.other_reading(recording.rewound())
    finally:  # after Ctrl-C too: with what was finished so far
        summary = replace(simulation.summary(), other_reading=other)
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
