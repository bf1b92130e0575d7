"""Options that several commands share, so that they read, complete and fail alike."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from kinesis_cli.cli.options.takes import only

# Of each typer application. Plain help, not rich's: three times as fast, and the same text in
# terminals, pipes and docs.
PLAIN: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["--help", "-h"]},
}

LATEST_IS_NOW = "--since latest begins now; --since 10m has what was written before"


class Output(StrEnum):
    """How a result is printed on standard output."""

    TABLE = "table"  # for people
    JSON = "json"  # one document
    NDJSON = "ndjson"  # one line per thing that happened, written as it happens


class FailOn(StrEnum):
    """What makes a command end with exit code 1."""

    FAILURES = "failures"  # a record was reported as failed, or its invocation failed
    DISCARDED = "discarded"  # a record was given up
    EXPIRED = "expired"  # a record left the stream undelivered
    UNDELIVERED = "undelivered"  # a record still waited at the end
    ERROR = "error"  # an invocation ended with an error


OutputOption = Annotated[
    Output,
    typer.Option("--output", help="How to print the result on standard output."),
]

FailOnOption = Annotated[
    list[FailOn] | None,
    typer.Option(
        "--fail-on",
        metavar="RULE",
        help="End with exit code 1 on failures, discarded, expired, undelivered or error; "
        "repeatable. Without it a failing handler is a result, not an error.",
    ),
]

HandlerOption = Annotated[
    str | None,
    typer.Option(
        "--handler",
        metavar="MODULE.FUNCTION|FILE:FUNCTION",
        help="The handler to call; default: the one the template names. Also a file of Node.js or "
        "TypeScript, package.Class::method of Java, or the path of an executable.",
    ),
]

TemplateOption = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="FILE",
        help="SAM or CloudFormation template, cdk.out, or `terraform show -json`; default: "
        "template.yaml or what the project's tool has made, looked for from here upwards.",
    ),
]

ParameterOverridesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter-overrides",
        metavar="KEY=VALUE ...",
        help="Values of the template's parameters, as in SAM; also of an import or a stored "
        "parameter, by its name. Those of samconfig.toml apply too.",
    ),
]

ConfigEnvOption = Annotated[
    str | None,
    typer.Option(
        "--config-env",
        metavar="NAME",
        help="Which environment of samconfig.toml, as in the SAM CLI; default: default.",
    ),
]

FunctionOption = Annotated[
    str | None,
    typer.Option(
        "--function",
        metavar="LOGICAL_ID",
        help="Which function of the template, where there are several.",
    ),
]

EnvVarsOption = Annotated[
    Path | None,
    typer.Option(
        "--env-vars",
        metavar="FILE",
        help="Environment variables for the handler, JSON in the format of `sam local --env-vars`.",
    ),
]

PythonOption = Annotated[
    str | None,
    typer.Option(
        "--python",
        metavar="PATH",
        help="The Python that runs the handler, or the folder of its environment; default: the "
        "activated environment, .venv of the project, kcli's own.",
    ),
]

NoBuildOption = Annotated[
    bool | None,
    typer.Option("--no-build", help="Run the sources, although `sam build` has built them."),
]

EnvFromShellOption = Annotated[
    bool | None,
    typer.Option(
        "--env-from-shell",
        help="Give a handler in a process of its own all variables of the shell, too.",
    ),
]

RuntimeCommandOption = Annotated[
    str | None,
    typer.Option(
        "--runtime-command",
        metavar="CMD",
        help="What starts the function's process, in its folder: a program that asks Lambda's "
        "Runtime API for events; {handler} in it is the handler.",
    ),
]


class Code(msgspec.Struct, frozen=True):
    """Which handler on this machine is meant: the parameters of `find_function`."""

    handler: HandlerOption = None
    template: TemplateOption = None
    function: FunctionOption = None
    env_vars: EnvVarsOption = None
    python: PythonOption = None
    runtime_command: RuntimeCommandOption = None
    env_from_shell: EnvFromShellOption = None
    no_build: NoBuildOption = None
    parameter_overrides: ParameterOverridesOption = None
    config_env: ConfigEnvOption = None


# Of commands whose target says which environment of samconfig.toml.
CODE = only(Code, *(name for name in Code.__struct_fields__ if name != "config_env"))

OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Write over a file that exists.")
]

IsolatedOption = Annotated[
    bool,
    typer.Option(
        "--isolated",
        help="Run the handler in a process of its own, in AWS's runtime client where it is "
        "installed there, with Lambda's limits (Linux).",
    ),
]

KeepFailingInitOption = Annotated[
    bool,
    typer.Option(
        "--keep-failing-init",
        help="Call a handler whose code cannot be loaded all the same: each call fails, as on "
        "Lambda.",
    ),
]

SeedOption = Annotated[
    int,
    typer.Option("--seed", metavar="N", help="Make everything random the same each time."),
]
