"""What the commands share that put records, or change them on their way."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.putting.summary import PutSummary
from kinesis_cli.putting.unsent import FailedRecords
from kinesis_cli.show.console import warn

if TYPE_CHECKING:
    from kinesis_cli.cli.running.sliced import Sharing

Record = TypeVar("Record")

MapOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="MODULE:FUNCTION",
        help="Your function sees each payload, bytes, and returns the one to put; None: none.",
    ),
]
GiveUpAfterOption = Annotated[
    str,
    typer.Option("--give-up-after", metavar="DURATION", help="How long to retry a record."),
]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Put more than 10,000 records or 100 MB without asking.")
]

JobsOption = Annotated[
    str | None,
    typer.Option(
        "--jobs",
        metavar="N|auto",
        help="Share the records among N processes, or one for each core; default: 1.",
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="Share the records among the workers of a cluster of Dask's instead, which see the "
        "working directory under the same path and have AWS credentials of their own.",
    ),
]


def mapped_by(name: str | None) -> Callable[[bytes], bytes | None] | None:
    """The function that --map names.

    Raises:
        InputError: there is no such function.
    """
    if name is None:
        return None
    from kinesis_cli.payloads.user_function import user_function  # start-up counts

    return user_function(name)


def shared_by(
    jobs: str | None,
    scheduler: str | None,
    inputs: Iterable[str],
    beside: Mapping[str, object],
) -> "Sharing | None":
    """Who shares the records of a put; None: this process puts all.

    Args:
        jobs, scheduler: the options' values.
        inputs, beside: see `Sharing.check`.

    Raises:
        InputError: the options are not usable, or what is put cannot be shared.
    """
    if jobs is None and scheduler is None:
        return None
    from kinesis_cli.cli.running.sliced import Sharing  # start-up counts

    if (sharing := Sharing.of(jobs, scheduler)) is not None:
        sharing.check(inputs, beside)
    return sharing


def warn_if_not_sent(left: FailedRecords) -> None:
    """Say so where what was given up is not where the user wants it, but on this machine."""
    if left.not_sent is not None:
        warn(f"{left.not_sent}; what was given up is in a file here instead")


def end_as(summary: PutSummary) -> None:
    """End the command as the put has ended.

    Raises:
        KcliError: it ended early with this.
        Exit: with another code than 0.
    """
    if summary.error:
        raise summary.error
    if summary.interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if summary.failed:
        raise typer.Exit(ExitCode.ENDPOINT)


def with_first(records: Iterator[Record]) -> tuple[Record | None, Iterator[Record]]:
    """The first record, None where there is none, and then all of them, that one too.

    Whatever is wrong with where they come from, or with the first, is raised here.
    """
    first = next(records, None)
    return first, chain([] if first is None else [first], records)
