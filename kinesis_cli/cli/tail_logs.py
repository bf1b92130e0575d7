"""`kcli tail-logs`."""

import re
import time
from enum import StrEnum
from typing import Annotated

import typer

from kinesis_cli.aws.functions import log_group as find_log_group
from kinesis_cli.aws.logs import LogFollower, LogQuery
from kinesis_cli.cli.options.function import FunctionNameOption
from kinesis_cli.cli.options.shared import LATEST_IS_NOW
from kinesis_cli.cli.options.takes import takes
from kinesis_cli.cli.options.target import PROJECT_TARGET, Target, reached
from kinesis_cli.errors import InputError
from kinesis_cli.function_log.entries import LogReader, LogSelection, parse_level, parse_where
from kinesis_cli.show.console import note, warn
from kinesis_cli.show.tail_logs import LogFace, LogView
from kinesis_cli.stream.selection import Start, StartKind, grep_pattern, moment_of_all_shards


class LogOutput(StrEnum):
    """How events are printed."""

    TABLE = "table"  # for people
    NDJSON = "ndjson"  # one line per event


@takes(target=PROJECT_TARGET)
def tail_logs(
    since: Annotated[
        str,
        typer.Option(
            metavar="WHEN",
            help="Where to begin: latest, trim-horizon, 10m (ago), an ISO time or epoch seconds.",
        ),
    ] = "latest",
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Where to end; as --since, or +10m.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", "-n", metavar="N", min=1, help="End after N events.")
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Keep following what is written from now on."),
    ] = True,
    pattern: Annotated[
        str,
        typer.Option("--filter", metavar="PATTERN", help="CloudWatch's filter pattern."),
    ] = "",
    grep: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX", help="Only messages in which this is found; searched here, not in AWS."
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEMBER=VALUE",
            help="Only JSON lines with this member, a.b for a nested one; repeatable.",
        ),
    ] = None,
    level: Annotated[str | None, typer.Option(help="Only lines of this level and above.")] = None,
    request_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Only the lines of this call; the beginning of its id is enough."
        ),
    ] = None,
    log_stream: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only this log stream; NAME* for all that begin so."),
    ] = None,
    log_group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Default: the function's.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="The bare messages.")] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Let CloudWatch push (StartLiveTail): at once, at most 500 a second."
        ),
    ] = False,
    function_name: FunctionNameOption = None,
    *,
    target: Target,
    output: Annotated[LogOutput, typer.Option(help="How to print the events.")] = LogOutput.TABLE,
) -> None:
    """Follow the function's log.

    Lines of one call have its request id and colour, a report is one line, a traceback stays
    together. Ctrl-C ends it.

    \b
    Examples:
      kcli tail-logs --since 10m --no-follow
      kcli tail-logs --since trim-horizon --no-follow --level WARN
      kcli tail-logs --since 1h --no-follow --where level=ERROR --output ndjson
    """
    now = time.time()
    if live and (since != "latest" or until or not follow):
        raise InputError(
            "a live tail shows what comes from now on",
            place="--live",
            advice="Leave out --since, --until and --no-follow, or --live.",
        )
    start = _start(since, now)
    selection = LogSelection(
        grep=grep_pattern(grep) if grep else None,
        where=tuple(parse_where(each) for each in where or ()),
        level=parse_level(level) if level else None,
        request_id=request_id,
    )
    end = _end(until, start, now)
    connected = reached(target, function=function_name, log_group=log_group)
    connection = connected.connection
    group = find_log_group(connection, connected.settings)
    follower = LogFollower(
        connection, LogQuery(group, start, end, follow, pattern, log_stream), warn
    )
    if connection.target.is_local and re.match(r'[^\w"]', pattern):
        warn("`kcli local` knows only words of CloudWatch's patterns and shows all; see --where")
    note(f"log group {group} {_place(connection.target.is_local, follow=follow)}")
    if not _show(follower, selection, _view(output, raw=raw), count, live=live):
        why = "no event in that time, or none that matches"
        if since == "latest" and not follow:
            why = LATEST_IS_NOW
        note(f"nothing shown: {why}")


def _show(
    follower: LogFollower, selection: LogSelection, view: LogView, count: int | None, *, live: bool
) -> int:
    """Show what is wanted until it ends; how many events these were."""
    reader, shown = LogReader(), 0
    for events in follower.live() if live else follower.portions():
        for block in reader.read(events):
            if not selection.wants(block):
                continue
            block = block if count is None else block[: count - shown]
            view.show(block)
            shown += len(block)
            if shown == count:
                view.flush()
                return shown
        view.flush()
    return shown


def _start(since: str, now: float) -> float | None:
    start = Start.parse(since, now)
    match start.kind:
        case StartKind.TRIM_HORIZON:
            return None
        case StartKind.LATEST:
            return now
        case StartKind.AT_SEQUENCE_NUMBER:
            raise InputError(
                "a sequence number is a place in a stream, not in a log", place="--since"
            )
    return start.seconds


def _end(until: str | None, start: float | None, now: float) -> float | None:
    if until is None:
        return None
    end = moment_of_all_shards(until, now, "--until")
    if start is not None and end <= start:
        raise InputError(
            f"{until} is not after the beginning",
            place="--until",
            advice="Begin earlier with --since; its default is latest, which is now.",
        )
    return end


def _view(output: LogOutput, *, raw: bool) -> LogView:
    if raw and output is LogOutput.NDJSON:
        raise InputError("--raw prints bare messages, and --output ndjson prints JSON")
    return LogView(LogFace.RAW if raw else LogFace(output))


def _place(is_local: bool, *, follow: bool) -> str:
    where = "on this machine" if is_local else "in CloudWatch"
    return f"{where}; Ctrl-C ends" if follow else where
