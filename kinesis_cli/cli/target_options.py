"""Options that say what a command talks to, the same in each command that talks to something."""

from typing import Annotated

import typer

StreamOption = Annotated[
    str | None,
    typer.Option("--stream", metavar="NAME|ARN", help="The stream."),
]

StackOption = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="The deployed stack whose stream and function are meant; default: samconfig.toml's.",
    ),
]

EndpointUrlOption = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        metavar="URL|local",
        help="Where requests go instead of to AWS; local is this machine's own endpoint.",
    ),
]

ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="The profile, as in the AWS CLI."),
]

RegionOption = Annotated[
    str | None,
    typer.Option("--region", metavar="NAME", help="The region, as in the AWS CLI."),
]

ConfigEnvOption = Annotated[
    str | None,
    typer.Option(
        "--config-env",
        metavar="NAME",
        help="Which environment of samconfig.toml, as in the SAM CLI; default: default.",
    ),
]
