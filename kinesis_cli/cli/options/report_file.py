"""Options of commands that write what they show as a page, too."""

import shlex
import sys
from typing import Annotated

import msgspec
import typer

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Place, Url, place_of


class ReportFile(msgspec.Struct, frozen=True):
    """Where a page goes."""

    report: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="Write the result as a page for a browser too, one .html file that needs no "
            "network.",
        ),
    ] = None
    overwrite: Annotated[
        bool | None, typer.Option("--overwrite", help="Write over a report that exists.")
    ] = None


def report_path(given: ReportFile) -> Place | None:
    """Return the file that was asked for, if one was.

    Raises:
        InputError: it is not meant, or would be lost.
    """
    if given.report is not None:
        path = place_of(given.report)
        check_page(path, overwrite=bool(given.overwrite))
        return path
    if given.overwrite:
        raise InputError("--overwrite is for --report", advice="Add --report.")
    return None


def check_page(path: Place, *, overwrite: bool) -> None:
    """Refuse a page that is not meant, or would be lost, before anything is done.

    Raises:
        InputError: its name ends in another way, or it exists.
    """
    check_name("--report", path, (".html", ".htm"))
    from kinesis_cli.recordings.writing import refuse_existing

    refuse_existing(path, overwrite=overwrite)


def check_name(option: str, path: Place, endings: tuple[str, str]) -> None:
    """Refuse a name with another ending; a file that is there, such as /dev/full, may have any.

    Raises:
        InputError: it has another one.
    """
    if path.name.lower().endswith(endings):
        return
    if isinstance(path, Url) or not path.exists():
        first, second = endings
        raise InputError(
            f"its name ends neither in {first} nor in {second}", place=f"{option} {path}"
        )


def typed() -> str:
    """Return the command as it was typed."""
    return shlex.join(["kcli", *sys.argv[1:]])
