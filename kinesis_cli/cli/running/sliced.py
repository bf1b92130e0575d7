"""Puts and replays whose records are shared, among processes here or the workers of a cluster."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from typing import TYPE_CHECKING

from kinesis_cli.aws.producing.in_slices import SlicedPut
from kinesis_cli.aws.producing.put_slice import put_slice
from kinesis_cli.aws.producing.slice_job import HowToPut, SlicedWork, SliceJob, SliceResult
from kinesis_cli.aws.session import Connection, PinnedConnection
from kinesis_cli.cli.running.cores import processes_of
from kinesis_cli.errors import InputError
from kinesis_cli.parts.seats import ProcessSeat, Seat, end_processes
from kinesis_cli.places.services import file_system
from kinesis_cli.places.url import Url, is_url
from kinesis_cli.putting.replay_journal import Replay, ReplayJournal
from kinesis_cli.putting.shared_input import SharedInput
from kinesis_cli.putting.slice import Slice
from kinesis_cli.putting.slice_journal import slices_of
from kinesis_cli.recordings.files import not_written
from kinesis_cli.recordings.opening import is_live
from kinesis_cli.show.console import note
from kinesis_cli.show.streams.replay import show_uncertain

if TYPE_CHECKING:
    from kinesis_cli.parts.cluster import Cluster

Seats = Sequence[Seat[SliceJob, SliceResult]]


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who puts the slices."""

    processes: int  # on this machine, where no scheduler is named
    scheduler: str | None

    @classmethod
    def of(cls, jobs: str | None, scheduler: str | None) -> "Sharing | None":
        """What the options say; None: this process does all of it.

        Raises:
            InputError: they are not usable, or contradict each other.
        """
        if jobs is not None and scheduler is not None:
            raise InputError(
                "--jobs and --scheduler cannot be used together",
                advice="A cluster has a slice for each thread of its workers.",
            )
        processes = 1 if jobs is None else processes_of(jobs)
        return cls(processes, scheduler) if processes > 1 or scheduler else None

    @property
    def option(self) -> str:
        """The option that asks for it, for messages."""
        return "--jobs" if self.scheduler is None else "--scheduler"

    def check(self, inputs: Iterable[str], beside: Mapping[str, object]) -> None:
        """Refuse what cannot be shared.

        Args:
            inputs: files that each process opens.
            beside: options that follow single records, with what was given.

        Raises:
            InputError: names it.
        """
        for option, value in beside.items():
            if value:
                raise InputError(
                    f"{option} and {self.option} cannot be used together",
                    advice="Leave one of the two out.",
                )
        for name in inputs:
            if is_live(name):
                raise InputError(
                    f"each process of {self.option} reads the input on its own, and a pipe can be "
                    "read only once",
                    place="standard input" if name == "-" else name,
                    advice=f"Save it in a file first, or leave {self.option} out.",
                )

    def pinned(self, connection: Connection, service: str = "kinesis") -> PinnedConnection:
        """How those processes reach what a connection reaches."""
        return connection.pinned(service, keeps_profile=self.scheduler is None)

    @contextmanager
    def seats(self, targets: Iterable[Connection]) -> Iterator[Seats]:
        """Where the slices are put.

        Args:
            targets: that they must reach.

        Raises:
            EndpointError: there is no cluster.
            InputError: it cannot be used for this.
        """
        if self.scheduler is None:
            try:
                yield [ProcessSeat(put_slice) for _ in range(self.processes)]
            finally:
                end_processes()
            return
        from kinesis_cli.parts.cluster import AloneThere, Cluster  # Dask is imported by it

        with Cluster(self.scheduler) as cluster:
            for each in targets:
                if each.target.is_local:
                    refuse_other_machines(cluster, each)
            yield cluster.seats(AloneThere(put_slice))

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A new folder for what a put writes; it goes at the end."""
        if self.scheduler is None:
            with TemporaryDirectory(prefix="kcli-put-") as folder:
                yield Path(folder)
            return
        # Where workers see it; one of `tempfile` would be for this user alone.
        shared = Path.cwd() / f"put-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.slices"
        try:
            shared.mkdir()
        except OSError as error:
            raise not_written(shared, error) from error
        try:
            yield shared
        finally:
            shutil.rmtree(shared, ignore_errors=True)


def refuse_other_machines(cluster: "Cluster", connection: Connection) -> None:
    """Refuse a target on this machine where a worker is not on it.

    Raises:
        InputError: names the worker.
    """
    from kinesis_cli.parts.loopback import answering, hears

    with answering() as (port, word):
        for worker, is_here in cluster.asked(hears, port, word).items():
            if not is_here:
                raise InputError(
                    f"is on another machine, and {connection.place} is on this one",
                    place=f"worker {worker}",
                    advice="Name a target that all workers reach, or use --jobs.",
                )


def reached_by_files(files: Iterable[str]) -> Connection | None:
    """What answers for s3://, as `reach_files` said it here, if one of the files is there.

    Raises:
        KcliError: it is not usable.
    """
    url = next((Url(each) for each in files if is_url(each) and Url(each).scheme == "s3"), None)
    if url is None:
        return None
    connection: Connection = file_system(url).connection
    return connection


@dataclass(frozen=True, slots=True)
class Sliced:
    """A put or a replay that is shared.

    Attributes:
        connection: to the stream.
        files: see `reached_by_files`.
        part: of the records that is put at all; None: all.
    """

    sharing: Sharing
    connection: Connection
    files: Connection | None
    part: Slice | None
    records: SharedInput
    how: HowToPut

    @contextmanager
    def put(self) -> Iterator[SlicedPut]:
        """A put, ready to begin. What it has not put at its end it gives up."""
        replay = Replay(inputs=[], records=None, target=self.connection.stream_place, selection=[])
        with (
            self.sharing.folder() as folder,
            ReplayJournal(folder / "whole", replay, 0.0, resume=False) as journal,
            self._begun(folder / "slices", journal, "the input", gives_up=True) as sliced,
        ):
            yield sliced

    @contextmanager
    def replay(self, journal: ReplayJournal) -> Iterator[SlicedPut]:
        """A replay, ready to begin. What it has not put at its end the journal tells."""
        of = "the recording, by arrival"
        with self._begun(slices_of(journal.path), journal, of, gives_up=False) as sliced:
            yield sliced

    @contextmanager
    def _begun(
        self, folder: Path, journal: ReplayJournal, of: str, *, gives_up: bool
    ) -> Iterator[SlicedPut]:
        pinned, files = self.sharing.pinned, self.files
        work = SlicedWork(
            input=self.records,
            how=self.how,
            target=pinned(self.connection),
            stream=self.connection.stream,
            s3=None if files is None else pinned(files, "s3"),
            replay=journal.replay,
            directory=str(Path.cwd()),
            folder=str(folder.resolve()),
            starts_at=time(),
        )
        targets = [self.connection] if files is None else [self.connection, files]
        with self.sharing.seats(targets) as seats:
            yield SlicedPut(
                work,
                seats,
                journal,
                part=self.part,
                tell=note,
                unsure=lambda ranges: show_uncertain(ranges, "when its process ended", of),
                gives_up_rest=gives_up,
            )
