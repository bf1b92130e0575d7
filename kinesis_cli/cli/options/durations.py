"""Options that say how long a call takes in virtual time."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from kinesis_cli.errors import InputError
from kinesis_cli.places.whole_files import read_whole
from kinesis_cli.show.console import note
from kinesis_cli.simulation.durations import (
    USUAL,
    CallDuration,
    FittedDuration,
    call_duration,
    fitted,
)

TAIL_LOGS = "tail-logs"
LOOK_BACK_SECONDS, MAX_EVENTS = 86_400.0, 50_000
MAX_LOG = 1 << 30  # bytes of a file of log lines


class Duration(msgspec.Struct, frozen=True):
    """What was said of a call's duration."""

    invocation_duration: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS|MODEL|measured",
            help="How long a call takes, besides its own sleeps: seconds, or with what each record "
            "and KB adds, 0.05+0.002/record+0.001/KB (default: 0.1).",
        ),
    ] = None
    duration_from: Annotated[
        str | None,
        typer.Option(
            metavar="LOG|tail-logs",
            help="Fit that to the REPORT lines of a log file, or of the deployed function's log.",
        ),
    ] = None
    cold_start: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.0,
            max=900.0,
            help="Extra time of a call that finds no idle environment.",
        ),
    ] = None


def chosen_duration(options: Duration) -> CallDuration | None:
    """What the options say of a call's duration; None: as long as it really takes.

    Raises:
        InputError: they contradict each other, or are not usable.
    """
    given, source = options.invocation_duration, options.duration_from
    if source is None:
        return USUAL if given is None else call_duration(given)
    if given is not None:
        raise InputError("--invocation-duration and --duration-from cannot be used together")
    from kinesis_cli.function_log.measured_calls import measured_calls  # seldom asked for

    messages = _tailed() if source == TAIL_LOGS else _read(Path(source))
    found = fitted(measured_calls(messages), f"--duration-from {source}")
    _tell(found, source)
    return found.duration


def warn_of_constant(options: Duration, batch_sizes: Iterable[int]) -> None:
    """Say what a constant does to a comparison of batch sizes."""
    chosen = options.invocation_duration or options.duration_from
    if chosen is None and len(set(batch_sizes)) > 1:
        tell_of_constant(str(USUAL))


def tell_of_constant(seconds: str) -> None:
    """Say that each call takes the same time, and what comes of that."""
    note(
        f"Each call takes {seconds} s here, whatever its batch, which favours large batches: see "
        "--invocation-duration and --duration-from."
    )


def _read(path: Path) -> list[tuple[str, str]]:
    from kinesis_cli.function_log.measured_calls import logged_messages

    try:
        text = read_whole(path, MAX_LOG).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", place=f"--duration-from {path}"
        ) from error
    return list(logged_messages(text))


def _tailed() -> list[tuple[str, str]]:
    """The last day of the log of the function that the project's settings name."""
    from kinesis_cli.aws.functions import log_group
    from kinesis_cli.aws.logs import LogFollower, LogQuery
    from kinesis_cli.cli.options.target import reached
    from kinesis_cli.show.console import warn

    now = time.time()
    connected = reached()
    group = log_group(connected.connection, connected.settings)
    note(f"reading the last day of log group {group}")
    query = LogQuery(group, now - LOOK_BACK_SECONDS, now, follow=False)
    messages: list[tuple[str, str]] = []
    for events in LogFollower(connected.connection, query, warn).portions():
        messages += [(event.log_stream, event.message) for event in events]
        if len(messages) >= MAX_EVENTS:
            break
    return messages


def _tell(found: FittedDuration, source: str) -> None:
    calls = f"{found.calls:,} REPORT line{'' if found.calls == 1 else 's'} of {source}"
    note(f"invocation duration {found.duration}, fitted to {calls}")
    if found.sizes < 2:
        note(
            "The log names no batches of different sizes, so this is a constant, which favours "
            'large batches. It is read from a member "records" or a text "100 records" in each '
            "call's lines."
        )
    elif not found.duration.per_record:
        note("Calls with more records took no longer, so this is a constant.")
    if found.cold_start is not None:
        note(f"Cold starts took {found.cold_start:.3g} s: --cold-start {found.cold_start:.3g}")
