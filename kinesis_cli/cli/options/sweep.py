"""Options that run a grid of settings on one recording."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from kinesis_cli.cli.options.durations import Duration, chosen_duration, tell_of_constant
from kinesis_cli.cli.options.report_file import typed
from kinesis_cli.cli.options.scale import ScaleOptions
from kinesis_cli.cli.options.shared import Output
from kinesis_cli.cli.running.cores import cores
from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Place
from kinesis_cli.show.console import note

if TYPE_CHECKING:
    from kinesis_cli.cli.running.sweep import SweepJob
    from kinesis_cli.sweep.grid import Axis
    from kinesis_cli.sweep.prices import Prices
    from kinesis_cli.sweep.result import Swept


class SweepOptions(msgspec.Struct, frozen=True):
    """What was said of a sweep."""

    sweep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="Run a grid of settings, BatchSize=10,100 or ParallelizationFactor=1..10, and "
            "tell the age and cost of each point; repeatable. Needs the duration of calls.",
        ),
    ] = None
    max_age: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.001,
            help="--sweep: recommend the cheapest point where 99 % of the records are at most so "
            "old when they are handled; default: as with the settings now.",
        ),
    ] = None
    prices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="--sweep: other prices, JSON or YAML."),
    ] = None


class Sweep(msgspec.Struct, frozen=True):
    """A sweep that was asked for."""

    axes: "tuple[Axis, ...]"
    prices: "Prices"
    max_age: float | None
    jobs: int

    @classmethod
    def of(cls, given: SweepOptions, duration: Duration, scale: ScaleOptions) -> "Sweep | None":
        """The sweep that the options ask for, if they do.

        Raises:
            InputError: they are not usable, or nothing says how long a call takes.
        """
        if not given.sweep:
            alone = {"--max-age": given.max_age, "--prices": given.prices}
            for option, value in alone.items():
                if value is not None:
                    raise InputError(f"{option} is for --sweep", advice="Add --sweep.")
            return None
        from kinesis_cli.sweep.grid import axes_of

        axes = axes_of(given.sweep)
        _refuse_unknown_duration(duration)
        return cls(axes, _prices(given.prices), given.max_age, scale.processes(cores()))

    def run(self, job: "SweepJob", output: Output, report: Place | None, *, show_all: bool) -> None:
        """Run the grid, and show what came of it: after Ctrl-C too, of what was finished.

        Raises:
            InputError: the grid is too large, or the handler or the recording is not usable.
            KeyboardInterrupt: Ctrl-C.
        """
        # seldom asked for, and start-up counts
        from kinesis_cli.cli.running.sweep import Interrupted
        from kinesis_cli.show.pictures.sweep import show_sweep

        interrupted = None
        try:
            swept = job.run(self.axes, self.prices, self.max_age, self.jobs)
        except Interrupted as error:
            swept, interrupted = error.swept, error
            note(f"interrupted: {len(swept.runs):,} of {swept.basis.points:,} points were run")
        _tell_basis(swept)
        show_sweep(swept, output.value, show_all=show_all)
        if interrupted is not None:
            raise interrupted
        if report is not None:
            from kinesis_cli.show.pictures.sweep_report import write_sweep_report

            write_sweep_report(report, swept, job.function.handler, job.source, typed())


def _refuse_unknown_duration(duration: Duration) -> None:
    """Which settings are best depends on how long calls take: nothing may be assumed there."""
    advice = (
        "Give seconds and what each record adds, --invocation-duration 0.05+0.002/record, or "
        "--duration-from LOG, which fits that to the function's own REPORT lines."
    )
    if duration.invocation_duration is None and duration.duration_from is None:
        raise InputError("--sweep must be told how long a call takes", advice=advice)
    if duration.duration_from is None and chosen_duration(duration) is None:
        raise InputError(
            "--sweep does not measure calls: how long they take here says little of Lambda",
            place="--invocation-duration measured",
            advice=advice,
        )


def _prices(file: Path | None) -> "Prices":
    from kinesis_cli.sweep.prices import known_prices, prices_of

    if file is None:
        return known_prices()
    from kinesis_cli.project.mapping import read_document

    return prices_of(read_document(file), f"--prices {file}")


def _tell_basis(swept: "Swept") -> None:
    """Say on standard error what the figures rest on, besides what was asked for."""
    basis = swept.basis
    if not any(term in basis.duration for term in ("/record", "/KB")):
        tell_of_constant(basis.duration)
    if not basis.is_of_a_month:
        note(
            "All records arrive within a second, which says nothing of a month: costs are those of "
            "a million records, without the stream."
        )
