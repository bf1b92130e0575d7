"""The option of commands about the deployed function."""

from typing import Annotated

import typer

FunctionNameOption = Annotated[
    str | None,
    typer.Option(
        "--function-name",
        metavar="NAME|ARN",
        help="The function; default: the stack's, on this machine the template's.",
    ),
]
