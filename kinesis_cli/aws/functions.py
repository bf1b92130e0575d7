"""The function at the other end: its name, configuration, log group."""

from typing import TYPE_CHECKING

from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError, InputError, is_access_denied
from kinesis_cli.project.find import function_of_project
from kinesis_cli.project.settings import Settings
from kinesis_cli.project.target import TargetKind

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef


def function_name(connection: Connection, settings: Settings) -> str:
    """The function's name or ARN: the one that is set, on this machine else the template's.

    Raises:
        InputError: none is named.
    """
    if settings.function is not None:
        return settings.function.value
    if connection.target.kind is TargetKind.LOCAL:
        return function_of_project(settings).name
    raise InputError(
        "no function is named",
        place=connection.target.reason,
        advice="Name it with --function-name, or its stack with --stack.",
    )


def function_configuration(
    connection: Connection, name: str, qualifier: str | None = None
) -> "FunctionConfigurationResponseTypeDef":
    """How a function is deployed.

    Args:
        connection: to what.
        name: name or ARN.
        qualifier: a version or an alias.

    Raises:
        EndpointError: there is no such function, or it may not be asked.
    """
    client: LambdaClient = connection.client("lambda")
    with connection.explained("lambda"):
        if qualifier:
            return client.get_function_configuration(FunctionName=name, Qualifier=qualifier)
        return client.get_function_configuration(FunctionName=name)


def function_environment(connection: Connection, name: str) -> dict[str, str]:
    """The environment variables that a deployed function was given.

    Raises:
        EndpointError: there is no such function, its variables cannot be decrypted, …
    """
    environment = function_configuration(connection, name).get("Environment", {})
    if error := environment.get("Error"):
        raise EndpointError(
            f"{error.get('ErrorCode')}: {error.get('Message')}",
            place=f"environment of {name}",
            code=error.get("ErrorCode", ""),
        )
    return dict(environment.get("Variables", {}))


def log_group(connection: Connection, settings: Settings) -> str:
    """Where the function's log goes: the one that is set, else as it is configured.

    Raises:
        InputError: no function is named.
        EndpointError: there is no such function.
    """
    if settings.log_group is not None:
        return settings.log_group.value
    name = function_name(connection, settings)
    default = f"/aws/lambda/{_bare_name(name)}"
    if connection.target.kind is TargetKind.LOCAL:
        function = function_of_project(settings)
        if settings.function is None or name == function.name:
            return function.environment.get("AWS_LAMBDA_LOG_GROUP_NAME", default)
        return default
    return log_group_of(connection, name)


def log_group_of(connection: Connection, name: str) -> str:
    """Where a function's log goes, as it is configured.

    Args:
        connection: to what.
        name: name or ARN.

    Raises:
        EndpointError: there is no such function.
    """
    default = f"/aws/lambda/{_bare_name(name)}"
    try:
        configuration = function_configuration(connection, name)
    except EndpointError as error:
        if is_access_denied(error.code):
            return default  # reading a log needs no right to look at the function
        raise
    return configuration.get("LoggingConfig", {}).get("LogGroup", default)


def _bare_name(name: str) -> str:
    """`app` of `app`, `app:live`, or a whole or partial ARN that ends in `function:app:live`."""
    return name.rpartition("function:")[2].partition(":")[0]
