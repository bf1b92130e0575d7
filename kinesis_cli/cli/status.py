"""`kcli status`."""

import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinesis_cli.aws.consuming.table_stream import stream_of_table
from kinesis_cli.aws.status import Status, read_status
from kinesis_cli.cli.options.function import FunctionNameOption
from kinesis_cli.cli.options.poison.given import CODE, PoisonOptions, typed
from kinesis_cli.cli.options.shared import Output, OutputOption
from kinesis_cli.cli.options.takes import takes
from kinesis_cli.cli.options.target import TableOption, Target, reached, reached_table
from kinesis_cli.errors import KcliError
from kinesis_cli.local.client.status import local_status
from kinesis_cli.show.console import note
from kinesis_cli.show.local import problem_lines
from kinesis_cli.show.status import show_status

if TYPE_CHECKING:
    from kinesis_cli.aws.session import Connection
    from kinesis_cli.local.client.connection import Connected
    from kinesis_cli.poison.stuck import StuckMapping

# Options of `kcli redrive` that say where something is.
REDRIVE = ("stream", "stack", "endpoint_url", "profile", "region", "config_env")


@takes(target=Target, poison=PoisonOptions)
def status(
    function_name: FunctionNameOption = None,
    *,
    table: TableOption = None,
    target: Target,
    find_poison: Annotated[
        bool,
        typer.Option(
            "--find-poison",
            help="Find the record that a stuck shard's function fails on: its batch is read, and "
            "delivered to the handler on this machine. Nothing is changed.",
        ),
    ] = False,
    poison: PoisonOptions,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show how stream, mapping and function are doing.

    The stream, each event source mapping with what its settings do and what is risky about them,
    iterator age and throttles of the last hour, and how many on-failure documents wait.

    With --find-poison: the shards that stand still, the record that is in the way of each, why the
    handler here fails on it, how long it will be, and the commands that get past it. Each shard is
    read three times at most. The handler gets no AWS credentials unless --aws says so.

    \b
    Examples:
      kcli status
      kcli status --output json
      kcli status --table orders
      kcli status --find-poison
      kcli status --find-poison --save poison.ndjson
    """
    if not find_poison:
        poison.refuse_alone()
    elif poison.save is not None:
        from kinesis_cli.redriving.actions import refuse_saved  # seldom asked for

        refuse_saved(poison.save)
    if table is None:
        connected = reached(target, function=function_name)
        connection = connected.connection
        connection.target.named_stream(or_table=True)
    else:
        connected = reached_table(target, table, function=function_name)
        connection = connected.connection
        connection = connection.with_stream(stream_of_table(connection, table))
    found = read_status(connection, connected.settings)
    if find_poison:
        _find_poison(found, connected, connection, poison, target, table, output)
        return
    show_status(found, connected.connection.place, output)
    if connected.local:
        for line in problem_lines(local_status(Path(connected.local.server.state))):
            note(line)
    _hint(found, connected)


def _hint(found: Status, connected: "Connected") -> None:
    """Say how the record is found, where a shard seems to stand still."""
    from kinesis_cli.cli.running.poison import stuck_mappings

    server = connected.local.server if connected.local else None
    with suppress(KcliError):  # it is only a word more
        for stuck in stuck_mappings(found, server):
            if not stuck.batches or any(each.attempt > 1 for each in stuck.batches):
                note(
                    f"{stuck.mapping.function} seems to stand still on a shard: `kcli status "
                    "--find-poison` finds the record that it fails on."
                )


def _find_poison(
    found: Status,
    connected: "Connected",
    connection: "Connection",
    poison: PoisonOptions,
    target: Target,
    table: str | None,
    output: Output,
) -> None:
    from kinesis_cli.cli.options.poison.code import chosen_function, poison_handler
    from kinesis_cli.cli.running.poison import Code, PoisonHunt
    from kinesis_cli.poison.remedies import Typed
    from kinesis_cli.show.streams.poison import show_poison

    here = connected.local is not None

    def code_for(stuck: "StuckMapping") -> Code:
        chosen = chosen_function(stuck.mapping, poison, target, on_this_machine=here)
        function = chosen.function
        for sentence in function.notes:
            note(sentence)
        note(f"calling {function.handler} of {function.origin} for {stuck.mapping.function}")
        named = f" --function {shlex.quote(function.name)}" if chosen.is_named else ""
        code = f"{typed(poison, *CODE)}{named}"
        of_table = "" if table is None else f" --table {shlex.quote(table)}"
        options = Typed(
            status=f"{typed(target)}{of_table}{code}",
            redrive=f"{typed(target, *REDRIVE)}{code}",
            invoke=f"{typed(target, 'template', 'parameter_overrides', 'config_env')}{code}",
        )
        handler = poison_handler(chosen, poison, on_this_machine=here)
        return Code(handler, function.timeout, options)

    server = connected.local.server if connected.local else None
    hunt = PoisonHunt(found, connection, server, code_for, poison.save)
    show_poison(hunt.run(), found.stream.name, connection.place, output)
