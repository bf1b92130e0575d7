"""`kcli schema`."""

from typing import Annotated

import typer

from kinesis_cli.cli.options.shared import Output
from kinesis_cli.errors import InputError
from kinesis_cli.manual.schemas import known_schemas, schema_text
from kinesis_cli.show.console import write_text


def schema(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="Of whose output; default: list them."),
    ] = None,
    *,
    output: Annotated[
        Output, typer.Option("--output", help="Of which output: json, or a line of ndjson.")
    ] = Output.JSON,
) -> None:
    """Print the JSON Schema of a command's output.

    Of the document that COMMAND prints with --output json, or of one line of --output ndjson. The
    same for people: docs/json-shapes.md.

    \b
    Examples:
      kcli schema
      kcli schema simulate
      kcli schema simulate --output ndjson
      kcli schema local status
    """
    if output is Output.TABLE:
        raise InputError("a table has no schema", advice="Ask for --output json or ndjson.")
    if not command:
        for name in known_schemas():
            write_text(f"{name}\n")
        return
    write_text(schema_text(" ".join(command), output))
