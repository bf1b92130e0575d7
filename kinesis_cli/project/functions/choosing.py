"""Which functions a template has, and which of them is meant."""

import difflib
import re
from collections.abc import Mapping

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.project.functions.feeders import mappings_from
from kinesis_cli.project.template.resources import FUNCTIONS, NESTED, SAM_FUNCTION
from kinesis_cli.project.template.template import Template
from kinesis_cli.project.template.values import Json
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS

CHOOSE = "Choose one with --function."


class WrittenFunction(msgspec.Struct, frozen=True):
    """A function, where it is written: in the template itself or in one that is nested in it."""

    template: Template
    logical_id: str

    @property
    def is_fed(self) -> bool:
        """Whether a mapping leads to it from Kinesis."""
        return self.is_fed_by(KINESIS)

    def is_fed_by(self, kind: SourceKind) -> bool:
        """Whether a mapping leads to it from this kind of source."""
        return any(True for _ in mappings_from(kind, self.template, self.logical_id))


def all_functions(template: Template) -> dict[str, WrittenFunction]:
    """The functions, by logical id; those of nested templates as SAM calls them: "Child/Id".

    Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-invoke.html
    """
    return {
        f"{prefix}{logical_id}": WrittenFunction(each, logical_id)
        for prefix, each in template.walk()
        for logical_id in each.resources(*FUNCTIONS)
    }


def choose_function(
    template: Template, function: str | None, kind: SourceKind = KINESIS
) -> WrittenFunction:
    """The function that is meant: the named one, else the only one that is fed by its kind.

    Args:
        template: with those nested in it.
        function: its logical id or name, where the user says it.
        kind: of source that it is to be called for.

    Raises:
        InputError: there is none, or several could be meant.
    """
    functions = all_functions(template)
    if function is not None:
        return _named(template, functions, function)
    fed = {name: each for name, each in functions.items() if each.is_fed_by(kind)}
    candidates = fed or functions
    if len(candidates) == 1:
        return next(iter(candidates.values()))
    if not candidates:
        missing = "Lambda function" if "Resources" in template.document else "Resources"
        raise InputError(
            f"has no {missing}{_left_out(template)}",
            place=str(template.path),
            advice="Name the code with --handler, or another template with --template.",
        )
    by = f"fed by {kind.title}"
    what = f"functions {by}" if fed else f"functions, none of them {by}"
    raise InputError(
        f"has {len(candidates)} {what}: {_names(candidates)}",
        place=str(template.path),
        advice=CHOOSE
        if fed
        else f"{CHOOSE} With --as-kinesis it is called as if {kind.title} fed it.",
    )


def _named(
    template: Template, functions: Mapping[str, WrittenFunction], function: str
) -> WrittenFunction:
    """The function of this logical id or name; without its prefix too, where that is enough.

    CDK's logical ids end in eight digits that nobody writes.
    """
    if function in functions:
        return functions[function]
    found = [
        each
        for each in functions.values()
        if function in (each.logical_id, each.template.physical_name(each.logical_id))
        or re.fullmatch(rf"{re.escape(function)}[0-9A-F]{{8}}", each.logical_id)
    ]
    if len(found) == 1:
        return found[0]
    resource = template.resource(function) or {}
    if resource.get("Type") in FUNCTIONS:
        raise InputError(
            f"{function} is not there: its condition {resource.get('Condition')} is false",
            place=str(template.path),
            advice="--parameter-overrides NAME=VALUE says what the condition looks at.",
        )
    near = difflib.get_close_matches(function, functions, n=1)
    raise InputError(
        f"has no function {function}, it has {_names(functions)}{_left_out(template)}",
        place=str(template.path),
        advice=f"Did you mean --function {near[0]}?"
        if near
        else "Give --function one of these."
        if functions
        else "",
    )


def not_followed(template: Template) -> list[str]:
    """What a template has that is not there, or that could bring more and is not followed."""
    found = []
    there = template.resources(*FUNCTIONS)
    for name, resource in template.section("Resources").items():
        members = resource if isinstance(resource, Mapping) else {}
        kind = str(members.get("Type"))
        if kind in FUNCTIONS and name not in there:
            condition = members.get("Condition")
            found.append(f"{name} is left out: its condition {condition} is false.")
        if str(name).startswith("Fn::ForEach"):
            found.append(f"{name} is not followed: what it would make is not there.")
        elif name == "Fn::Transform":
            found.append("Fn::Transform is not followed: what it would bring is not there.")
        elif kind.endswith("::MODULE"):
            found.append(f"{name} is not followed: {kind} is a module, which AWS keeps.")
        elif kind in NESTED and template.nested(str(name)) is None:
            member = NESTED[kind]
            found.append(f"{name} is not followed: its {member} is not a file of this machine.")
    return found


def _left_out(template: Template) -> str:
    sentences = [sentence.rstrip(".") for sentence in not_followed(template)]
    return f"; {'; '.join(sentences)}" if sentences else ""


def _names(names: Mapping[str, object]) -> str:
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
