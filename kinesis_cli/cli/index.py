"""`kcli index`."""

from typing import Annotated

import typer

from kinesis_cli.cli.options.inputs import S3Option
from kinesis_cli.cli.options.shared import OverwriteOption
from kinesis_cli.cli.running.places import reach_files
from kinesis_cli.errors import InputError
from kinesis_cli.places.expanding import expanded
from kinesis_cli.places.url import place_of, shown
from kinesis_cli.recordings.indexes.beside import index_place
from kinesis_cli.recordings.making_indexes import make_index
from kinesis_cli.recordings.writing import refuse_existing
from kinesis_cli.show.console import note
from kinesis_cli.show.streams.index import show_index


def index(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|URL",
            help="Recordings, plain, or packed by kcli; folders, prefixes and patterns of them.",
        ),
    ],
    by_shard: Annotated[
        str | None,
        typer.Option(
            "--by-shard",
            metavar="NEW|URL",
            help="Write the same records to NEW, each shard's together as far as 64 MB hold them, "
            "and index NEW: of many shards a part then reads its share only.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    s3: S3Option = None,
) -> None:
    """Note where each shard's records lie, to read parts alone.

    FILE.kidx stands beside FILE: commands that read the recording need not look at every record
    first, and `kcli simulate --jobs` reads in each process what that wants. Beside an object,
    s3://bucket/day.ndjson.zst.kidx, of which a part then fetches its own bytes. It is of no use,
    and says so, once the recording has changed. Nothing is shown of a recording that is not sound.

    \b
    Examples:
      kcli index fixtures/poison.ndjson
      kcli event --count 9000 -o day.ndjson.zst; kcli index day.ndjson.zst
      kcli event --count 9 -o a.ndjson; kcli index a.ndjson --by-shard b.ndjson
    """
    reach_files([*files, by_shard], s3)
    found = expanded(files)
    if by_shard is not None:
        found = [_by_shard(found, by_shard, overwrite=overwrite)]
    for file in found:
        head = make_index(file)
        show_index(shown(str(index_place(file))), head)


def _by_shard(files: list[str], new: str, *, overwrite: bool) -> str:
    if len(files) > 1:
        raise InputError(
            f"--by-shard writes one recording anew, and these are {len(files):,}",
            advice="Name one, or run it once for each.",
        )
    from kinesis_cli.recordings.by_shard import write_by_shard  # seldom asked for

    place = place_of(new)
    refuse_existing(place, overwrite=overwrite)
    count = write_by_shard(files[0], place)
    note(f"{shown(new)}: a recording of {count:,} record{'' if count == 1 else 's'}, by shard")
    return new
