"""The lines that Lambda would write into the log of a function that runs here."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from kinesis_cli.function_log.platform import JsonLog, Logged, PlatformLog, TextLog
from kinesis_cli.handlers.isolated.runtimes.command import RuntimeCommand
from kinesis_cli.project.function import Function
from kinesis_cli.project.template.values import region


def platform_log(
    function: Function, variables: Mapping[str, str], command: RuntimeCommand
) -> PlatformLog:
    """The form that a function's variables ask for."""
    logged = Logged(
        name=function.name,
        version=function.version,
        memory_size=function.memory_size,
        system_log_level=function.system_log_level,
        runtime_version=command.version,
        runtime_arn=f"arn:aws:lambda:{region()}::runtime:{command.client}",
        now=_now,
        new_id=lambda: str(uuid.uuid4()),
    )
    is_json = variables.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
    return JsonLog(logged) if is_json else TextLog(logged)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
