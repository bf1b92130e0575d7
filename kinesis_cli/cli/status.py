"""`kcli status`."""

from pathlib import Path

from kinesis_cli.aws.consuming.table_stream import stream_of_table
from kinesis_cli.aws.status import read_status
from kinesis_cli.cli.options.function import FunctionNameOption
from kinesis_cli.cli.options.shared import Output, OutputOption
from kinesis_cli.cli.options.takes import takes
from kinesis_cli.cli.options.target import TableOption, Target, reached, reached_table
from kinesis_cli.local.client.status import local_status
from kinesis_cli.show.console import note
from kinesis_cli.show.local import problem_lines
from kinesis_cli.show.status import show_status


@takes(target=Target)
def status(
    function_name: FunctionNameOption = None,
    *,
    table: TableOption = None,
    target: Target,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show how stream, mapping and function are doing.

    The stream, each event source mapping with what its settings do and what is risky about them,
    iterator age and throttles of the last hour, and how many on-failure documents wait.

    \b
    Examples:
      kcli status
      kcli status --output json
      kcli status --table orders
    """
    if table is None:
        connected = reached(target, function=function_name)
        connection = connected.connection
        connection.target.named_stream(or_table=True)
    else:
        connected = reached_table(target, table, function=function_name)
        connection = connected.connection
        connection = connection.with_stream(stream_of_table(connection, table))
    found = read_status(connection, connected.settings)
    show_status(found, connected.connection.place, output)
    if connected.local:
        for line in problem_lines(local_status(Path(connected.local.server.state))):
            note(line)
