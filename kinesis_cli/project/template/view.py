"""A template as its intrinsics see it; imported for type checks only."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from kinesis_cli.project.template.budget import Budget
from kinesis_cli.project.template.values import Json


class ParentView(Protocol):
    """Where a nested template is written."""

    @property
    def template(self) -> "TemplateView":
        """The template that it is nested in."""

    def given(self, name: str) -> object:
        """The value that the parent gives a parameter; None: none."""


class TemplateView(Protocol):
    """What `Template` offers to the functions that resolve its values."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def document(self) -> Json:
        """The parsed file."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """The values that the user gives."""

    @property
    def parent(self) -> ParentView | None:
        """Where it is nested; None: nowhere."""

    @property
    def budget(self) -> Budget:
        """What resolving it may cost."""

    def section(self, name: str) -> Json:
        """A top-level section."""

    def resources(self, *types: str) -> dict[str, Json]:
        """The resources of these types, by logical id."""

    def resource(self, logical_id: object) -> Json | None:
        """The resource of this logical id, if there is one."""

    def resolve(self, value: object) -> object:
        """`value` with its intrinsics replaced by what they stand for."""

    def physical_name(self, logical_id: str) -> str:
        """A resource's name."""

    def nested(self, logical_id: str) -> "TemplateView | None":
        """The template of a nested application or stack, where it lies on this machine."""

    def beside(self, path: Path) -> "TemplateView":
        """Another template of the same assembly."""

    def walk(self) -> "Iterator[tuple[str, TemplateView]]":
        """This template and all that are nested in it, each with its prefix."""
