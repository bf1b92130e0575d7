"""Options that draw a simulation: a timeline on the terminal, files for viewers and browsers."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from kinesis_cli.cli.options.report_file import check_name, check_page, typed
from kinesis_cli.cli.options.shared import Output
from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Place, place_of
from kinesis_cli.simulation.trace import Row, Summary
from kinesis_cli.stream.times import Moment

if TYPE_CHECKING:
    from kinesis_cli.picture.drawing import Drawing
    from kinesis_cli.project.function import Function
    from kinesis_cli.project.mapping import MappingChoice
    from kinesis_cli.show.comparison import Compared
    from kinesis_cli.show.pictures.report import Report
    from kinesis_cli.show.simulation.run import Run
    from kinesis_cli.show.simulation.view import View
    from kinesis_cli.simulation.watch import Watch

_AFTER = "after the mapping went live"


class PictureOptions(msgspec.Struct, frozen=True):
    """What was said of pictures."""

    timeline: Annotated[
        bool | None,
        typer.Option("--timeline", help="Draw shards and calls over virtual time, too."),
    ] = None
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Draw the timeline from then on: +SECONDS as it tells them, or another form.",
        ),
    ] = None
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Draw the timeline until then; same forms."),
    ] = None
    trace: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="Write trace events too, for ui.perfetto.dev or chrome://tracing: .json or "
            ".json.gz.",
        ),
    ] = None
    report: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="Write the run as a page for a browser too, one .html file that needs no network.",
        ),
    ] = None
    overwrite: Annotated[
        bool | None, typer.Option("--overwrite", help="Write over a trace or report that exists.")
    ] = None


class Pictures(msgspec.Struct, frozen=True):
    """Which pictures are drawn."""

    timeline: bool = False
    start: Moment | None = None  # of the timeline
    end: Moment | None = None
    trace: Place | None = None
    report: Place | None = None
    runs: int = 1
    _drawings: "list[Drawing]" = msgspec.field(default_factory=list)
    _reports: "list[Report]" = msgspec.field(default_factory=list)  # of several runs

    @classmethod
    def of(cls, given: PictureOptions, output: Output, *, is_life: bool, runs: int) -> "Pictures":
        """The pictures that the options ask for.

        Args:
            given: what was said.
            output: of the command.
            is_life: it shows the life of one record.
            runs: how many there are.

        Raises:
            InputError: they do not go together, or a file would be lost.
        """
        timeline = bool(given.timeline)
        trace, report = (
            None if text is None else place_of(text) for text in (given.trace, given.report)
        )
        if timeline and output is not Output.TABLE:
            raise InputError(
                f"--timeline draws for people, and --output {output.value} is for programs",
                advice="Leave one of them out; the calls with their times are in the JSON.",
            )
        if timeline and is_life:
            raise InputError("--timeline and --explain cannot be used together")
        if (given.from_ or given.to) and not timeline:
            raise InputError("--from and --to are for --timeline", advice="Add --timeline.")
        if trace is not None:
            _check_trace(trace, overwrite=bool(given.overwrite), runs=runs)
        if report is not None:
            check_page(report, overwrite=bool(given.overwrite))
        if given.overwrite and trace is None and report is None:
            raise InputError(
                "--overwrite is for --trace and --report", advice="Add the one that you mean."
            )
        start, end = (
            None if text is None else Moment.parse(text, option, _AFTER)
            for text, option in ((given.from_, "--from"), (given.to, "--to"))
        )
        return cls(timeline, start, end, trace, report, runs)

    def begin(self, run: "Run", choice: "MappingChoice", function: "Function") -> "Beside":
        """Begin the pictures of a run, before anything of it is shown.

        Args:
            run: what is run.
            choice: its mapping.
            function: the one that gets the records.

        Raises:
            InputError: a file cannot be written, or the timeline would end before it begins.
        """
        beside = Beside()
        if self.timeline:
            from kinesis_cli.picture.drawing import Drawing

            begin = run.start_at if self.start is None else self.start.after(run.start_at)
            end = math.inf if self.end is None else self.end.after(run.start_at)
            if end <= begin:
                raise InputError("the timeline would end before it begins", place="--from, --to")
            drawing = Drawing(begin, end)
            self._drawings.append(drawing)
            beside.draw.append(drawing.row)
            beside.watches.append(drawing.waiting)
        if self.trace is not None:
            from kinesis_cli.show.pictures.trace_file import TraceFile

            file = TraceFile(self.trace, run.start_at)
            beside.draw.append(file.row)
            beside.end.append(file.finish)
            beside.watches.append(file.waiting)
        if self.report is not None:
            from kinesis_cli.lint.linting import lint_function
            from kinesis_cli.show.pictures.report import About, Report

            # the rules are about the template's mapping, which may not be the one that is run
            is_templates = choice.origin == function.mapping_origin
            findings = lint_function(function) if is_templates else []
            about = About(run, choice.mapping, typed(), tuple(each.finding for each in findings))
            page = Report(self.report if self.runs == 1 else None, about)
            self._reports.append(page)
            beside.draw.append(page.row)
            beside.end.append(page.finish)
            beside.watches.append(page.waiting)
        return beside

    def compare(self, compared: "Sequence[Compared]") -> None:
        """Write the report of several runs, if one is asked for.

        Raises:
            InputError: it cannot be written.
        """
        if self.report is not None and self.runs > 1:
            from kinesis_cli.show.comparison import comparison_rows
            from kinesis_cli.show.pictures.report import write_comparison

            rows = [[name, *cells] for name, cells in comparison_rows(compared)]
            write_comparison(self.report, [run.name for run in compared], self._reports, rows)

    def show(self, start_at: float, names: list[str], *, show_all: bool) -> None:
        """Print the timeline, or those of several runs.

        Args:
            start_at: when the mapping went live, epoch seconds.
            names: of the runs.
            show_all: leave out no shard.
        """
        if not self._drawings:
            return
        from kinesis_cli.show.pictures.timeline import show_timeline, show_timelines

        if len(self._drawings) == 1:
            show_timeline(self._drawings[0], start_at, show_all=show_all)
            return
        named = list(zip(names, self._drawings, strict=True))
        show_timelines(named, start_at, show_all=show_all)


class Beside(msgspec.Struct, frozen=True):
    """What draws a run beside its view."""

    draw: list[Callable[[Row], None]] = msgspec.field(default_factory=list)
    end: list[Callable[[Summary], None]] = msgspec.field(default_factory=list)
    watches: "list[Watch]" = msgspec.field(default_factory=list)

    def of(self, view: "View") -> "View":
        """The view, with everything drawn that it shows."""
        return _Drawn(view, self) if self.draw else view


class _Drawn(msgspec.Struct, frozen=True):
    _view: "View"
    _beside: Beside

    def row(self, row: Row) -> None:
        """See `View`."""
        for draw in self._beside.draw:
            draw(row)
        self._view.row(row)

    def finish(self, summary: Summary) -> None:
        """See `View`."""
        for end in self._beside.end:
            end(summary)
        self._view.finish(summary)


def _check_trace(path: Place, *, overwrite: bool, runs: int) -> None:
    """Refuse a file that is not meant, or would be lost, before anything is done."""
    from kinesis_cli.recordings.writing import refuse_existing

    check_name("--trace", path, (".json", ".json.gz"))
    if runs > 1:
        raise InputError(
            "--trace and --compare cannot be used together",
            advice="Draw each mapping alone, with --mapping.",
        )
    refuse_existing(path, overwrite=overwrite)
