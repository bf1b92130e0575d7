"""The template's functions and mappings, as they are on this machine."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.local.place import Place
from kinesis_cli.project.files import bundled_template
from kinesis_cli.project.find import with_interpreter
from kinesis_cli.project.function import CodeChoices, Function
from kinesis_cli.project.functions.choosing import (
    WrittenFunction,
    all_functions,
    merged_properties,
)
from kinesis_cli.project.functions.code import code_path
from kinesis_cli.project.functions.context import Reading
from kinesis_cli.project.functions.environment import is_of_a_name
from kinesis_cli.project.functions.feeders import WrittenMapping, stream_mappings, version_of
from kinesis_cli.project.functions.from_template import function_of_template, mappings_of
from kinesis_cli.project.functions.invoke_config import Calling, calling_of
from kinesis_cli.project.runtime_command import with_runtime_command
from kinesis_cli.project.template.file import TemplateFile, reading_template
from kinesis_cli.project.template.template import Template
from kinesis_cli.project.template.values import first_unresolved
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_of_arn

# A function's own access key id: so a put that a function makes can be told from any other.
FUNCTION_KEY = "function."

# The kinds of source that this machine has; what others feed is told with the functions.
KINDS_HERE = (KINESIS, DYNAMODB)

LATEST = "$LATEST"
_STREAM_UNKNOWN = "its stream is not known here"
_NAME_IT = "--parameter-overrides NAME=ARN gives it"
# A plan has no parameter that could give it, a state has all ARNs.
_TAKE_THE_STATE = (
    "once it was applied, `terraform show -json > state.json` tells it, for --template state.json"
)


@dataclass(frozen=True, slots=True)
class ProjectFunction:
    """A function of the template, and the mappings that feed it."""

    logical_id: str
    name: str
    function: Function | None  # None: it cannot run
    problem: str  # why not; empty: it can
    calling: Calling
    mappings: Mapping[str, dict[str, Any]]  # where it is written → CreateEventSourceMapping's
    unknown: Mapping[str, str]  # of these, those whose stream only AWS knows → why
    described: Mapping[str, Any]  # what kcli does not act on, as GetFunctionConfiguration has it
    versions: Mapping[str, str] = field(default_factory=dict)  # by the qualifiers of the mappings
    artefact: Path | None = None  # the file that a tool makes its code of, there or not yet

    def runs_otherwise(self, other: "ProjectFunction") -> bool:
        """Whether the function itself differs; its mappings do not matter."""
        return self._itself != other._itself

    @property
    def _itself(self) -> tuple[Function | None, str, Calling]:
        blank: dict[str, Any] = {"mapping": None, "mapping_origin": "", "stream": None, "notes": ()}
        bare = replace(self.function, **blank) if self.function else None
        return bare, self.problem, self.calling


def project_functions(
    template: TemplateFile, place: Place, code: CodeChoices
) -> list[ProjectFunction]:
    """All functions of a template, whatever feeds them; those too that cannot run here.

    Args:
        template: the project's, or kcli's own.
        place: where they are.
        code: how they run.

    Raises:
        InputError: the template is not usable.
    """
    with reading_template(template):
        return [
            _project_function(template, name, written, place, code)
            for name, written in all_functions(Template.read(template)).items()
        ]


def _project_function(
    template: TemplateFile,
    logical_id: str,
    written: WrittenFunction,
    place: Place,
    code: CodeChoices,
) -> ProjectFunction:
    function, calling, problem = None, Calling(), ""
    try:
        is_bundled = template.path == bundled_template()
        found = function_of_template(
            template, logical_id, None, bundled=is_bundled, build=not code.no_build
        )
        command = None if found.is_python else code.runtime_command
        found = with_runtime_command(found, command, template.path.parent)
        if not is_bundled:
            found = with_interpreter(found, code.python, template.path.parent)
        environment = place.localised(dict(found.environment))
        function = replace(found, environment=environment, qualifier="", version=LATEST)
        calling = _localised(calling_of(template, logical_id), place)
    except InputError as error:
        # --handler is for commands that call one function; this one has no such option
        advice = "" if "--handler" in error.advice else error.advice
        problem = ". ".join(filter(None, (error.problem, advice)))
        function = None
    name = function.name if function else written.template.physical_name(written.logical_id)
    mappings = place.localised(dict(mappings_of(template, logical_id, KINDS_HERE)))
    versions = {}
    for each in _mappings(written):
        if each.qualifier:
            mappings[each.name]["FunctionName"] = f"{name}:{each.qualifier}"
            version = version_of(written.template, written.logical_id, each.qualifier)
            versions[each.qualifier] = version
    return ProjectFunction(
        logical_id,
        name,
        function,
        problem,
        calling,
        mappings,
        dict(_unknown_streams(written)),
        place.localised(dict(_described(written))),
        versions,
        _artefact(written),
    )


def _artefact(written: WrittenFunction) -> Path | None:
    """The zip or jar that is the function's code; what is not there yet may become one."""
    reading = Reading(written.template, written.logical_id)
    reading.properties = merged_properties(written.template, written.logical_id)
    path = code_path(reading)
    return None if path is None or path.is_dir() else path


def notes_of_project(project: Iterable[ProjectFunction]) -> Iterator[str]:
    """Which Python runs what, and what is not as on Lambda; each once."""
    functions = [each.function for each in project if each.function]
    pythons: dict[str, list[str]] = {}
    for function in functions:
        if function.interpreter is not None:
            pythons.setdefault(str(function.interpreter), []).append(function.name)
    for python, names in pythons.items():
        yield f"In {python}: {', '.join(names)}."
    notes = dict.fromkeys(note for function in functions for note in function.notes)
    yield from (note for note in notes if not is_of_a_name(note))


def _described(written: WrittenFunction) -> Iterator[tuple[str, Any]]:
    """What the template says of a function, and nothing here depends on."""
    properties = merged_properties(written.template, written.logical_id)
    for name in ("Description", "Role", "Architectures", "Runtime", "Layers"):
        value = written.template.resolve(properties.get(name))
        if value is None or first_unresolved(value):
            continue
        if name == "Layers" and isinstance(value, list):
            value = [{"Arn": each, "CodeSize": 0} for each in value]
        yield name, value


def _mappings(written: WrittenFunction) -> Iterator[WrittenMapping]:
    """The mappings from what is on this machine."""
    found = stream_mappings(written.template, written.logical_id)
    return (each for each in found if each.kind in KINDS_HERE)


def _unknown_streams(written: WrittenFunction) -> Iterator[tuple[str, str]]:
    for each in _mappings(written):
        # as Terraform names resources, and nobody else
        name_it = _TAKE_THE_STATE if "aws_lambda_event_source_mapping." in each.name else _NAME_IT
        raw = each.members.get("Stream", each.members.get("EventSourceArn"))
        arn = written.template.resolve(raw)
        if unresolved := first_unresolved(arn):
            reason = unresolved.reason.rstrip(".")
            has_advice = "--parameter-overrides" in reason or "StreamSpecification" in reason
            advice = "" if has_advice else f"; {name_it}"
            yield each.name, f"{_STREAM_UNKNOWN}: {reason}{advice}"
        elif not isinstance(arn, str) or kind_of_arn(arn) not in KINDS_HERE:
            yield each.name, f"{_STREAM_UNKNOWN}; {name_it}"


def _localised(calling: Calling, place: Place) -> Calling:
    return replace(
        calling,
        on_success=place.localised(calling.on_success),
        on_failure=place.localised(calling.on_failure),
        dead_letter=place.localised(calling.dead_letter),
    )


def without_stream(project: ProjectFunction) -> Iterator[tuple[str, str]]:
    """The mappings whose stream only AWS knows: where each is written, and why it feeds nothing."""
    for name, reason in project.unknown.items():
        yield f"{project.logical_id}/{name}", reason
