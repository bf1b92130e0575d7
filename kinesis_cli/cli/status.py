"""`kcli status`."""

from kinesis_cli.aws.status import read_status
from kinesis_cli.cli.function_options import FunctionNameOption, place_of
from kinesis_cli.cli.options import Output, OutputOption
from kinesis_cli.cli.target_options import (
    ConfigEnvOption,
    EndpointUrlOption,
    ProfileOption,
    RegionOption,
    StackOption,
    StreamOption,
    reached,
)
from kinesis_cli.show.status import show_status


def status(
    stream: StreamOption = None,
    function_name: FunctionNameOption = None,
    stack: StackOption = None,
    endpoint_url: EndpointUrlOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    config_env: ConfigEnvOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show how stream, mapping and function are doing.

    The stream, each event source mapping with what its settings do and what is risky about them,
    iterator age and throttles of the last hour, and how many on-failure documents wait.

    \b
    Examples:
      kcli status
      kcli status --output json
    """
    connected = reached(
        {
            "stream": stream,
            "function": function_name,
            "stack": stack,
            "endpoint_url": endpoint_url,
            "profile": profile,
            "region": region,
            "config_env": config_env,
        }
    )
    found = read_status(connected.connection, connected.settings)
    show_status(found, place_of(connected.connection), output)
