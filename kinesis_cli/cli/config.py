"""`kcli config`."""

from kinesis_cli.cli.options import Output, OutputOption
from kinesis_cli.cli.target_options import (
    ConfigEnvOption,
    EndpointUrlOption,
    ProfileOption,
    RegionOption,
    StackOption,
    StreamOption,
)
from kinesis_cli.local.connect import describe
from kinesis_cli.project.settings import read_settings
from kinesis_cli.show.config import show_config


def config(
    stream: StreamOption = None,
    stack: StackOption = None,
    endpoint_url: EndpointUrlOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    config_env: ConfigEnvOption = None,
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
    flags = {
        "stream": stream,
        "stack": stack,
        "endpoint_url": endpoint_url,
        "profile": profile,
        "region": region,
        "config_env": config_env,
    }
    description = describe(read_settings(flags))
    show_config(description, output)
    if description.problem:
        raise description.problem
