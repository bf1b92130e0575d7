"""Options that draw a simulation: a timeline on the terminal, a file of trace events."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinesis_cli.cli.options.shared import Output
from kinesis_cli.errors import InputError
from kinesis_cli.simulation.trace import Row, Summary
from kinesis_cli.stream.times import Moment

if TYPE_CHECKING:
    from kinesis_cli.picture.drawing import Drawing
    from kinesis_cli.show.simulation import View
_AFTER = "after the mapping went live"

PICTURES = {
    "timeline": Annotated[
        bool | None,
        typer.Option("--timeline", help="Draw shards and calls over virtual time, too."),
    ],
    "from_": Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Draw the timeline from then on: +SECONDS as it tells them, or another form.",
        ),
    ],
    "to": Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Draw the timeline until then; same forms."),
    ],
    "trace": Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write trace events too, for ui.perfetto.dev or chrome://tracing: .json or "
            ".json.gz.",
        ),
    ],
    "overwrite": Annotated[
        bool | None, typer.Option("--overwrite", help="Write over a trace file that exists.")
    ],
}


@dataclass(frozen=True, slots=True)
class Pictures:
    """Which pictures are drawn."""

    timeline: bool = False
    start: Moment | None = None  # of the timeline
    end: Moment | None = None
    trace: Path | None = None
    _drawings: "list[Drawing]" = field(default_factory=list)

    @classmethod
    def of(cls, given: dict[str, Any], output: Output, *, is_life: bool, runs: int) -> "Pictures":
        """The pictures that the options ask for.

        Args:
            given: what typer read of `PICTURES`.
            output: of the command.
            is_life: it shows the life of one record.
            runs: how many there are.

        Raises:
            InputError: they do not go together, or a file would be lost.
        """
        timeline, trace = bool(given["timeline"]), given["trace"]
        if timeline and output is not Output.TABLE:
            raise InputError(
                f"--timeline draws for people, and --output {output.value} is for programs",
                advice="Leave one of them out; the calls with their times are in the JSON.",
            )
        if timeline and is_life:
            raise InputError("--timeline and --explain cannot be used together")
        if (given["from_"] or given["to"]) and not timeline:
            raise InputError("--from and --to are for --timeline", advice="Add --timeline.")
        if trace is not None:
            _check_trace(trace, overwrite=bool(given["overwrite"]), runs=runs)
        elif given["overwrite"]:
            raise InputError("--overwrite is for --trace", advice="Add --trace FILE.")
        start, end = (
            None if given[name] is None else Moment.parse(given[name], option, _AFTER)
            for name, option in (("from_", "--from"), ("to", "--to"))
        )
        return cls(timeline, start, end, trace)

    def begin(self, start_at: float) -> "Beside":
        """Begin the pictures of a run, before anything of it is shown.

        Args:
            start_at: when its mapping goes live, epoch seconds.

        Raises:
            InputError: a file cannot be written, or the timeline would end before it begins.
        """
        beside = Beside()
        if self.timeline:
            from kinesis_cli.picture.drawing import Drawing

            begin = start_at if self.start is None else self.start.after(start_at)
            end = math.inf if self.end is None else self.end.after(start_at)
            if end <= begin:
                raise InputError("the timeline would end before it begins", place="--from, --to")
            drawing = Drawing(begin, end)
            self._drawings.append(drawing)
            beside.draw.append(drawing.row)
        if self.trace is not None:
            from kinesis_cli.show.pictures.trace_file import TraceFile

            file = TraceFile(self.trace, start_at)
            beside.draw.append(file.row)
            beside.end.append(file.finish)
        return beside

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


@dataclass(frozen=True, slots=True)
class Beside:
    """What draws a run beside its view."""

    draw: list[Callable[[Row], None]] = field(default_factory=list)
    end: list[Callable[[], None]] = field(default_factory=list)

    def of(self, view: "View") -> "View":
        """The view, with everything drawn that it shows."""
        return _Drawn(view, self) if self.draw else view


@dataclass(frozen=True, slots=True)
class _Drawn:
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
            end()
        self._view.finish(summary)


def _check_trace(path: Path, *, overwrite: bool, runs: int) -> None:
    from kinesis_cli.recordings.writing import refuse_existing

    if not path.name.lower().endswith((".json", ".json.gz")) and not path.exists():
        raise InputError("its name ends neither in .json nor in .json.gz", place=f"--trace {path}")
    if runs > 1:
        raise InputError(
            "--trace and --compare cannot be used together",
            advice="Trace each mapping alone, with --mapping.",
        )
    refuse_existing(path, overwrite=overwrite)
