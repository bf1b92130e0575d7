"""Options of commands that write what they show as a page, too."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from kinesis_cli.errors import InputError


class ReportFile(msgspec.Struct, frozen=True):
    """Where a page goes."""

    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the result as a page for a browser too, one .html file that needs no "
            "network.",
        ),
    ] = None
    overwrite: Annotated[
        bool | None, typer.Option("--overwrite", help="Write over a report that exists.")
    ] = None


def report_path(given: ReportFile) -> Path | None:
    """Return the file that was asked for, if one was.

    Raises:
        InputError: it is not meant, or would be lost.
    """
    if given.report is not None:
        check_page(given.report, overwrite=bool(given.overwrite))
    elif given.overwrite:
        raise InputError("--overwrite is for --report", advice="Add --report.")
    return given.report


def check_page(path: Path, *, overwrite: bool) -> None:
    """Refuse a page that is not meant, or would be lost, before anything is done.

    Raises:
        InputError: its name ends in another way, or it exists.
    """
    check_name("--report", path, (".html", ".htm"))
    from kinesis_cli.recordings.writing import refuse_existing

    refuse_existing(path, overwrite=overwrite)


def check_name(option: str, path: Path, endings: tuple[str, str]) -> None:
    """Refuse a name with another ending; a file that is there, such as /dev/full, may have any.

    Raises:
        InputError: it has another one.
    """
    if not path.name.lower().endswith(endings) and not path.exists():
        first, second = endings
        raise InputError(
            f"its name ends neither in {first} nor in {second}", place=f"{option} {path}"
        )


def typed() -> str:
    """Return the command as it was typed."""
    return shlex.join(["kcli", *sys.argv[1:]])
