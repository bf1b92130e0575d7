"""`kcli local` and its subcommands."""

import typer

from kinesis_cli.cli.local.faults import faults
from kinesis_cli.cli.local.page import ui
from kinesis_cli.cli.local.running import env, logs, reset, status, stop, wait
from kinesis_cli.cli.local.start import start
from kinesis_cli.cli.options.shared import PLAIN

app = typer.Typer(no_args_is_help=True, **PLAIN)


@app.callback()
def local() -> None:
    """A Kinesis stream on this machine, and the function that it feeds.

    Records are kept: an answer leaves only after they are written, and no end of the process loses
    one. The template's functions get them as on AWS. Lambda, SQS, CloudWatch Logs, CloudWatch, S3,
    SNS and DynamoDB answer behind the same address.

    \b
    Examples:
      kcli local start --detach
      eval "$(kcli local env)"
      kcli local stop
    """


for command in (start, ui, stop, status, wait, reset, env, logs):
    app.command()(command)
# `clock -6m`: what begins with a dash may be a value, and `-1h` must not be read as `-1 -h`
app.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})(
    faults
)
