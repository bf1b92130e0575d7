"""`kcli config`."""

from kinesis_cli.cli.options.shared import Output, OutputOption
from kinesis_cli.cli.options.takes import given, takes
from kinesis_cli.cli.options.target import Target
from kinesis_cli.local.client.connection import describe
from kinesis_cli.project.settings import read_settings
from kinesis_cli.show.config import show_config


@takes(target=Target)
def config(
    *,
    target: Target,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show each setting, its source, and what kcli would talk to.

    Nothing is started. Each value comes from the first of: the command line, KCLI_* variables,
    AWS's own variables, kcli.toml or [tool.kcli] of pyproject.toml, samconfig.toml and its stack.
    Where none names a stream, stack, profile, region or endpoint, it is the stream on this machine.

    \b
    Examples:
      kcli config
      kcli config --output json
      kcli config --endpoint-url local --stream my-stream
    """
    description = describe(read_settings(given(target)))
    show_config(description, output)
    if description.problem:
        raise description.problem
