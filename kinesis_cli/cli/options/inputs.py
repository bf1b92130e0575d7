"""Options that say how files of records and payloads are to be read."""

import re
from collections.abc import Iterable
from typing import Annotated

import msgspec
import typer

from kinesis_cli.cli.options.takes import only
from kinesis_cli.errors import InputError
from kinesis_cli.recordings.form import Form, Reading
from kinesis_cli.stream.shards import shard_id

_SHARD_ID = re.compile(r"[a-zA-Z0-9_.-]{1,128}")

RawOption = Annotated[
    bool | None,
    typer.Option(
        "--raw",
        help="Each line is a payload, whatever it looks like: its bytes up to LF or CRLF, "
        "without a byte order mark at the file's beginning.",
    ),
]
S3Option = Annotated[
    str | None,
    typer.Option(
        "--s3",
        metavar="aws|local|URL",
        help="Where s3:// is: AWS, this project's `kcli local`, or an endpoint; default: what the "
        "command's target or AWS_ENDPOINT_URL_S3 says, else AWS, unless `kcli local` runs.",
    ),
]
FormatOption = Annotated[
    Form | None,
    typer.Option("--format", help="What the input is; default: detected, and reported."),
]


class HowToRead(msgspec.Struct, frozen=True):
    """How inputs are to be read."""

    raw: RawOption = None
    format_: FormatOption = None
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="ID",
            help="Shard of records that name none, by id or number: those of get-records from a "
            "server other than AWS.",
        ),
    ] = None
    s3: S3Option = None


# Of commands that read files by other options, too.
SHARD = only(HowToRead, "shard", "s3")


def reading(
    raw: bool | None,
    form: Form | None,
    shard: str | None = None,
    arns: Iterable[str | None] = (),
) -> Reading:
    """Return how the options say that inputs are to be read.

    Args:
        raw, form, shard: the options' values.
        arns: of streams that the target or the template names.

    Raises:
        InputError: they contradict each other, or the shard is none.
    """
    if raw and form not in (None, Form.PAYLOADS):
        raise InputError(
            f"--raw takes each line as a payload, and --format {form} does not",
            advice="Leave one of the two out.",
        )
    named = None if shard is None else shard_named(shard)
    return Reading(Form.PAYLOADS if raw else form, named, tuple(each for each in arns if each))


def shard_named(text: str) -> str:
    """The id of the shard that `--shard` names: "shardId-000000000003" of "3".

    Raises:
        InputError: it cannot be one.
    """
    if text.isascii() and text.isdigit():
        return shard_id(int(text))
    if not _SHARD_ID.fullmatch(text):
        raise InputError(
            f"{text!r} is not a shard, which reads like {shard_id(0)}", place="--shard"
        )
    return text
