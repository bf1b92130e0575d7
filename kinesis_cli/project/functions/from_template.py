"""From a template to the one function it is about, and the mapping that feeds it."""

import math
from collections.abc import Collection
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, DEFAULT_TIMEOUT, Function
from kinesis_cli.project.functions.build import esbuild_properties
from kinesis_cli.project.functions.choosing import (
    all_functions,
    choose_function,
    merged_properties,
    not_followed,
)
from kinesis_cli.project.functions.code import code_folder
from kinesis_cli.project.functions.context import Reading
from kinesis_cli.project.functions.environment import environment_of, system_log_level
from kinesis_cli.project.functions.feeders import (
    WrittenMapping,
    lost_mappings,
    mappings_from,
    other_feeders,
    stream_mappings,
    version_of,
)
from kinesis_cli.project.functions.layers import layers_of
from kinesis_cli.project.functions.mappings import mapping_document
from kinesis_cli.project.functions.sam_build import built_folder
from kinesis_cli.project.functions.streams import stream_of
from kinesis_cli.project.template.file import TemplateFile, reading_template
from kinesis_cli.project.template.template import Template
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS

# Settings that change what a handler sees or when it is called, and that kcli does not act on.
NOT_ACTED_ON = {
    "CapacityProviderConfig": "the function is run in this process",
    "DurableConfig": "durable executions are not simulated",
    "FileSystemConfigs": "no file system is mounted",
    "ProvisionedConcurrencyConfig": "`kcli simulate --cold-start` knows nothing of it",
    "SnapStart": "snapshots are not simulated",
    "TenancyConfig": "tenants are not simulated",
    "VpcConfig": "the handler has the network of this machine",
}


def function_of_template(
    source: Path | TemplateFile,
    function: str | None,
    env_vars: Path | None,
    *,
    bundled: bool,
    code: Path | None = None,
    build: bool = True,
    kind: SourceKind = KINESIS,
) -> Function:
    """The function that a template is about.

    Args:
        source: the template.
        function: its logical id, needed where several are fed by one kind of source.
        env_vars: a file of overriding environment variables.
        bundled: whether this is kcli's own template, for the texts.
        code: the folder of its code, where the user names the handler too; whatever the template
            says of the code does not matter then.
        build: whether what `sam build` has made is used.
        kind: of source that it is called for.

    Raises:
        InputError: the template or the function in it is not usable.
    """
    with reading_template(source):
        written = choose_function(Template.read(source), function, kind)
        reading = Reading(written.template, written.logical_id)
        reading.properties = merged_properties(written.template, written.logical_id)
        return _function(reading, kind, env_vars, bundled=bundled, code=code, build=build)


def _function(
    reading: Reading,
    kind: SourceKind,
    env_vars: Path | None,
    *,
    bundled: bool,
    code: Path | None,
    build: bool,
) -> Function:
    template, logical_id = reading.template, reading.logical_id
    mappings = list(mappings_from(kind, template, logical_id))
    _note_other_mappings(reading, mappings, kind)
    mapping = mapping_document(reading, mappings[0]) if mappings else None
    _note_what_is_not_acted_on(reading)
    built = None
    if code is None:
        code = code_folder(reading)
        built = built_folder(reading, logical_id, code) if build else None
    layers = layers_of(reading, build=build)
    whose = "kcli's own template" if bundled else template.path.name
    origin = f"{whose}, {logical_id}" + (", built" if built else "")
    if "Timeout" not in reading.properties:
        origin += f" (Timeout is AWS's default, {DEFAULT_TIMEOUT:.0f} s)"
    qualifier = mappings[0].qualifier if mappings else ""
    return Function(
        name=str(reading.value("FunctionName", logical_id)),
        code_uri=built or code,
        handler=str(reading.value("Handler", "")),
        timeout=_number(reading, "Timeout", DEFAULT_TIMEOUT),
        memory_size=int(_number(reading, "MemorySize", DEFAULT_MEMORY_SIZE)),
        environment=environment_of(reading, env_vars),
        architecture=_architecture(reading),
        system_log_level=system_log_level(reading),
        mapping=mapping,
        origin=origin,
        mapping_origin="AWS's defaults" if mapping is None else f"{whose}, {logical_id}",
        runtime=str(reading.value("Runtime", "")),
        qualifier=qualifier,
        version=version_of(template, logical_id, qualifier),
        stream=stream_of(template, mapping.get("EventSourceArn")) if mapping else None,
        esbuild=None if built else esbuild_properties(reading),
        layers=layers,
        other_feeders=tuple(other_feeders(template, logical_id, kind)),
        kind=kind,
        reserved_concurrency=_reserved(reading),
        template=template.path,
        notes=tuple(reading.notes),
    )


def _note_other_mappings(
    reading: Reading, mappings: list[WrittenMapping], kind: SourceKind
) -> None:
    """Name each mapping that has no effect here."""
    for each in mappings[1:]:
        reading.note(
            f"{each.name} is left out: kcli delivers from one stream, that of {mappings[0].name}."
        )
    for sentence in lost_mappings(reading.template, reading.logical_id, kind):
        reading.note(sentence)
    if not mappings:
        for sentence in not_followed(reading.template):
            reading.note(sentence)


def _note_what_is_not_acted_on(reading: Reading) -> None:
    for name, reason in NOT_ACTED_ON.items():
        if name in reading.properties and reading.template.choose(reading.properties[name]):
            reading.note(f"{name} is not acted on: {reason}.")


def functions_of(source: Path | TemplateFile) -> list[str]:
    """Return the logical ids of a template's functions: those that Kinesis feeds, else all of them.

    Raises:
        InputError: the template is not usable.
    """
    with reading_template(source):
        functions = all_functions(Template.read(source))
        return [name for name, each in functions.items() if each.is_fed] or list(functions)


def mappings_of(
    source: Path | TemplateFile, function: str, kinds: Collection[SourceKind]
) -> dict[str, dict[str, object]]:
    """All mappings from streams to a function: where it is written → CreateEventSourceMapping's.

    Args:
        source: the template.
        function: its logical id.
        kinds: of source that are wanted.

    Raises:
        InputError: the template is not usable.
    """
    with reading_template(source):
        written = choose_function(Template.read(source), function)
        reading = Reading(written.template, written.logical_id)
        return {
            each.name: mapping_document(reading, each)
            for each in stream_mappings(written.template, written.logical_id)
            if each.kind in kinds
        }


def _architecture(reading: Reading) -> str:
    """What the function runs on: an Arm processor where the template says so, for certain."""
    names = reading.value("Architectures")
    return "arm64" if isinstance(names, list) and names[:1] == ["arm64"] else "x86_64"


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
    if not 0 < number < math.inf:
        raise InputError(f"{name} is {value!r}, not a number above 0", place=reading.place)
    return number
