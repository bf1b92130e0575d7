"""The template's functions and mappings, as they are on this machine.

The template speaks of an account and endpoints of AWS that stand in for the real ones. Here the
resources are in the endpoint's own account, and a queue's URL is the endpoint's.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from kinesis_cli.errors import InputError
from kinesis_cli.local.function.mappings import StoredMapping, new_mapping
from kinesis_cli.local.http.signature import DEFAULT_ACCOUNT
from kinesis_cli.project.calling import Calling, calling_of
from kinesis_cli.project.files import bundled_template
from kinesis_cli.project.find import with_interpreter
from kinesis_cli.project.function import Function
from kinesis_cli.project.runtime_command import with_runtime_command
from kinesis_cli.project.template_file import TemplateFile
from kinesis_cli.project.template_function import (
    function_of_template,
    functions_of,
    mappings_of,
)
from kinesis_cli.project.template_values import ACCOUNT_ID, region

Value = TypeVar("Value")

# A function's own access key id: so a put that a function makes can be told from any other.
FUNCTION_KEY = "function."


@dataclass(frozen=True, slots=True)
class Place:
    """Where the functions are."""

    endpoint: str  # URL
    region: str

    @property
    def account(self) -> str:
        """Twelve digits."""
        return DEFAULT_ACCOUNT

    def function_arn(self, name: str) -> str:
        """The ARN of a function."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{name}"

    def localised(self, value: Value) -> Value:
        """`value` with the template's stand-ins for AWS replaced by what is here."""
        if isinstance(value, str):
            queues = f"https://sqs.{region()}.amazonaws.com/{ACCOUNT_ID}/"
            text = value.replace(queues, f"{self.endpoint}/{self.account}/")
            return cast("Value", text.replace(f":{ACCOUNT_ID}:", f":{self.account}:"))
        if isinstance(value, Mapping):
            return cast("Value", {name: self.localised(each) for name, each in value.items()})
        if isinstance(value, list):
            return cast("Value", [self.localised(each) for each in value])
        return value

    def localised_calling(self, calling: Calling) -> Calling:
        """`calling` with what is here."""
        return replace(
            calling,
            on_success=self.localised(calling.on_success),
            on_failure=self.localised(calling.on_failure),
            dead_letter=self.localised(calling.dead_letter),
        )


@dataclass(frozen=True, slots=True)
class ProjectFunction:
    """A function of the template, and the mappings that feed it."""

    logical_id: str
    function: Function
    calling: Calling
    mappings: Mapping[str, dict[str, Any]]  # where it is written → CreateEventSourceMapping's

    def runs_otherwise(self, other: "ProjectFunction") -> bool:
        """Whether the function itself differs; its mappings do not matter."""
        return self._itself != other._itself

    @property
    def _itself(self) -> tuple[Function, Calling]:
        blank: dict[str, Any] = {"mapping": None, "mapping_origin": "", "notes": ()}
        return replace(self.function, **blank), self.calling


def project_functions(template: TemplateFile, place: Place) -> list[ProjectFunction]:
    """The functions that kcli can run. What it cannot is said in the log.

    Args:
        template: the project's, or kcli's own.
        place: where they are.

    Raises:
        InputError: the template is not usable.
    """
    found = []
    for logical_id in functions_of(template):
        try:
            function = function_of_template(
                template, logical_id, None, bundled=template.path == bundled_template()
            )
            function = with_runtime_command(function, None, template.path.parent)
            if template.path != bundled_template():
                function = with_interpreter(function, None, template.path.parent)
            calling = place.localised_calling(calling_of(template, logical_id))
        except InputError as error:
            sys.stderr.write(f"{error}; this function is not there\n")
            continue
        found.append(
            ProjectFunction(
                logical_id,
                replace(function, environment=place.localised(dict(function.environment))),
                calling,
                place.localised(dict(mappings_of(template, logical_id))),
            )
        )
    return found


def unknown_streams(project: Iterable[ProjectFunction]) -> list[str]:
    """The mappings whose stream only AWS knows, by where they are written."""
    return [
        f"{each.logical_id}/{name}"
        for each in project
        for name, document in each.mappings.items()
        if "EventSourceArn" not in document
    ]


def mappings_of_project(
    project: Iterable[ProjectFunction], stored: Iterable[StoredMapping], now: float
) -> list[StoredMapping]:
    """The template's mappings as it has them now; each keeps its UUID and its checkpoints.

    One that was enabled or disabled by a call stays so until the template says something else.

    Args:
        project: the functions with their mappings.
        stored: what was kept of former times.
        now: when new ones start, epoch seconds.
    """
    known = {mapping.origin: mapping for mapping in stored if mapping.origin}
    found = []
    for each in project:
        for name, document in each.mappings.items():
            if "EventSourceArn" not in document:
                continue
            origin = f"{each.logical_id}/{name}/{document['EventSourceArn']}"
            function, enabled = each.function.name, document.get("Enabled") is not False
            mapping = known.get(origin)
            if mapping is None:
                found.append(new_mapping(function, document, now, enabled=enabled, origin=origin))
                continue
            if mapping.document.get("Enabled") == document.get("Enabled"):
                enabled = mapping.enabled
            found.append(mapping.changed(document=document, function=function, enabled=enabled))
    return found
