"""Options that say what a command talks to, the same in each command that talks to something.

@takes(target=Target)
def tail(*, target: Target, ...) -> None:
    connected = reached(target)
"""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from kinesis_cli.cli.options.shared import ConfigEnvOption, ParameterOverridesOption, TemplateOption
from kinesis_cli.cli.options.takes import given, only
from kinesis_cli.errors import InputError
from kinesis_cli.show.console import note

if TYPE_CHECKING:
    from kinesis_cli.local.client.connection import Connected
    from kinesis_cli.project.settings import Settings


class Target(msgspec.Struct, frozen=True):
    """What was said of the target, by the names of the settings."""

    stream: Annotated[
        str | None,
        typer.Option("--stream", metavar="NAME|ARN", help="The stream."),
    ] = None
    stack: Annotated[
        str | None,
        typer.Option(
            "--stack",
            metavar="NAME",
            help="The deployed stack whose stream and function are meant; default: "
            "samconfig.toml's.",
        ),
    ] = None
    endpoint_url: Annotated[
        str | None,
        typer.Option(
            "--endpoint-url",
            metavar="URL|local",
            help="Where requests go instead of to AWS; local is this machine's own endpoint.",
        ),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="The profile, as in the AWS CLI."),
    ] = None
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="NAME", help="The region, as in the AWS CLI."),
    ] = None
    config_env: ConfigEnvOption = None
    template: TemplateOption = None
    parameter_overrides: ParameterOverridesOption = None


TableOption = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="NAME|ARN",
        help="The stream of this DynamoDB table instead of a stream of Kinesis: here, or where "
        "--profile, --region, --stack or --endpoint-url say.",
    ),
]
_TARGET = ("stack", "endpoint_url", "profile", "region", "config_env")

# Of commands that have no stream of their own, or whose own options have the names of a project's.
PROJECT_TARGET = only(Target, *_TARGET, "template", "parameter_overrides")
STREAM_TARGET = only(Target, "stream", *_TARGET)
TARGET = only(Target, *_TARGET)


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


def reached(target: Target | None = None, **settings: str | None) -> "Connected":
    """Connect to what the target options name; say so where it was started for that.

    Args:
        target: as given on the command line.
        settings: others, by their names.

    Raises:
        InputError, EndpointError: the target is not usable.
    """
    from kinesis_cli.local.client.connection import connect  # some commands need it seldom
    from kinesis_cli.project.settings import read_settings

    connected = connect(read_settings({**settings, **(given(target) if target else {})}))
    if connected.local and connected.local.started_now:
        from kinesis_cli.show.local import started_note

        note(started_note(connected.local.server, ""))
    return connected


def reached_table(target: Target, table: str, **settings: str | None) -> "Connected":
    """Connect to where a table is.

    Its name says which one is meant, not where: that is this machine, unless another option or
    setting says AWS. An ARN says both.

    Args:
        target: as given on the command line.
        table: name or ARN.
        settings: others, by their names.

    Returns:
        What answers there; the table's stream is still to be asked for.

    Raises:
        InputError, EndpointError: the target is not usable.
    """
    from kinesis_cli.local.client.connection import Connected, connect_to_stack
    from kinesis_cli.project.settings import read_settings
    from kinesis_cli.project.target import is_local_arn, resolve_target

    if target.stream is not None:
        raise InputError("--table and --stream cannot be used together")
    told = {**settings, **given(target)}
    if table.startswith("arn:"):
        region = (table.split(":") + [""] * 4)[3]
        told.setdefault("region", region)
        if told["region"] != region:
            raise InputError(
                f"{told['region']} is not the region of {table}",
                place="--region",
                advice="Leave the region out, or name the table by its name.",
            )
        if is_local_arn(table):
            told.setdefault("endpoint_url", "local")
    read = read_settings(told)
    if resolve_target(read, with_template=False).is_local:
        return reached(target, **told)
    return Connected(connect_to_stack(read), read, None)
