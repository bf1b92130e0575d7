"""What makes any AWS client talk to the local endpoint: environment variables, as shell lines."""

import os
import shlex
from collections.abc import Iterator, Mapping

from kinesis_cli.aws.session import LOCAL_KEY
from kinesis_cli.local.state import HOST, Server


def shell_lines(server: Server, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The lines for a POSIX shell to evaluate.

    Args:
        server: that runs.
        environment: what the shell has already, which might overrule the lines; default: ours.
    """
    environment = os.environ if environment is None else environment
    for name in ("AWS_ENDPOINT_URL_KINESIS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        if name in environment:
            yield f"unset {name}"
    for name, value in client_variables(server).items():
        yield f"export {name}={shlex.quote(value)}"
    yield from _proxy_lines(environment)


def client_variables(server: Server) -> dict[str, str]:
    """What a client needs, under the names that every AWS SDK reads.

    Source: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
    """
    variables = {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": LOCAL_KEY,
        "AWS_SECRET_ACCESS_KEY": LOCAL_KEY,
        "AWS_REGION": server.region,  # the AWS CLI 2 and the other languages' SDKs read this one
        "AWS_DEFAULT_REGION": server.region,  # boto3 this
    }
    if server.certificate:
        variables["AWS_CA_BUNDLE"] = str(server.certificate)
        # https://nodejs.org/api/cli.html#node_extra_ca_certsfile
        variables["NODE_EXTRA_CA_CERTS"] = str(server.certificate)
    return variables


def _proxy_lines(environment: Mapping[str, str]) -> Iterator[str]:
    """Where the shell sends requests through a proxy, those to this machine must not go there."""
    names = {name.lower() for name in environment}
    if not names & {"http_proxy", "https_proxy", "all_proxy"}:
        return
    for name in ("NO_PROXY", "no_proxy"):
        hosts = environment.get(name, "").split(",")
        if HOST not in hosts:
            yield f"export {name}={shlex.quote(','.join(filter(None, [*hosts, HOST])))}"
