"""Putting one slice: the function that is sent to other processes and machines."""

import json
import math
import os
import signal
import threading
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from random import Random
from typing import BinaryIO

from kinesis_cli.aws.producing.producer import Producer
from kinesis_cli.aws.producing.slice_job import SlicedWork, SliceJob, SliceResult
from kinesis_cli.errors import InputError
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.plan import CALL_RECORDS
from kinesis_cli.putting.replay_journal import JournaledPlan
from kinesis_cli.putting.replay_source import Beginning, ReplaySource
from kinesis_cli.putting.slice_journal import Progress, SliceJournal, acknowledged
from kinesis_cli.putting.summary import PutSummary
from kinesis_cli.recordings.files import TakenError, not_written

SHOWN = 21  # records that are told where not all are: one more than have a row each
STOPS_AT_ONCE = 3  # how often it has to be said that nobody waits for anything more
_TOLD_EACH, _SYNC_EACH, _LOOK_EACH = 0.2, 1.0, 0.1  # seconds
_PATIENCE = 30.0  # seconds for an earlier process of the slice to end


def put_slice(job: SliceJob) -> SliceResult:
    """Put the records of a slice that are not on the stream yet.

    What ends a put early is in the result.

    Raises:
        KcliError: the slice could not be begun.
    """
    stop = Stop()
    with listening(job.work.stop, stop):
        try:
            return _put(job, stop)
        except KeyboardInterrupt:
            return SliceResult(last=-1)


def _put(job: SliceJob, stop: "Stop") -> SliceResult:
    work = job.work
    with ExitStack() as stack:
        _enter(work.directory)
        journal = stack.enter_context(_own_journal(job, stop))
        connection = work.target.open()
        _reach_files(work)
        records = job.own(stack.enter_context(work.input.opened()))
        left = (each for each in records if not journal.is_done(each.entry.index))
        due = time.monotonic() + work.starts_at - time.time()
        source = ReplaySource(
            work.input.changed(left),
            work.how.speed,
            beginning=Beginning(work.how.first_arrival, due),
            catches_up=work.how.catches_up,
        )
        plan = JournaledPlan(
            Random(),
            journal,
            give_up_after=work.how.give_up_after,
            ordered=work.how.ordered,
            aggregate=work.how.aggregate,
            share=1 / job.of,
        )
        producer = Producer(connection, work.stream, plan)
        failed = stack.enter_context(_opened(job.failed))
        view = _SliceView(journal, failed, source, shows_all=work.how.shows_all)
        stop.begin(producer.interrupt)
        summary = producer.put(source, view)
        view.tell(summary)
        journal.sync()
        has_ended = source.next_moment(0.0) is None
        last = math.inf if has_ended else source.last_index
        return SliceResult(summary=summary, last=last, most_behind=source.most_behind)


def _enter(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            f"the working directory is not on this worker: {reason}",
            place=directory,
            advice="Start kcli in a folder that all workers share, under the same path.",
        ) from error


def _own_journal(job: SliceJob, stop: "Stop") -> SliceJournal:
    """The slice's journal; an earlier process of it may take a moment to end.

    Raises:
        KeyboardInterrupt: somebody wants it to stop meanwhile.
        TakenError: it does not end.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return SliceJournal(job.journal, job.work.replay, step=job.step)
        except TakenError:
            if time.monotonic() > until:
                raise
            if stop.said:
                raise KeyboardInterrupt from None
            time.sleep(_LOOK_EACH)


def _reach_files(work: SlicedWork) -> None:
    if work.s3 is not None:
        from kinesis_cli.aws.bucket_files import reach_s3

        reach_s3(work.s3.open())


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise not_written(path, error) from error


class _SliceView:
    """Writes what happens into the slice's files, for whoever follows them."""

    def __init__(
        self, journal: SliceJournal, failed: BinaryIO, source: ReplaySource, *, shows_all: bool
    ) -> None:
        self._journal, self._failed, self._source = journal, failed, source
        self._to_show = math.inf if shows_all else SHOWN
        self._told = self._synced = time.monotonic()

    def acknowledged(self, records: Sequence[Entry]) -> None:
        """Records are in the stream."""
        shown = records[: int(min(self._to_show, len(records)))]
        self._to_show -= len(shown)
        by_shard = Counter(each.shard_id for each in records)
        self._journal.acknowledged(records, acknowledged(shown, by_shard))

    def failed(self, records: Sequence[Entry]) -> None:
        """Records were given up."""
        self._failed.writelines(map(_written, records))

    def progress(self, summary: PutSummary) -> None:
        """So far it is this."""
        now = time.monotonic()
        if now - self._told >= _TOLD_EACH:
            self._told = now
            self.tell(summary)
        if now - self._synced >= _SYNC_EACH:
            self._synced = now
            self._journal.sync()

    def tell(self, summary: PutSummary) -> None:
        """Write down how far it has come."""
        source = self._source
        self._journal.tell(Progress(summary.retried, summary.throttled, source.behind))


# --- records that were given up, on their way to whoever began the slice


def failed_entries(path: Path) -> Iterator[list[Entry]]:
    """The records that a process gave up, in its order, some at a time; without a file none."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        while some := [_read(line) for line in islice(lines, CALL_RECORDS)]:
            yield some


def _written(entry: Entry) -> bytes:
    data = b64encode(entry.data).decode()
    # The key may be one that is no Unicode text, which only `json` writes.
    fields = [entry.index, entry.partition_key, entry.explicit_hash_key, data, entry.reason]
    return json.dumps(fields).encode() + b"\n"


def _read(line: bytes) -> Entry:
    index, key, hash_key, data, reason = json.loads(line)
    return Entry(index, key, hash_key, b64decode(data), reason=reason)


# --- being told to stop


class Stop:
    """What is done where somebody wants the slice to stop."""

    def __init__(self) -> None:
        self.said = 0  # how often
        self._heard = 0
        self._act: Callable[[], None] | None = None

    def begin(self, act: Callable[[], None]) -> None:
        """There is something to stop now; what was said before counts.

        Nothing is raised before: an exception of a signal is lost where it falls into a finalizer.
        """
        self._act = act
        self.hear()

    def hear(self, *_: object) -> None:
        """It was said once more, or several times: signals that wait are one."""
        while self._act is not None and self._heard < self.said:
            self._heard += 1
            self._act()


@contextmanager
def listening(file: Path, stop: Stop) -> Iterator[None]:
    """Follow the file that says when to stop; what a terminal sends is for whoever writes it."""
    handlers = dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)
    before = {number: signal.signal(number, each) for number, each in handlers.items()}
    before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, stop.hear)
    over = threading.Event()
    follower = threading.Thread(target=_follow, args=(file, stop, over), daemon=True)
    follower.start()
    try:
        yield
    finally:
        over.set()
        follower.join()
        for number, handler in before.items():
            signal.signal(number, handler)


def _follow(file: Path, stop: Stop, over: threading.Event) -> None:
    main = threading.main_thread().ident
    assert main is not None
    while not over.wait(_LOOK_EACH):
        said = _times_said(file)
        if said >= STOPS_AT_ONCE:
            os._exit(130)
        if said > stop.said:
            stop.said = said
            signal.pthread_kill(main, signal.SIGUSR1)


def _times_said(file: Path) -> int:
    try:
        return len(file.read_bytes())
    except OSError:
        # Whoever began the slice removes the folder when nobody is interested any more.
        return 0 if file.parent.is_dir() else STOPS_AT_ONCE
