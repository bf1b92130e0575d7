"""What commands about the deployed function share: how it is named and reached."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kinesis_cli.aws.session import Connection

FunctionNameOption = Annotated[
    str | None,
    typer.Option(
        "--function-name",
        metavar="NAME|ARN",
        help="The function; default: the stack's, on this machine the template's.",
    ),
]


def place_of(connection: "Connection") -> str:
    """Where requests go, for people."""
    from kinesis_cli.project.target import TargetKind  # start-up counts

    target = connection.target
    if target.kind is TargetKind.AWS:
        return f"AWS in {connection.region}"
    return connection.endpoint_url
