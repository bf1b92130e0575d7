"""A simulation that is run in parts, from an open recording to rows and a summary."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.parts.job import IndexedInput, PartJob, PartResult, Seen, reach_as_usual
from kinesis_cli.parts.merging import merged
from kinesis_cli.parts.rows_file import read_rows
from kinesis_cli.parts.running import run_parts
from kinesis_cli.parts.seats import Seat
from kinesis_cli.places.url import is_url
from kinesis_cli.project.function import Function
from kinesis_cli.recordings.indexes.ranges import FileRanges, Ranges
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.simulation.families import dealt, families, family_ranks
from kinesis_cli.simulation.lane_readings import MAX_SAMPLES, OtherReading
from kinesis_cli.simulation.options import SimulationOptions
from kinesis_cli.simulation.other_lanes import other_reading_of, under_other_reading
from kinesis_cli.simulation.summing import summary_of
from kinesis_cli.simulation.trace import Row, Summary


@dataclass(frozen=True, slots=True)
class Whole:
    """One simulation, to be run in parts.

    Attributes:
        recording: that kept its tables, or of which indexes tell all.
        folder: for what the parts write; a new one, which goes with the caller.
        there: what a file's path is where the parts run.
        reach: called where they run: says how services are reached.
    """

    recording: Recording
    mapping: EventSourceMapping
    options: SimulationOptions
    function: Function
    handler: HandlerOptions
    folder: Path
    there: Callable[[str], str] = str
    reach: Callable[[], None] = reach_as_usual

    def jobs(self, parts: int) -> list[PartJob]:
        """The parts, at most so many, the largest first."""
        counts = self.recording.counts()
        together = families(self.ranks)
        sizes = [sum(counts[shard_id] for shard_id in family) for family in together]
        shares = dealt(zip(together, sizes, strict=True), parts)
        inputs = self._inputs()
        options = replace(self.options, start_at=self.start_at)
        return [
            PartJob(
                number=number,
                of=len(shares),
                inputs=inputs,
                shards=shards,
                mapping=self.mapping,
                options=options,
                function=self.function,
                handler=self.handler,
                rows=str(self.folder / f"rows-{number}"),
                done=str(self.folder / f"done-{number}"),
                reach=self.reach,
            )
            for number, shards in enumerate(shares, 1)
        ]

    @property
    def ranks(self) -> dict[str, int]:
        """Of the families of all shards."""
        return family_ranks(self.recording.shard_ids, self.options.parents)

    @property
    def start_at(self) -> float:
        """When the mapping goes live, epoch seconds."""
        at = self.options.start_at
        return at if at is not None else self.recording.first_arrival or 0.0

    def _inputs(self) -> tuple[IndexedInput, ...]:
        if (kept := self.recording.kept) is not None:
            return tuple(
                self._input([self._place_of(each.text.data, 0)], each.index.place) for each in kept
            )
        texts = self.recording.texts
        files = [self._place_of(text.data, number) for number, text in enumerate(texts)]
        path = self.folder / "index"
        self.recording.write_index(path, [text.entry for text in texts])
        return (self._input(files, str(path)),)

    def _input(self, files: Sequence[str], index: str) -> IndexedInput:
        return IndexedInput(tuple(map(self._there, files)), self._there(index))

    def _there(self, place: str) -> str:
        return place if is_url(place) else self.there(str(Path(place).resolve()))

    def _place_of(self, data: Ranges, number: int) -> str:
        """Where other processes find a file: one without a name is copied."""
        if not isinstance(data, FileRanges):
            return data.place
        name, descriptor = data.file.name, data.file.fileno()
        if isinstance(name, str):
            path = Path(name).resolve()
            if path.is_file() and os.path.samestat(path.stat(), os.fstat(descriptor)):
                return str(path)
        copy = self.folder / f"text-{number}"
        with os.fdopen(os.dup(descriptor), "rb") as file, copy.open("wb") as target:
            file.seek(0)
            shutil.copyfileobj(file, target, 1 << 20)
        return str(copy)


@dataclass(frozen=True, slots=True)
class Ran:
    """A simulation that was run in parts."""

    whole: Whole
    jobs: Sequence[PartJob]
    results: Sequence[PartResult]
    other: OtherReading | None = None

    def rows(self) -> Iterator[Row]:
        """All rows, in the order of one run."""
        return merged([read_rows(Path(job.rows)) for job in self.jobs], self.whole.ranks)

    def summary(self) -> Summary:
        """What has come of the records."""
        counts = [result.counts for result in self.results]
        return msgspec.structs.replace(
            summary_of(counts, self.whole.start_at), other_reading=self.other
        )


def run_whole(
    whole: Whole,
    seats: Sequence[Seat[PartJob, PartResult]],
    parts: int,
    tell: Callable[[str], None],
    update: Callable[[int], None],
) -> Ran:
    """Run all parts; where lanes may be read in another way, once more without the function.

    Args:
        whole: the simulation.
        seats: where its parts run.
        parts: how many, at most.
        tell: told sentences for the user.
        update: told how many records have ended.

    Raises:
        InputError: see `run_parts`.
    """
    jobs = whole.jobs(parts)
    if not jobs:
        raise InputError("there is no record, and so nothing for --jobs to share")

    def look(results: Mapping[int, PartResult]) -> None:
        ended = sum(result.counts.records for result in results.values())
        update(ended + sum(_done(job) for job in jobs if job.number not in results))

    results = run_parts(jobs, seats, tell, look)
    ran = Ran(whole, jobs, results)
    seen = [result.seen for result in results if result.seen is not None]
    if not seen:
        return ran
    options = _other_options(whole, jobs, seen)
    others = [
        replace(job, options=options, seen=each, rows="", done="")
        for job, each in zip(jobs, seen, strict=True)
    ]
    found = run_parts(others, seats, tell, lambda _: None)
    other = summary_of([result.counts for result in found], whole.start_at)
    return replace(ran, other=other_reading_of(ran.summary(), other, options.lanes))


def _done(job: PartJob) -> int:
    """How many of its records have ended."""
    if not job.done:
        return 0
    try:
        return int.from_bytes(Path(job.done).read_bytes(), "little")
    except OSError:
        return 0  # it has not begun


def _other_options(
    whole: Whole, jobs: Sequence[PartJob], seen: Sequence[Seen]
) -> SimulationOptions:
    samples = [sample for each in seen for sample in each.samples]
    samples.sort(key=lambda sample: sample[:2])
    options = under_other_reading(whole.options, samples[:MAX_SAMPLES])
    return replace(options, start_at=jobs[0].options.start_at)
