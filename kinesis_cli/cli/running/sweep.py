"""Running the points of a sweep, on as many cores as there are."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from kinesis_cli.cli.running.many_cores import on_many_cores
from kinesis_cli.event_source_mapping.invocation import Handler
from kinesis_cli.places.url import shown
from kinesis_cli.project.function import Function
from kinesis_cli.project.mapping import MappingChoice
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.show.console import note
from kinesis_cli.show.progress import progress
from kinesis_cli.simulation.run import SimulationOptions
from kinesis_cli.stream.on_failure_document import stream_arn_of
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordSource
from kinesis_cli.sweep.choice import Run
from kinesis_cli.sweep.cost import MIN_SECONDS, Costs, FunctionSize, Load, Stream, load_of
from kinesis_cli.sweep.grid import Axis, Grid, grid_of
from kinesis_cli.sweep.held_records import HeldRecords
from kinesis_cli.sweep.measuring import Measured, measured
from kinesis_cli.sweep.prices import Prices
from kinesis_cli.sweep.result import Basis, Swept

MAX_HELD = 256 << 20  # bytes of records in memory; more are read anew for each point


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what was finished by then."""

    def __init__(self, swept: Swept) -> None:
        super().__init__()
        self.swept = swept


@dataclass(frozen=True, slots=True)
class SweepJob:
    """What the points of a sweep have in common."""

    function: Function
    choice: MappingChoice  # around which the grid lies
    recording: Recording
    inputs: Sequence[str]  # as the user named them
    options: SimulationOptions
    new_handler: Callable[[float | None], Handler]  # given when its clock starts, epoch seconds
    told: list[str]  # what a handler that was made tells the user

    @property
    def source(self) -> str:
        """Where the records come from."""
        return ", ".join("standard input" if name == "-" else shown(name) for name in self.inputs)

    def run(self, axes: Sequence[Axis], prices: Prices, max_age: float | None, jobs: int) -> Swept:
        """Run the grid.

        Raises:
            InputError: the grid is too large, or the handler or the recording is not usable.
            Interrupted: Ctrl-C, after the own settings were run.
        """
        grid = grid_of(axes, self.choice.mapping, self.recording.kind)
        for why, count in grid.left_out.items():
            note(f"{count:,} point{'' if count == 1 else 's'} left out: {why}.")
        held = self._held()
        seconds = self._seconds()
        stream = self._stream()
        size = FunctionSize(self.function.memory_size, self.function.architecture)
        records = self.recording.records() if held is None else held.records()
        load = Load(self.recording.count) if stream is None else load_of(records)
        costs = Costs(prices, size, stream, load, seconds)
        basis = Basis(
            axes=tuple(axes),
            duration=str(self.options.invocation_duration),
            prices=prices,
            size=size,
            stream=stream,
            seconds=seconds,
            is_of_a_month=seconds >= MIN_SECONDS,
            whose=self._whose(),
            points=len(grid.points),
        )
        found: dict[int, Measured] = {}

        def swept() -> Swept:
            runs = tuple(
                Run(point, found[place], costs.of(found[place].calls, found[place].seconds))
                for place, point in enumerate(grid.points)
                if place in found
            )
            return Swept(basis, runs, max_age)

        new_source: Callable[[], RecordSource] = self.recording.rewound
        if held is not None:
            new_source = held.from_beginning
        try:
            self._measure(grid, new_source, jobs, found)
        except KeyboardInterrupt:
            if any(grid.points[place].is_own for place in found):
                raise Interrupted(swept()) from None
            raise
        return swept()

    def _measure(
        self,
        grid: Grid,
        new_source: Callable[[], RecordSource],
        processes: int,
        found: dict[int, Measured],
    ) -> None:
        def work(place: int) -> tuple[Measured, list[str]]:
            self.told.clear()
            with closing(self.new_handler(self.options.start_at)) as handler:
                result = measured(new_source(), handler, grid.points[place].mapping, self.options)
            return result, list(self.told)

        said: set[str] = set()
        with progress("sweeping", len(grid.points)) as bar:
            for place, (result, told) in on_many_cores(work, _longest_first(grid), processes):
                found[place] = result
                for sentence in told:
                    if sentence not in said:
                        said.add(sentence)
                        note(sentence)
                bar.update(len(found))

    def _held(self) -> HeldRecords | None:
        """The records in memory, if they are few enough."""
        kept: list[Record] = []
        size = 0
        for record in self.recording.records():
            kept.append(record)
            size += len(record.raw) + 300
            if size > MAX_HELD:
                return None
        return HeldRecords(kept)

    def _whose(self) -> str:
        """Whose settings the grid lies around."""
        if self.choice.origin != self.function.mapping_origin:
            return "the given settings"
        return "AWS's defaults" if self.function.mapping is None else "the template's settings"

    def _seconds(self) -> float:
        """How long records arrive, of those that are delivered."""
        begin, last = self.recording.first_arrival or 0.0, self.recording.last_arrival or 0.0
        if self.choice.mapping.starting_position == "LATEST":
            begin = max(begin, self.options.start_at or begin)
        return max(last - max(begin, self.choice.mapping.starting_position_timestamp or begin), 0.0)

    def _stream(self) -> Stream | None:
        """How the stream is made that feeds the function; None: its shards cost nothing."""
        if not self.recording.kind.bills_shards:
            return None
        made, first = self.function.stream, self.recording.first_record()
        shards = len(self.recording.shard_ids) if made is None else made.shards
        if made is None:
            note(
                "The template does not tell how the stream is made: taken to have "
                f"{shards} provisioned shard{'' if shards == 1 else 's'}, as the recording."
            )
        of_record = "" if first is None else stream_arn_of(first)
        arn = self.choice.mapping.event_source_arn or of_record
        return Stream(shards, self.options.retention_hours, "/consumer/" in arn)


def _longest_first(grid: Grid) -> Sequence[int]:
    """The places of the points in the order to run them: their own settings, then small batches."""
    return sorted(
        range(len(grid.points)),
        key=lambda place: (not grid.points[place].is_own, grid.points[place].mapping.batch_size),
    )
