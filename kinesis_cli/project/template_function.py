"""From a template to the one function it is about, and the mapping that feeds it."""

from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, DEFAULT_TIMEOUT, Function
from kinesis_cli.project.template import Template
from kinesis_cli.project.template_code import code_folder
from kinesis_cli.project.template_environment import environment_of, system_log_level
from kinesis_cli.project.template_functions import (
    FUNCTION,
    SAM_FUNCTION,
    choose_function,
    merged_properties,
)
from kinesis_cli.project.template_mappings import kinesis_mappings, mapping_document, mapping_of
from kinesis_cli.project.template_reading import Reading

# Settings that change what a handler sees or when it is called, and that kcli does not act on.
NOT_ACTED_ON = {
    "CapacityProviderConfig": "the function is run in this process",
    "DurableConfig": "durable executions are not simulated",
    "FileSystemConfigs": "no file system is mounted",
    "Layers": "their code is not put on the path",
    "ProvisionedConcurrencyConfig": "`kcli simulate --cold-start` knows nothing of it",
    "SnapStart": "snapshots are not simulated",
    "TenancyConfig": "tenants are not simulated",
    "VpcConfig": "the handler has the network of this machine",
}


def function_of_template(
    path: Path, function: str | None, env_vars: Path | None, *, bundled: bool
) -> Function:
    """The function that the template at `path` is about.

    Args:
        path: the template.
        function: its logical id, needed where several are fed by Kinesis.
        env_vars: a file of overriding environment variables.
        bundled: whether this is kcli's own template, for the texts.

    Raises:
        InputError: the template or the function in it is not usable.
    """
    template = Template.read(path)
    reading = Reading(template, choose_function(template, function))
    reading.properties = merged_properties(template, reading.logical_id)
    _refuse_what_is_not_a_folder(reading)
    mapping = mapping_of(reading)
    for name, reason in NOT_ACTED_ON.items():
        if name in reading.properties and reading.template.choose(reading.properties[name]):
            reading.note(f"{name} is not acted on: {reason}.")
    whose = "kcli's own template" if bundled else path.name
    origin = f"{whose}, {reading.logical_id}"
    if "Timeout" not in reading.properties:
        origin += f" (Timeout is AWS's default, {DEFAULT_TIMEOUT:.0f} s)"
    return Function(
        name=str(reading.value("FunctionName", reading.logical_id)),
        code_uri=code_folder(reading),
        handler=str(reading.value("Handler")),
        timeout=_number(reading, "Timeout", DEFAULT_TIMEOUT),
        memory_size=int(_number(reading, "MemorySize", DEFAULT_MEMORY_SIZE)),
        environment=environment_of(reading, env_vars),
        system_log_level=system_log_level(reading),
        mapping=mapping,
        origin=origin,
        mapping_origin=f"{whose}, {reading.logical_id}"
        if mapping is not None
        else "AWS's defaults",
        reserved_concurrency=_reserved(reading),
        runtime=str(reading.value("Runtime", "")),
        template=path,
        notes=tuple(reading.notes),
    )


def functions_of(path: Path) -> list[str]:
    """The logical ids of a template's functions: those that Kinesis feeds, else all of them.

    Raises:
        InputError: the template is not usable.
    """
    template = Template.read(path)
    functions = list(template.resources(SAM_FUNCTION, FUNCTION))
    return [name for name in functions if any(kinesis_mappings(template, name))] or functions


def mappings_of(path: Path, function: str) -> dict[str, dict[str, object]]:
    """All mappings from Kinesis to a function: where it is written → CreateEventSourceMapping's.

    Args:
        path: the template.
        function: its logical id.

    Raises:
        InputError: the template is not usable.
    """
    reading = Reading(Template.read(path), function)
    return {
        name: mapping_document(reading, name, members)
        for name, members in kinesis_mappings(reading.template, function)
    }


def _refuse_what_is_not_a_folder(reading: Reading) -> None:
    if reading.value("PackageType") == "Image":
        raise InputError(
            "is a container image, kcli runs functions whose code is a folder",
            place=reading.place,
            advice="Name its code with --handler path/file.py:function.",
        )
    if reading.value("Handler") is None:
        raise InputError("has no Handler", place=reading.place)


def _reserved(reading: Reading) -> int | None:
    value = reading.value("ReservedConcurrentExecutions")
    if value is None or (isinstance(value, str) and not value):
        return None
    if not str(value).isdecimal():
        raise InputError(
            f"{value!r} is not a whole number",
            place=f"{reading.place}, ReservedConcurrentExecutions",
        )
    return int(str(value))


def _number(reading: Reading, name: str, default: float) -> float:
    value = reading.value(name, default)
    try:
        number = float(str(value))
    except ValueError:
        number = 0
    if not number > 0:
        raise InputError(f"{name} is {value!r}, not a number above 0", place=reading.place)
    return number
