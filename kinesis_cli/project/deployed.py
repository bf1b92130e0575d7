"""From a template to the one function it is about, and the mapping that feeds it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import (
    DEFAULT_MEMORY_SIZE,
    DEFAULT_TIMEOUT,
    SYSTEM_LOG_LEVELS,
    Function,
    shell_variables,
)
from kinesis_cli.project.template import NO_VALUE, Json, Template, Unresolved, first_unresolved
from kinesis_cli.project.variables import overrides, text

SAM_FUNCTION = "AWS::Serverless::Function"
FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"

# Settings that change what a handler sees or when it is called, and that kcli does not act on.
NOT_ACTED_ON = {
    "CapacityProviderConfig": "the function is run in this process",
    "DurableConfig": "durable executions are not simulated",
    "FileSystemConfigs": "no file system is mounted",
    "Layers": "their code is not put on the path",
    "ProvisionedConcurrencyConfig": "cold starts are not simulated",
    "ReservedConcurrentExecutions": "only `kcli local` throttles",
    "SnapStart": "snapshots are not simulated",
    "TenancyConfig": "tenants are not simulated",
    "VpcConfig": "the handler has the network of this machine",
}

# What CreateEventSourceMapping takes for a Kinesis stream, and the JSON type of each.
# Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
MAPPING_MEMBERS: dict[str, type] = {
    "BatchSize": int,
    "BisectBatchOnFunctionError": bool,
    "DestinationConfig": dict,
    "Enabled": bool,
    "EventSourceArn": str,
    "FilterCriteria": dict,
    "FunctionResponseTypes": list,
    "MaximumBatchingWindowInSeconds": int,
    "MaximumRecordAgeInSeconds": int,
    "MaximumRetryAttempts": int,
    "ParallelizationFactor": int,
    "StartingPosition": str,
    "StartingPositionTimestamp": float,
    "TumblingWindowInSeconds": int,
}
# These change nothing of what is delivered.
_INERT_MEMBERS = {
    "KMSKeyArn",
    "KmsKeyArn",
    "LoggingConfig",
    "MetricsConfig",
    "Tags",
    "FunctionName",
}


@dataclass
class _Reading:
    """A template being read for one function, and what was noticed on the way."""

    template: Template
    logical_id: str
    properties: dict[str, object] = field(default_factory=dict)  # Globals merged in
    notes: dict[str, None] = field(default_factory=dict)  # ordered, each once

    @property
    def place(self) -> str:
        return f"{self.template.path}, {self.logical_id}"

    def note(self, sentence: str) -> None:
        self.notes[f"{self.template.path.name}, {self.logical_id}: {sentence}"] = None

    def value(self, name: str, default: object = None) -> object:
        """A property's value; `default` where it is absent or known only to AWS, which is noted."""
        return self.resolved(self.properties.get(name), name, default)

    def resolved(self, raw: object, name: str, default: object = None) -> object:
        resolved = self.template.resolve(raw)
        if unresolved := first_unresolved(resolved):
            instead = "empty" if default == "" else "left out" if default is None else default
            self.note(f"{name} is {instead} here: {unresolved.reason}.")
            return default
        return default if resolved is None or resolved is NO_VALUE else resolved


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
    reading = _Reading(template, _choose(template, function))
    reading.properties = merged_properties(template, reading.logical_id)
    _refuse_what_is_not_python(reading)
    mapping = _mapping(reading)
    for name, reason in NOT_ACTED_ON.items():
        if name in reading.properties and reading.template.choose(reading.properties[name]):
            reading.note(f"{name} is not acted on: {reason}.")
    whose = "kcli's own template" if bundled else path.name
    origin = f"{whose}, {reading.logical_id}"
    if "Timeout" not in reading.properties:
        origin += f" (Timeout is AWS's default, {DEFAULT_TIMEOUT:.0f} s)"
    return Function(
        name=str(reading.value("FunctionName", reading.logical_id)),
        code_uri=_code_uri(reading),
        handler=str(reading.value("Handler")),
        timeout=_number(reading, "Timeout", DEFAULT_TIMEOUT),
        memory_size=int(_number(reading, "MemorySize", DEFAULT_MEMORY_SIZE)),
        environment=_environment(reading, env_vars),
        system_log_level=_system_log_level(reading),
        mapping=mapping,
        origin=origin,
        mapping_origin=f"{whose}, {reading.logical_id}"
        if mapping is not None
        else "AWS's defaults",
        runtime=str(reading.value("Runtime", "")),
        notes=tuple(reading.notes),
    )


def functions_of(path: Path) -> list[str]:
    """The logical ids of a template's functions: those that Kinesis feeds, else all of them.

    Raises:
        InputError: the template is not usable.
    """
    template = Template.read(path)
    functions = list(template.resources(SAM_FUNCTION, FUNCTION))
    return [name for name in functions if any(_kinesis_mappings(template, name))] or functions


def mappings_of(path: Path, function: str) -> dict[str, dict[str, object]]:
    """All mappings from Kinesis to a function: where it is written → CreateEventSourceMapping's.

    Args:
        path: the template.
        function: its logical id.

    Raises:
        InputError: the template is not usable.
    """
    reading = _Reading(Template.read(path), function)
    return {
        name: _document(reading, name, members)
        for name, members in _kinesis_mappings(reading.template, function)
    }


def _choose(template: Template, function: str | None) -> str:
    """The logical id of the function that is meant."""
    functions = template.resources(SAM_FUNCTION, FUNCTION)
    fed = [name for name in functions if any(True for _ in _kinesis_mappings(template, name))]
    candidates = fed or list(functions)
    if function is not None:
        if function in functions:
            return function
        raise InputError(
            f"has no function {function}, it has {_names(list(functions))}",
            place=str(template.path),
            advice="Give --function one of these." if functions else "",
        )
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise InputError(
            "has no Lambda function",
            place=str(template.path),
            advice="Name the code with --handler, or another template with --template.",
        )
    kind = "functions fed by Kinesis" if fed else "functions, none of them fed by Kinesis"
    raise InputError(
        f"has {len(candidates)} {kind}: {_names(candidates)}",
        place=str(template.path),
        advice="Choose one with --function.",
    )


def _names(names: list[str]) -> str:
    return ", ".join(names) or "none"


def merged_properties(template: Template, logical_id: str) -> dict[str, object]:
    """A function's properties, with those of Globals."""
    resource = template.resource(logical_id) or {}
    properties = resource.get("Properties")
    properties = dict(properties) if isinstance(properties, Mapping) else {}
    if resource.get("Type") == SAM_FUNCTION:
        shared = template.section("Globals").get("Function")
        if isinstance(shared, Mapping):
            return merged(shared, properties)
    return properties


def merged(shared: Json, own: Json) -> dict[str, object]:
    """SAM's merge of Globals into a resource.

    Maps are merged member by member, lists are joined (the shared ones first); of anything else,
    and of intrinsics, the resource's own value wins.

    Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
    """
    result = dict(shared)
    for name, value in own.items():
        base = result.get(name)
        if _is_plain_map(base) and _is_plain_map(value):
            assert isinstance(base, Mapping)
            assert isinstance(value, Mapping)
            result[name] = merged(base, value)
        elif isinstance(base, list) and isinstance(value, list):
            result[name] = base + value
        else:
            result[name] = value
    return result


def _is_plain_map(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    name = next(iter(value)) if len(value) == 1 else ""
    return not (name == "Ref" or str(name).startswith("Fn::"))


def _refuse_what_is_not_python(reading: _Reading) -> None:
    if reading.value("PackageType") == "Image":
        raise InputError(
            "is a container image, kcli runs functions whose code is a folder",
            place=reading.place,
            advice="Name its code with --handler path/file.py:function.",
        )
    runtime = str(reading.value("Runtime", "python"))
    if not runtime.startswith("python"):
        raise InputError(f"runs on {runtime}, kcli runs Python functions", place=reading.place)
    if reading.value("Handler") is None:
        raise InputError("has no Handler", place=reading.place)


def _code_uri(reading: _Reading) -> Path:
    """The folder of the function's code.

    A CDK template names an asset in `Metadata`, relative to the template's folder.
    """
    if "InlineCode" in reading.properties:
        raise InputError(
            "has its code inline, in the template",
            place=reading.place,
            advice="Put it into a file, and name that with --handler path/file.py:function.",
        )
    resource = reading.template.resource(reading.logical_id) or {}
    metadata = resource.get("Metadata")
    asset = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
    member = "CodeUri" if resource.get("Type") == SAM_FUNCTION else "Code"
    code = asset or reading.value(member, ".")
    if not isinstance(code, str) or code.startswith("s3://"):
        raise InputError(
            f"has code that is not on this machine: {member} is {json.dumps(code, default=str)}",
            place=reading.place,
            advice="Name the code with --handler path/file.py:function.",
        )
    folder = (reading.template.path.parent / code).resolve()
    if not folder.exists():
        raise InputError(f"{member} names {code}, and there is no {folder}", place=reading.place)
    return folder


def _number(reading: _Reading, name: str, default: float) -> float:
    value = reading.value(name, default)
    try:
        number = float(str(value))
    except ValueError:
        number = 0
    if not number > 0:
        raise InputError(f"{name} is {value!r}, not a number above 0", place=reading.place)
    return number


def _environment(reading: _Reading, env_vars: Path | None) -> dict[str, str]:
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
    return variables


def _variable(reading: _Reading, name: str, raw: object) -> str:
    value = reading.resolved(raw, f"Environment.Variables.{name}", "")
    match raw:
        case {"Ref": str(logical_id)} if reading.template.resource(logical_id) and (
            value == logical_id
        ):
            reading.note(
                f"Environment.Variables.{name} is {logical_id!r}: "
                f"the name of {logical_id} is known only after deployment."
            )
    return text(value)


def _logging_variables(reading: _Reading) -> dict[str, str]:
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


def _system_log_level(reading: _Reading) -> str:
    level = str(_logging_config(reading).get("SystemLogLevel", "INFO"))
    if level not in SYSTEM_LOG_LEVELS:
        raise InputError(
            f"LoggingConfig.SystemLogLevel is {level!r}",
            place=reading.place,
            advice=f"Lambda knows {', '.join(SYSTEM_LOG_LEVELS)}.",
        )
    return level


def _logging_config(reading: _Reading) -> Json:
    config = reading.template.resolve(
        reading.template.choose(reading.properties.get("LoggingConfig"))
    )
    return config if isinstance(config, Mapping) else {}


def _kinesis_mappings(template: Template, logical_id: str) -> Iterator[tuple[str, Json]]:
    """The event source mappings from Kinesis to a function: (where it is written, its members)."""
    resource = template.resource(logical_id) or {}
    properties = resource.get("Properties")
    events = template.choose(properties.get("Events")) if isinstance(properties, Mapping) else None
    for name, event in events.items() if isinstance(events, Mapping) else ():
        if isinstance(event, Mapping) and event.get("Type") == "Kinesis":
            members = event.get("Properties")
            yield str(name), members if isinstance(members, Mapping) else {}
    for name, mapping in template.resources(MAPPING).items():
        members = mapping.get("Properties")
        if isinstance(members, Mapping) and _feeds(template, members, logical_id):
            yield name, members


def _feeds(template: Template, members: Json, logical_id: str) -> bool:
    """Whether a mapping leads from a Kinesis stream to this function."""
    source = template.resolve(members.get("EventSourceArn"))
    if isinstance(source, str) and ":kinesis:" not in source:
        return False
    if isinstance(source, Unresolved) and members.get("StartingPosition") is None:
        return False  # a queue: only streams have a position
    target = template.resolve(members.get("FunctionName"))
    return target in (
        logical_id,
        template.physical_name(logical_id),
        template.arn(logical_id),
    )


def _mapping(reading: _Reading) -> dict[str, object] | None:
    """The mapping that feeds the function, under CreateEventSourceMapping's names."""
    mappings = list(_kinesis_mappings(reading.template, reading.logical_id))
    if not mappings:
        return None
    for name, _ in mappings[1:]:
        reading.note(
            f"{name} is left out: kcli delivers from one stream, that of {mappings[0][0]}."
        )
    return _document(reading, *mappings[0])


def _document(reading: _Reading, name: str, members: Json) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for member, raw in members.items():
        aws_name = "EventSourceArn" if member == "Stream" else member
        if aws_name in MAPPING_MEMBERS:
            value = _member(reading, f"{name}.{member}", aws_name, raw)
            if value is not None:
                mapping[aws_name] = value
        elif aws_name not in _INERT_MEMBERS:
            reading.note(f"{name}.{member} is not acted on: no setting of a Kinesis mapping.")
    return mapping


def _member(reading: _Reading, place: str, name: str, raw: object) -> object:
    value = reading.resolved(raw, place)
    match name, value:
        case _, None:
            return None
        case "DestinationConfig", {"OnFailure": {"Destination": destination}}:
            return {"OnFailure": {"Destination": destination}}  # SAM's Type is not AWS's
        case "FilterCriteria", {"Filters": list(filters)}:
            return {"Filters": [_pattern(reading, place, one) for one in filters]}
        case "FunctionResponseTypes", str():
            return [value]
    return _converted(value, MAPPING_MEMBERS[name])


def _pattern(reading: _Reading, place: str, entry: object) -> object:
    if isinstance(entry, Mapping) and isinstance(entry.get("Pattern"), Mapping):
        reading.note(f"{place} holds a pattern that is no text: AWS wants the JSON as a string.")
        return {"Pattern": json.dumps(entry["Pattern"])}
    return entry


def _converted(value: object, kind: type) -> object:
    """A text as the number or boolean that CloudFormation makes of it (parameters are texts)."""
    if not isinstance(value, str) or kind in (str, dict, list):
        return value
    if kind is bool:
        return {"true": True, "false": False}.get(value.lower(), value)
    try:
        return kind(value)
    except ValueError:
        return value  # whoever reads the mapping says what is wrong with it
