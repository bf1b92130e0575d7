"""`kcli redrive`."""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, nullcontext
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from kinesis_cli.aws.failure_sources import open_source
from kinesis_cli.aws.functions import function_name as find_function_name
from kinesis_cli.aws.remote_handler import RemoteHandler
from kinesis_cli.cli.exit_code import ExitCode
from kinesis_cli.cli.options.aws_access import explaining, in_a_simulation, in_one_call
from kinesis_cli.cli.options.function import FunctionNameOption
from kinesis_cli.cli.options.shared import (
    CODE,
    Code,
    IsolatedOption,
    Output,
    OutputOption,
)
from kinesis_cli.cli.options.takes import flag, given, only, takes
from kinesis_cli.cli.options.target import STREAM_TARGET, Target, reached
from kinesis_cli.cli.running.interruption import ctrl_c_waits
from kinesis_cli.cli.running.large_put import MANY_BYTES, MANY_RECORDS, ask_if_large
from kinesis_cli.cli.running.places import reach_files_beside
from kinesis_cli.cli.running.putting import YesOption
from kinesis_cli.errors import InputError
from kinesis_cli.handlers import handler_of
from kinesis_cli.handlers.options import HandlerOptions
from kinesis_cli.local.client.connection import Connected
from kinesis_cli.places.url import place_of
from kinesis_cli.project.find import find_function
from kinesis_cli.project.mapping import choose_mapping
from kinesis_cli.redriving.actions import (
    Action,
    InvokeOnce,
    KeepForNow,
    Named,
    Replay,
    Simulate,
    refuse_saved,
    wanted_records,
)
from kinesis_cli.redriving.actions import redrive as take_up
from kinesis_cli.redriving.actions import save as save_records
from kinesis_cli.redriving.failed_records import named_records
from kinesis_cli.show.console import note, warn
from kinesis_cli.show.streams.redrive import show_redrive
from kinesis_cli.simulation.run import SimulationOptions
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS


class FailOn(StrEnum):
    """What makes `kcli redrive` end with exit code 1."""

    FAILURES = "failures"  # records were not handled, or could not be put
    EXPIRED = "expired"  # records have left the stream


_SOURCE_STREAM = Annotated[
    str | None,
    typer.Option(
        "--stream",
        metavar="NAME|ARN",
        help="Where the records are; default: the stream that each document names.",
    ),
]


class Actions(msgspec.Struct, frozen=True):
    """What is to be done with the records."""

    show: Annotated[bool, typer.Option("--show", help="Show the records; the default.")] = False
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Deliver them to the handler in virtual time.")
    ] = False
    invoke: Annotated[
        bool,
        typer.Option("--invoke", help="Call the handler once for each document, in this process."),
    ] = False
    isolated: IsolatedOption = False
    remote: Annotated[
        bool,
        typer.Option("--remote", help="With --invoke: call the deployed function."),
    ] = False
    replay: Annotated[
        bool, typer.Option("--replay", help="Put them again, on the stream that they were in.")
    ] = False
    to_stream: Annotated[
        str | None, typer.Option(metavar="NAME|ARN", help="With --replay: on this stream.")
    ] = None
    save: Annotated[
        str | None, typer.Option(metavar="FILE|URL", help="Write them to a new recording.")
    ] = None

    def chosen(self) -> str:
        """The one that was named, as an option.

        Raises:
            InputError: several were.
        """
        names = ("show", "simulate", "invoke", "replay", "save")
        named = [flag(name) for name in names if getattr(self, name)]
        if len(named) > 1:
            raise InputError(f"{named[0]} and {named[1]} are two actions", advice="Name one.")
        return named[0] if named else "--show"

    def check(self, chosen: str) -> None:
        """Refuse what means nothing beside the action.

        Raises:
            InputError: there is something.
        """
        if self.remote and chosen != "--invoke":
            raise InputError("--remote says where --invoke calls", advice="Add --invoke.")
        if self.isolated and chosen not in ("--invoke", "--simulate"):
            raise InputError("--isolated is for --invoke and --simulate")
        if self.isolated and self.remote:
            raise InputError(
                "--isolated calls the handler here, and --remote elsewhere", advice="Name one."
            )
        if self.to_stream and chosen != "--replay":
            raise InputError("--to-stream says where --replay puts", advice="Add --replay.")
        if self.save == "-":
            raise InputError(
                "needs a file: what is saved is read back before a document may be deleted",
                place="--save",
                advice="Name one, or print the documents with their records: --output json.",
            )


@takes(
    actions=Actions,
    code=CODE,
    target=only(Target, *STREAM_TARGET.annotations, stream=_SOURCE_STREAM),
)
def redrive(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            help="Where the documents are: a queue's URL or ARN, s3://BUCKET/PREFIX, a file, or - "
            "for standard input. Default: the function's on-failure destination.",
        ),
    ] = None,
    *,
    actions: Actions,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SEQUENCE|REQUEST_ID",
            help="Only this record, or only the documents of this call; repeatable.",
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--count", "-n", metavar="N", min=1, help="Take up at most N documents."),
    ] = None,
    delete: Annotated[
        bool,
        typer.Option(
            "--delete",
            help="With --invoke, --replay or --save: delete each document whose records were all "
            "dealt with.",
        ),
    ] = False,
    yes: YesOption = False,
    code: Code,
    function_name: FunctionNameOption = None,
    target: Target,
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option(help="End with exit code 1 when this happened; repeatable."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take up the records that Lambda gave up.

    On-failure documents name them. They come from the stream, by sequence number; S3 has them in
    its documents. They are shown, handled, put again or saved. With --delete a document goes when
    each record that it names was dealt with; else nothing is changed, and the same command does
    what is left.

    \b
    Examples:
      kcli redrive
      kcli redrive --invoke
      kcli redrive --replay --delete
      kcli redrive --save failed.ndjson --output json
    """
    chosen = actions.chosen()
    actions.check(chosen)
    if delete:
        _refuse_to_delete(chosen)
    saved = None if actions.save is None else place_of(actions.save)
    if isinstance(saved, Path):
        refuse_saved(saved)
    connected = reached(target, function=function_name)
    connection = connected.connection
    reach_files_beside(connection)
    if saved is not None:
        refuse_saved(saved)
    with ExitStack() as open_things:
        places = open_source(source, connection, connected.settings, warn)
        open_things.callback(places.close)
        if delete and not places.is_ours:
            raise InputError("a file's documents are yours to delete", place="--delete")
        note(f"documents of {places.name}, records of {connection.place}")
        named: Iterable[Named] = islice(
            wanted_records(
                places.documents(),
                select or [],
                lambda document: named_records(document, connection, target.stream, warn),
            ),
            count,
        )
        if actions.replay and not (yes or connection.target.is_local):
            named = _asked(actions.to_stream or "their stream", connection.place, named)
        remove = places.delete if delete else None
        if saved is not None:
            rows = save_records(named, saved, remove)
        else:
            kind, named = _kind_of(named)
            action = _action(chosen, actions, connected, code, kind, open_things)
            # Records that were sent must be known to be there, or the next run puts them twice.
            rows = take_up(named, action, remove, ctrl_c_waits if actions.replay else nullcontext)
        counts = show_redrive(rows, places.name, output, is_selection=bool(select))
    if _failed(counts, fail_on or []):
        raise typer.Exit(ExitCode.FAILED)


def _refuse_to_delete(chosen: str) -> None:
    """Raise where nothing is done that makes a document superfluous."""
    if chosen in ("--show", "--simulate"):
        does = "only shows" if chosen == "--show" else "only tries"
        raise InputError(
            f"{chosen} {does} the records, which are then still to be handled",
            place="--delete",
            advice="Name --invoke, --replay or --save.",
        )


def _action(
    chosen: str,
    actions: Actions,
    connected: Connected,
    code: Code,
    kind: SourceKind,
    open_things: ExitStack,
) -> Action:
    """What is done with each document's records. What it opens is closed with `open_things`."""
    connection = connected.connection
    if chosen == "--show":
        return KeepForNow("shown")
    if chosen == "--replay":
        return Replay(connection, actions.to_stream)
    if actions.remote:
        name = find_function_name(connection, connected.settings)
        return InvokeOnce(RemoteHandler(connection, name))
    function = find_function(**given(code), kind=kind)
    for sentence in function.notes:
        note(sentence)
    in_virtual_time = chosen == "--simulate"
    # the records are real: to call the function with them again is to do its work
    function = in_a_simulation(function, None) if in_virtual_time else in_one_call(function, None)
    options = HandlerOptions(isolated=actions.isolated, wall_clock=not in_virtual_time)
    handler = handler_of(function, options, note)
    open_things.callback(handler.close)
    handler = explaining(handler, function)
    if not in_virtual_time:
        return InvokeOnce(handler)
    delivery = SimulationOptions(function_timeout=function.timeout, function_name=function.name)
    return Simulate(handler, choose_mapping(function, None, {}).mapping, delivery)


def _kind_of(named: Iterable[Named]) -> tuple[SourceKind, Iterable[Named]]:
    """The kind of source that the first document is about, and all of them."""
    rest = iter(named)
    first = next(rest, None)
    if first is None:
        return KINESIS, ()
    return first[0].document.kind, chain([first], rest)


def _asked(stream: str, place: str, named: Iterable[Named]) -> Iterable[Named]:
    """The same, once it was asked whether to put so many records."""
    rest = iter(named)
    first: list[Named] = []
    records = size = 0
    for each in rest:
        first.append(each)
        records += len(each[1].records)
        size += sum(len(record.raw) for record in each[1].records)
        if records > MANY_RECORDS or size > MANY_BYTES:
            break
    ask_if_large(f"{stream} at {place}", records, size)
    return chain(first, rest)


def _failed(counts: Counter[str], fail_on: list[FailOn]) -> bool:
    if counts["failed"] and FailOn.FAILURES in fail_on:
        return True
    return bool(counts["expired"]) and FailOn.EXPIRED in fail_on
