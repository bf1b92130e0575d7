"""Options that say what a command talks to, the same in each command that talks to something.

@takes(target=STREAM_TARGET)
def tail(*, target: Target, ...) -> None:
    connected = reached(target)
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinesis_cli.cli.options.shared import PROJECT, ConfigEnvOption
from kinesis_cli.show.console import note

if TYPE_CHECKING:
    from kinesis_cli.local.client.connection import Connected
    from kinesis_cli.project.settings import Settings

Target = dict[str, Any]  # what was said, by the names of the settings

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
    "config_env": ConfigEnvOption,
}

STREAM_TARGET = {
    "stream": Annotated[
        str | None,
        typer.Option("--stream", metavar="NAME|ARN", help="The stream."),
    ],
    **TARGET,
}

# The same for commands whose own options leave the names of these free.
PROJECT_TARGET = {**TARGET, **PROJECT}
PROJECT_STREAM_TARGET = {**STREAM_TARGET, **PROJECT}


def tell_of_sample(settings: "Settings") -> None:
    """Say so where there is no project, and kcli's own sample function gets the records."""
    from kinesis_cli.project.locate import find_project
    from kinesis_cli.project.target import template_streams

    if settings.stream is None and find_project(settings).is_bundled:
        stream = next(iter(template_streams(settings)))
        note(
            f"there is no template here or above: {stream} is the stream of kcli's own sample "
            "function"
        )


def reached(target: Target) -> "Connected":
    """What the target options name, ready to be called; says so where it was started for that.

    Raises:
        InputError, EndpointError: the target is not usable.
    """
    from kinesis_cli.local.client.connection import connect  # some commands need it seldom
    from kinesis_cli.project.settings import read_settings

    connected = connect(read_settings(target))
    if connected.local and connected.local.started_now:
        from kinesis_cli.show.local import started_note

        note(started_note(connected.local.server, ""))
    return connected
