"""What commands about the deployed function share: how it is named and reached."""

from typing import Annotated

import typer

from kinesis_cli.local.connect import Connected, connect
from kinesis_cli.project.settings import read_settings
from kinesis_cli.show.console import note

FunctionNameOption = Annotated[
    str | None,
    typer.Option(
        "--function-name",
        metavar="NAME|ARN",
        help="The function; default: the stack's, on this machine the template's.",
    ),
]


def reached(flags: dict[str, str | None]) -> Connected:
    """What the target options name, ready to be called; says so where it was started for that.

    Raises:
        InputError, EndpointError: the target is not usable.
    """
    connected = connect(read_settings(flags))
    if connected.local and connected.local.started_now:
        from kinesis_cli.show.local import started_note

        note(started_note(connected.local.server, ""))
    return connected
