"""One put or replay by several processes, a slice each: begun, followed, summed up."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from kinesis_cli.aws.producing.producer import STOPPED, UNKNOWN, PutView
from kinesis_cli.aws.producing.put_slice import STOPS_AT_ONCE, failed_entries
from kinesis_cli.aws.producing.slice_job import SlicedWork, SliceJob, SliceResult
from kinesis_cli.errors import KcliError
from kinesis_cli.parts.running import run_parts
from kinesis_cli.parts.seats import Seat
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.replay_journal import ReplayJournal
from kinesis_cli.putting.slice import Slice
from kinesis_cli.putting.slice_journal import (
    Acknowledged,
    Begun,
    Progress,
    SliceLines,
    begin_slice,
    end_slices,
)
from kinesis_cli.putting.summary import PutSummary

Ranges = Sequence[tuple[int, int]]  # of records, both ends included


class SlicedPut:
    """Puts in slices what a `Producer` would put alone.

    Args:
        work: what all processes are told.
        seats: where they run; there is a slice for each.
        journal: of the whole, open; what the slices have done is in it at the end.
        part: the part of the records that is put at all; None: all.
        tell: told sentences for the user.
        unsure: told which records may be on the stream twice, for a process ended.
        gives_up_rest: whether what is left, when it was stopped, was not put; else it can be gone
            on with by the journal.
    """

    def __init__(
        self,
        work: SlicedWork,
        seats: Sequence[Seat[SliceJob, SliceResult]],
        journal: ReplayJournal,
        *,
        part: Slice | None,
        tell: Callable[[str], None],
        unsure: Callable[[Ranges], None],
        gives_up_rest: bool,
    ) -> None:
        self._work, self._seats, self._journal = work, seats, journal
        self._tell, self._unsure, self._gives_up_rest = tell, unsure, gives_up_rest
        whole, of = part or Slice(0, 1), len(seats)
        self._jobs = [
            SliceJob(number, of, whole.part(number - 1, of), work) for number in range(1, of + 1)
        ]
        self._followed: dict[int, _Followed] = {}
        self._interrupts = 0
        self._begun_at = 0.0
        self.summary = PutSummary()
        self.most_behind = 0.0

    @property
    def is_timed(self) -> bool:
        """Whether records wait for their moment."""
        return self._work.how.speed is not None

    @property
    def taken(self) -> int:
        """How many records were taken."""
        return self.summary.records

    @property
    def behind(self) -> float:
        """Seconds behind the schedule, of the slice that is most so."""
        return max((each.progress.behind for each in self._followed.values()), default=0.0)

    def put(self, view: PutView) -> PutSummary:
        """Put all slices; see `Producer.put`."""
        self._begun_at = time.monotonic()
        folder = Path(self._work.folder)
        folder.mkdir()
        self._say(self._interrupts)
        for job in self._jobs:
            size = begin_slice(job.journal, self._journal)
            self._followed[job.number] = _Followed(SliceLines(job.journal, size))

        def look(_: object) -> None:
            self._look(view)

        try:
            # Of a process that ended its slice's journal tells, whoever ran it.
            results = run_parts(self._jobs, self._seats, lambda _: None, look, _without_result)
            look(results)
        except BaseException:
            self._say(STOPS_AT_ONCE)
            raise
        self._sum_up(results)
        for job, result in zip(self._jobs, results, strict=True):
            # What a process that is gone had given up is among what its slice has left.
            for entries in failed_entries(job.failed) if result.last is not None else ():
                self._fail(entries, view)
        end_slices(folder, self._journal)
        if self._gives_up_rest:
            self._give_up_rest(results, view)
        view.progress(self.summary)
        return self.summary

    def interrupt(self) -> None:
        """Ctrl-C; see `Producer.interrupt`.

        Raises:
            KeyboardInterrupt: from the third time on.
        """
        self._interrupts += 1
        self.summary.interrupted = True
        self._say(self._interrupts)
        if self._interrupts >= STOPS_AT_ONCE:
            raise KeyboardInterrupt

    def _say(self, times: int) -> None:
        with suppress(OSError):  # nobody listens yet, or any more
            self._work.stop.write_bytes(b"x" * times)

    # --- while they run

    def _look(self, view: PutView) -> None:
        """Take what the slices' journals tell."""
        summary = self.summary
        for job in self._jobs:
            followed = self._followed[job.number]
            for told in followed.lines.new():
                match told:
                    case Acknowledged(by_shard=by_shard):
                        followed.acknowledged += sum(by_shard.values())
                        summary.by_shard.update(by_shard)
                        summary.acknowledged = sum(
                            each.acknowledged for each in self._followed.values()
                        )
                        if shown := told.shown():
                            view.acknowledged(shown)
                    case Begun(in_flight=in_flight):
                        if followed.begin():
                            self._tell(f"The process that put {job.name} ended: {job.again}.")
                        if in_flight:
                            self._unsure(in_flight)
                    case Progress():
                        followed.progress = told
        summary.retried = sum(each.retried for each in self._followed.values())
        summary.throttled = sum(each.throttled for each in self._followed.values())
        summary.elapsed = time.monotonic() - self._begun_at
        view.progress(summary)

    # --- at the end

    def _sum_up(self, results: Sequence[SliceResult]) -> None:
        summary = self.summary
        for job, result in zip(self._jobs, results, strict=True):
            followed = self._followed[job.number]
            is_known = result.last is not None
            before = followed.acknowledged_before if is_known else followed.acknowledged
            summary.records += before + result.summary.records
            summary.in_flight += result.summary.in_flight
            summary.error = summary.error or result.summary.error
            self.most_behind = max(self.most_behind, result.most_behind)

    def _fail(self, entries: Sequence[Entry], view: PutView) -> None:
        self.summary.failed += len(entries)
        view.failed(entries)

    def _give_up_rest(self, results: Sequence[SliceResult], view: PutView) -> None:
        """Give up what a slice has left of the input that others have read, as one process would.

        Else nobody could tell from where on the input was not put.
        """
        lasts = {job.number: result.last for job, result in zip(self._jobs, results, strict=True)}
        until = max(
            [self._journal.last_index, *(last for last in lasts.values() if last is not None)]
        )
        if all(last is not None and last >= until for last in lasts.values()):
            return
        error = self.summary.error
        with suppress(KcliError):  # what is wrong in the input was told already
            for entry in self._rest(lasts, until):
                self.summary.records += 1
                entry.reason = STOPPED if error is None else error.problem
                if self._journal.is_unsure(entry.index):
                    entry.reason = UNKNOWN
                    self.summary.in_flight += 1
                self._fail([entry], view)

    def _rest(self, lasts: Mapping[int, float | None], until: float) -> Iterator[Entry]:
        def is_left(entry: Entry) -> bool:
            by_key = self._work.how.ordered
            of = (job for job in self._jobs if job.part.takes(entry, by_key=by_key))
            job = next(of, None)
            if job is None or self._journal.is_done(entry.index):
                return False
            last = lasts[job.number]
            return last is None or entry.index > last

        with self._work.input.opened() as records:
            known = takewhile(lambda each: each.entry.index <= until, records)
            left = (each for each in known if is_left(each.entry))
            for each in self._work.input.changed(left):
                yield each.entry


class _Followed:
    """What is known of a slice while it runs."""

    def __init__(self, lines: SliceLines) -> None:
        self.lines = lines
        self.acknowledged = self.acknowledged_before = 0
        self.progress = self._nothing = Progress(0, 0, 0.0)
        self._retried = self._throttled = self._processes = 0

    @property
    def retried(self) -> int:
        return self._retried + self.progress.retried

    @property
    def throttled(self) -> int:
        return self._throttled + self.progress.throttled

    def begin(self) -> bool:
        """A process begins; return whether an earlier one has ended."""
        self.acknowledged_before = self.acknowledged
        self._retried, self._throttled = self.retried, self.throttled
        self.progress = self._nothing
        self._processes += 1
        return self._processes > 1


def _without_result(_: SliceJob, error: KcliError) -> SliceResult:
    """What counts as the result of a slice that could not be begun, or whose process ended."""
    return SliceResult(summary=PutSummary(error=error))
