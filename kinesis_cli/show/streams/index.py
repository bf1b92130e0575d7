"""What an index says of a recording."""

from kinesis_cli.recordings.indexes.form import Head
from kinesis_cli.show.cells import counted, time_cell
from kinesis_cli.show.console import plain, stdout_console

MAX_SHOWN = 16  # shards


def show_index(path: str, head: Head) -> None:
    """Show a line for each shard: how many records, and from when to when."""
    console = stdout_console()
    records = sum(shard.count for shard in head.shards)
    found = f"{counted(records, 'record')} on {counted(len(head.shards), 'shard')}"
    console.print(plain(f"{path}: {found}"), soft_wrap=True)
    for shard in head.shards[:MAX_SHOWN]:
        times = f"{time_cell(shard.first_arrival)} to {time_cell(shard.last_arrival)}"
        line = f"  {shard.shard_id}  {counted(shard.count, 'record'):>15}  {times}"
        console.print(plain(line), soft_wrap=True)
    if len(head.shards) > MAX_SHOWN:
        console.print(plain(f"  … {counted(len(head.shards) - MAX_SHOWN, 'more shard')}"))
