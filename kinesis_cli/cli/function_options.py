"""What commands about the deployed function share: how it is named and reached."""

from typing import TYPE_CHECKING, Annotated

import typer

from kinesis_cli.show.console import note

if TYPE_CHECKING:
    from kinesis_cli.aws.session import Connection
    from kinesis_cli.local.connect import Connected

FunctionNameOption = Annotated[
    str | None,
    typer.Option(
        "--function-name",
        metavar="NAME|ARN",
        help="The function; default: the stack's, on this machine the template's.",
    ),
]


def reached(flags: dict[str, str | None]) -> "Connected":
    """What the target options name, ready to be called; says so where it was started for that.

    Raises:
        InputError, EndpointError: the target is not usable.
    """
    from kinesis_cli.local.connect import connect  # some commands need it seldom
    from kinesis_cli.project.settings import read_settings

    connected = connect(read_settings(flags))
    if connected.local and connected.local.started_now:
        from kinesis_cli.show.local import started_note

        note(started_note(connected.local.server, ""))
    return connected


def place_of(connection: "Connection") -> str:
    """Where requests go, for people."""
    from kinesis_cli.project.target import TargetKind  # start-up counts

    target = connection.target
    if target.kind is TargetKind.AWS:
        return f"AWS in {connection.region}"
    return connection.endpoint_url
