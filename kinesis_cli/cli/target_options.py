"""Options that say what a command talks to, the same in each command that talks to something.

@takes(target=STREAM_TARGET)
def tail(*, target: Target, ...) -> None:
    connected = reached(target)
"""

from typing import TYPE_CHECKING, Annotated

import typer

from kinesis_cli.show.console import note

if TYPE_CHECKING:
    from kinesis_cli.local.connect import Connected

Target = dict[str, str | None]  # what was said, by the names of the settings

TARGET = {
    "stack": Annotated[
        str | None,
        typer.Option(
            "--stack",
            metavar="NAME",
            help="The deployed stack whose stream and function are meant; default: "
            "samconfig.toml's.",
        ),
    ],
    "endpoint_url": Annotated[
        str | None,
        typer.Option(
            "--endpoint-url",
            metavar="URL|local",
            help="Where requests go instead of to AWS; local is this machine's own endpoint.",
        ),
    ],
    "profile": Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="The profile, as in the AWS CLI."),
    ],
    "region": Annotated[
        str | None,
        typer.Option("--region", metavar="NAME", help="The region, as in the AWS CLI."),
    ],
    "config_env": Annotated[
        str | None,
        typer.Option(
            "--config-env",
            metavar="NAME",
            help="Which environment of samconfig.toml, as in the SAM CLI; default: default.",
        ),
    ],
}

STREAM_TARGET = {
    "stream": Annotated[
        str | None,
        typer.Option("--stream", metavar="NAME|ARN", help="The stream."),
    ],
    **TARGET,
}


def reached(target: Target) -> "Connected":
    """What the target options name, ready to be called; says so where it was started for that.

    Raises:
        InputError, EndpointError: the target is not usable.
    """
    from kinesis_cli.local.connect import connect  # some commands need it seldom
    from kinesis_cli.project.settings import read_settings

    connected = connect(read_settings(target))
    if connected.local and connected.local.started_now:
        from kinesis_cli.show.local import started_note

        note(started_note(connected.local.server, ""))
    return connected
