"""Functions that arrived by API: from their stored configuration to what can be called."""

from pathlib import Path
from typing import Any

from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, DEFAULT_TIMEOUT, Function
from kinesis_cli.project.functions.invoke_config import Calling

Configuration = dict[str, Any]  # as GetFunctionConfiguration shows it

ORIGIN = "CreateFunction"
LATEST = "$LATEST"


def hosted_function(configuration: Configuration, code: Path) -> Function:
    """The function of a configuration.

    Args:
        configuration: of its newest state, or of a version.
        code: the folder that its archive was unpacked into.
    """
    logging = configuration.get("LoggingConfig") or {}
    return Function(
        name=configuration["FunctionName"],
        code_uri=code,
        handler=configuration.get("Handler", ""),
        timeout=float(configuration.get("Timeout", DEFAULT_TIMEOUT)),
        memory_size=configuration.get("MemorySize", DEFAULT_MEMORY_SIZE),
        environment=_variables(configuration),
        mapping=None,
        origin=ORIGIN,
        mapping_origin="",
        system_log_level=logging.get("SystemLogLevel", "INFO"),
        runtime=configuration.get("Runtime", ""),
        version=configuration.get("Version", LATEST),
    )


def _variables(configuration: Configuration) -> dict[str, str]:
    """The function's own variables, with Lambda's that follow from its configuration."""
    logging = configuration.get("LoggingConfig") or {}
    variables = {
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup")
        or f"/aws/lambda/{configuration['FunctionName']}",
    }
    if logging.get("LogFormat") == "JSON":
        variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        variables["AWS_LAMBDA_LOG_LEVEL"] = logging.get("ApplicationLogLevel", "INFO")
    own = (configuration.get("Environment") or {}).get("Variables") or {}
    return {**variables, **own}


def hosted_calling(configuration: Configuration) -> Calling:
    """What a configuration says of asynchronous calls."""
    dead_letter = (configuration.get("DeadLetterConfig") or {}).get("TargetArn")
    return Calling(dead_letter=dead_letter or None)


def overlaid(calling: Calling, config: Configuration | None) -> Calling:
    """`calling` with what PutFunctionEventInvokeConfig said of it."""
    if config is None:
        return calling
    destinations = config.get("DestinationConfig") or {}
    return Calling(
        reserved_concurrency=calling.reserved_concurrency,
        maximum_retry_attempts=config.get("MaximumRetryAttempts", 2),
        maximum_event_age=config.get("MaximumEventAgeInSeconds", 21_600),
        on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
        on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
        dead_letter=calling.dead_letter,
    )
