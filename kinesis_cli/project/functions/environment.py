"""The environment variables of a template's function, and how it logs."""

from collections.abc import Mapping
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.function_log.levels import SYSTEM_LOG_LEVELS
from kinesis_cli.project.functions.context import Reading
from kinesis_cli.project.template.values import NO_VALUE, Json
from kinesis_cli.project.variables import overrides, refuse_impossible, shell_variables, text

_NAMED_BY_AWS = "is known only after deployment."


def is_of_a_name(note: str) -> bool:
    """Whether a note says that AWS makes a name up: on this machine the logical id is the name."""
    return ": the name of " in note and note.endswith(_NAMED_BY_AWS)


def environment_of(reading: Reading, env_vars: Path | None) -> dict[str, str]:
    """The variables of the function, with Lambda's own that follow from its LoggingConfig."""
    section = reading.template.choose(reading.properties.get("Environment"))
    raw = section.get("Variables") if isinstance(section, Mapping) else None
    chosen = reading.template.choose(raw)
    declared = {
        str(name): _variable(reading, str(name), value)
        for name, value in (chosen.items() if isinstance(chosen, Mapping) else ())
        if reading.template.resolve(value) is not NO_VALUE
    }
    variables = {**_logging_variables(reading), **declared, **dict(shell_variables(declared))}
    if env_vars is not None:
        names = (str(reading.value("FunctionName", "")), reading.logical_id)
        given = overrides(env_vars, names)
        variables.update((name, value) for name, value in given.items() if name in declared)
        for name in given.keys() - declared.keys():
            reading.note(
                f"{name} of {env_vars.name} is left out, as SAM does: "
                "the template gives the function no variable of this name."
            )
    refuse_impossible(variables, f"{reading.place}, Environment")
    return variables


def _variable(reading: Reading, name: str, raw: object) -> str:
    value = reading.resolved(raw, f"Environment.Variables.{name}", "")
    match raw:
        case {"Ref": str(logical_id)} if (
            reading.template.resource(logical_id)
            and value == logical_id
            and not reading.template.has_name(logical_id)
        ):
            reading.note(
                f"Environment.Variables.{name} is {logical_id!r}: "
                f"the name of {logical_id} {_NAMED_BY_AWS}"
            )
    return text(value)


def _logging_variables(reading: Reading) -> dict[str, str]:
    """What Lambda tells the runtime of LoggingConfig.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
    """
    config = _logging_config(reading)
    variables: dict[str, str] = {}
    if isinstance(log_group := config.get("LogGroup"), str):
        variables["AWS_LAMBDA_LOG_GROUP_NAME"] = log_group
    if config.get("LogFormat") == "JSON":
        variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        variables["AWS_LAMBDA_LOG_LEVEL"] = text(config.get("ApplicationLogLevel", "INFO"))
    return variables


def system_log_level(reading: Reading) -> str:
    """The level of Lambda's own log lines.

    Raises:
        InputError: Lambda knows no such level.
    """
    level = str(_logging_config(reading).get("SystemLogLevel", "INFO"))
    if level not in SYSTEM_LOG_LEVELS:
        raise InputError(
            f"LoggingConfig.SystemLogLevel is {level!r}",
            place=reading.place,
            advice=f"Lambda knows {', '.join(SYSTEM_LOG_LEVELS)}.",
        )
    return level


def _logging_config(reading: Reading) -> Json:
    config = reading.template.resolve(
        reading.template.choose(reading.properties.get("LoggingConfig"))
    )
    return config if isinstance(config, Mapping) else {}
