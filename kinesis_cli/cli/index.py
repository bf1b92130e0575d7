"""`kcli index`."""

from typing import Annotated

import typer

from kinesis_cli.recordings.indexes.index import index_path
from kinesis_cli.recordings.making_indexes import make_index
from kinesis_cli.show.streams.index import show_index


def index(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Recordings, plain, or packed by kcli."),
    ],
) -> None:
    """Note where each shard's records lie, to read parts alone.

    FILE.kidx stands beside FILE: commands that read the recording need not look at every record
    first, and `kcli simulate --jobs` reads in each process what that wants. It is of no use, and
    says so, once the recording has changed. Nothing is shown of a recording that is not sound.

    \b
    Examples:
      kcli index fixtures/poison.ndjson
      kcli event --count 9000 -o day.ndjson.zst; kcli index day.ndjson.zst
    """
    for file in files:
        head = make_index(file)
        show_index(str(index_path(file)), head)
