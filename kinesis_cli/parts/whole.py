"""A simulation that is run in parts, from an open recording to rows and a summary."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.parts.job import IndexedInputs, PartJob, PartResult, Seen
from kinesis_cli.parts.merging import merged
from kinesis_cli.parts.rows_file import read_rows
from kinesis_cli.parts.running import run_parts
from kinesis_cli.parts.seats import Seat
from kinesis_cli.project.function import Function
from kinesis_cli.recordings.indexes.form import FileEntry
from kinesis_cli.recordings.indexes.texts import PackedText, PlainText
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
        recording: that kept its tables, or has one index.
        folder: for what the parts write; a new one, which goes with the caller.
        there: what a file's path is where the parts run.
    """

    recording: Recording
    mapping: EventSourceMapping
    options: SimulationOptions
    function: Function
    handler: HandlerOptions
    folder: Path
    there: Callable[[str], str] = str

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

    def _inputs(self) -> IndexedInputs:
        index, texts = self.recording.index, self.recording.texts
        files: list[str] = []
        entries: list[FileEntry] = []
        for text in texts:
            assert isinstance(text, PlainText | PackedText)
            files.append(self._path_of(text, len(files)))
            size = os.fstat(text.file.fileno()).st_size
            entries.append(text.entry if isinstance(text, PackedText) else FileEntry(size, 0, b""))
        if index is not None:
            path = Path(index.path).resolve()
        else:
            path = self.folder / "index"
            self.recording.write_index(path, entries)
        return IndexedInputs(tuple(map(self.there, files)), self.there(str(path)))

    def _path_of(self, text: PlainText | PackedText, number: int) -> str:
        """A path under which other processes find a file: one without a name is copied."""
        name = text.file.name
        if isinstance(name, str):
            path = Path(name).resolve()
            if path.is_file() and os.path.samestat(path.stat(), os.fstat(text.file.fileno())):
                return str(path)
        copy = self.folder / f"text-{number}"
        with os.fdopen(os.dup(text.file.fileno()), "rb") as file, copy.open("wb") as target:
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
        return replace(summary_of(counts, self.whole.start_at), other_reading=self.other)


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
