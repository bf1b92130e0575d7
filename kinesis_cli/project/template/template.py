"""Reading a SAM or CloudFormation template (YAML or JSON, CDK's output too) and its intrinsics.

Nothing is deployed, so some values do not exist yet. What stands in for them is in
`pseudo_parameters`, `physical_name` and `arn`; what has no sensible stand-in becomes `Unresolved`.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.places.whole_files import read_whole_text
from kinesis_cli.project.template.budget import Budget
from kinesis_cli.project.template.file import TemplateFile, is_terraform, parse_template
from kinesis_cli.project.template.given import dynamic_reference
from kinesis_cli.project.template.intrinsics import (
    INTRINSICS,
    Intrinsic,
    branch,
    condition_holds,
    unknown,
)
from kinesis_cli.project.template.names import arn_of, is_fifo, own_name, properties_of
from kinesis_cli.project.template.resources import NESTED
from kinesis_cli.project.template.values import NO_VALUE, Json, Unresolved

# A template has one of these; one without resources is a stub that some commands can do with.
_MEMBERS = {"Resources", "AWSTemplateFormatVersion", "Transform", "Parameters", "Globals"}


@dataclass(frozen=True)
class Template:
    """A template and the values of its intrinsics.

    Args:
        path: the file, for messages and for paths relative to it.
        document: the parsed file, intrinsics in their long form (`{"Fn::GetAtt": ["A", "Arn"]}`).
        parameters: the values that the user gives, of parameters and of what else only AWS knows.
        parent: the template that this one is nested in.
    """

    path: Path
    document: Json
    parameters: Mapping[str, str] = field(default_factory=dict)
    parent: "Parent | None" = None
    _children: dict[Path, "Template"] = field(default_factory=dict, compare=False, repr=False)
    _budget: list[Budget] = field(
        default_factory=list, compare=False, repr=False
    )  # once it is asked

    @classmethod
    def read(cls, source: "Path | TemplateFile", parent: "Parent | None" = None) -> "Template":
        """The template in a file, or what a file of Terraform's says, as a template.

        Args:
            source: the file, with the values of parameters where the user gave some.
            parent: the template that this one is nested in.

        Raises:
            InputError: no such file, not YAML or JSON, or no CloudFormation template.
        """
        path, parameters = (
            (source.path, source.parameters) if isinstance(source, TemplateFile) else (source, {})
        )
        try:
            text = read_whole_text(path)
        except (OSError, ValueError) as error:
            strerror = getattr(error, "strerror", None)
            reason = strerror.lower() if strerror else "it is not UTF-8 text"
            if type(error) is ValueError:
                reason = "no file can have this name"
            raise InputError(f"cannot read the template: {reason}", place=str(path)) from error
        document = parse_template(text, path)
        if isinstance(document, Mapping) and is_terraform(document):
            from kinesis_cli.project.template.terraform import (
                terraform_template,  # seldom, start-up counts
            )

            document = terraform_template(document, path)
        if not isinstance(document, Mapping) or not _MEMBERS & document.keys():
            raise InputError(
                "not a SAM or CloudFormation template, it has no Resources",
                place=str(path),
                advice="Name the template with --template.",
            )
        return cls(path, document, parameters, parent)

    def section(self, name: str) -> Json:
        """A top-level section such as `Parameters`; empty where there is none."""
        section = self.document.get(name)
        return section if isinstance(section, Mapping) else {}

    def resources(self, *types: str) -> dict[str, Json]:
        """Logical id -> resource, of these types, without those whose Condition is false."""
        return {
            logical_id: resource
            for logical_id, resource in self.section("Resources").items()
            if isinstance(resource, Mapping)
            and resource.get("Type") in types
            and condition_holds(self, resource.get("Condition"), default=True)
        }

    def resource(self, logical_id: object) -> Json | None:
        """The resource of this logical id, if there is one."""
        resource = self.section("Resources").get(str(logical_id))
        return resource if isinstance(resource, Mapping) else None

    @property
    def budget(self) -> Budget:
        """What resolving it may cost, together with the template that it is nested in."""
        if self.parent is not None:
            return self.parent.template.budget
        if not self._budget:
            self._budget.append(Budget(self.path))
        return self._budget[0]

    def resolve(self, value: object) -> object:
        """`value` with its intrinsics replaced by what they stand for.

        Returns:
            The plain value. What only AWS knows is `Unresolved`, wherever it stands in the value;
            members whose value is AWS::NoValue are gone.
        """
        self.budget.spend()
        if isinstance(value, Mapping):
            if intrinsic := self._intrinsic(value):
                function, argument = intrinsic
                made = function(self, argument)
                self.budget.spend(made)
                return made
            resolved = {str(name): self.resolve(member) for name, member in value.items()}
            return {name: member for name, member in resolved.items() if member is not NO_VALUE}
        if isinstance(value, list):
            members = [self.resolve(member) for member in value]
            return [member for member in members if member is not NO_VALUE]
        if isinstance(value, str) and "{{resolve:" in value:
            return dynamic_reference(self, value)
        return value

    def choose(self, value: object) -> object:
        """`value` with only a leading Fn::If decided, so that what lies below keeps its form."""
        while isinstance(value, Mapping) and set(value) == {"Fn::If"}:
            chosen = branch(self, value["Fn::If"])
            if isinstance(chosen, Unresolved):
                return chosen
            value = chosen
        return None if value == {"Ref": "AWS::NoValue"} else value

    def has_name(self, logical_id: str) -> bool:
        """Whether the template itself says what a resource is called."""
        return isinstance(own_name(self, logical_id), str)

    def physical_name(self, logical_id: str) -> str:
        """A resource's name: its own name property, else its logical id (AWS would invent one)."""
        return self.budget.once("the name of", self, logical_id, lambda: self._name(logical_id))

    def _name(self, logical_id: str) -> str:
        name = own_name(self, logical_id)
        if isinstance(name, str):
            return name
        return f"{logical_id}.fifo" if is_fifo(self, logical_id) else logical_id

    def arn(self, logical_id: str) -> str | Unresolved:
        """A plausible ARN of a resource."""
        return arn_of(self, logical_id)

    def nested(self, logical_id: str) -> "Template | None":
        """The template of a nested application or stack, where it lies on this machine.

        Raises:
            InputError: the file is there and is not a template.
        """
        resource = self.resource(logical_id) or {}
        member = NESTED.get(str(resource.get("Type")))
        if member is None:
            return None
        metadata = resource.get("Metadata")
        asset = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
        location = asset or self.resolve(properties_of(resource).get(member))
        if not isinstance(location, str) or "://" in location:
            return None
        path = self.path.parent / location
        if not path.is_file() or any(path.samefile(each) for each in self._paths()):
            return None
        if path not in self._children:
            self._children[path] = Template.read(path, Parent(self, logical_id))
        return self._children[path]

    def beside(self, path: Path) -> "Template":
        """Another template of the same assembly.

        Raises:
            InputError: the file is not a template.
        """
        return Template.read(path)

    def _paths(self) -> Iterator[Path]:
        template: Template | None = self
        while template is not None:
            yield template.path
            template = template.parent.template if template.parent else None

    def walk(self) -> "Iterator[tuple[str, Template]]":
        """This template and all that are nested in it, each with its prefix: "", "Child/"."""
        yield "", self
        for logical_id in self.resources(*NESTED):
            if (child := self.nested(logical_id)) is not None:
                for prefix, each in child.walk():
                    yield f"{logical_id}/{prefix}", each

    def _intrinsic(self, value: Json) -> "tuple[Intrinsic, object] | None":
        if len(value) != 1:
            return None
        name, argument = next(iter(value.items()))
        if name == "Ref" or name.startswith("Fn::"):
            return INTRINSICS.get(name) or unknown(name), argument
        return None


class Parent(msgspec.Struct, frozen=True):
    """Where a nested template is written."""

    template: Template
    logical_id: str

    def given(self, name: str) -> object:
        """The value that the parent gives a parameter; None: none."""
        resource = self.template.resource(self.logical_id) or {}
        properties = resource.get("Properties")
        section = properties.get("Parameters") if isinstance(properties, Mapping) else None
        value = section.get(name) if isinstance(section, Mapping) else None
        return None if value is None else self.template.resolve(value)
