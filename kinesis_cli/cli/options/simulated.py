"""Options that say what a simulation assumes: when it begins and ends, the stream, faults."""

from dataclasses import replace
from typing import Annotated

import msgspec
import typer

from kinesis_cli.cli.options.mapping import Lanes
from kinesis_cli.cli.options.shared import SeedOption
from kinesis_cli.errors import InputError
from kinesis_cli.project.mapping import MappingChoice
from kinesis_cli.simulation.run import SimulationOptions
from kinesis_cli.stream.times import Moment


class Span(msgspec.Struct, frozen=True):
    """When the mapping goes live, and when the simulation ends."""

    start_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the mapping goes live: epoch seconds, ISO time, or +SECONDS after the first "
            "arrival (default: +0).",
        ),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Skip what arrived before; the mapping goes live then. Same forms.",
        ),
    ] = None
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="End the simulation then; same forms.")
    ] = None


class Assumed(msgspec.Struct, frozen=True):
    """What is assumed of the stream and of Lambda."""

    retention_hours: Annotated[
        float | None,
        typer.Option(
            metavar="H",
            help="How long the stream keeps a record; default: as in the template, else 24.",
            min=0.001,
        ),
    ] = None
    lanes: Annotated[
        Lanes,
        typer.Option(
            help="With --parallelization-factor: each waiting key takes any free lane, or has one "
            "by its hash."
        ),
    ] = Lanes.KEYS
    as_kinesis: Annotated[
        bool,
        typer.Option(
            "--as-kinesis", help="Deliver to a function that only another service feeds, too."
        ),
    ] = False
    seed: SeedOption = 0
    inject: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND@WHEN",
            help="A fault: throttle, timeout, error or duplicate, at delivery attempts (1-3,7) or "
            "with a probability (p=0.05); repeatable.",
        ),
    ] = None
    show_throttled: Annotated[
        bool, typer.Option("--show-throttled", help="List throttled calls too.")
    ] = False


class Moments(msgspec.Struct, frozen=True):
    """The times of a span: some are known only once the first arrival is."""

    start: Moment | None
    since: Moment | None
    until: Moment | None

    @classmethod
    def of(cls, span: Span) -> "Moments":
        """What the options say.

        Raises:
            InputError: a time is not one.
        """
        since, until = _moment(span.since, "--since"), _moment(span.until, "--until")
        return cls(_moment(span.start_at, "--start-at") or since, since, until)

    def applied(
        self, options: SimulationOptions, choices: list[MappingChoice], first: float | None
    ) -> tuple[SimulationOptions, list[MappingChoice]]:
        """The same, with these times.

        Args:
            options: of the simulation.
            choices: its mappings; with --since they begin there.
            first: the first arrival, epoch seconds; None: there are no records.
        """
        options = replace(
            options,
            start_at=first if self.start is None else self.start.after(first),
            until=None if self.until is None else self.until.after(first),
        )
        if self.since is not None:
            self._refuse_other_start(choices)
            choices = [_beginning_at(self.since.after(first), choice) for choice in choices]
        return options, choices

    def _refuse_other_start(self, choices: list[MappingChoice]) -> None:
        """Refuse a start besides --since where a mapping can only begin when it goes live."""
        for choice in choices:
            rules = choice.mapping.kind.rules
            if self.start != self.since and "AT_TIMESTAMP" not in rules.starting_positions:
                raise InputError(
                    "--since and --start-at cannot be used together: a mapping on "
                    f"{rules.a_source} begins when it goes live"
                )


def _beginning_at(at: float, choice: MappingChoice) -> MappingChoice:
    rules = choice.mapping.kind.rules
    if "AT_TIMESTAMP" in rules.starting_positions:
        mapping = replace(
            choice.mapping, starting_position="AT_TIMESTAMP", starting_position_timestamp=at
        )
    else:  # the mapping goes live then
        mapping = replace(choice.mapping, starting_position="LATEST")
    return msgspec.structs.replace(choice, mapping=mapping)


def _moment(text: str | None, option: str) -> Moment | None:
    return None if text is None else Moment.parse(text, option)
