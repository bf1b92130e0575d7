"""Reading a template's file: YAML or JSON, the intrinsics' short forms as their long ones."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kinesis_cli.errors import InputError


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template's file, and what the user says of it."""

    path: Path
    parameters: Mapping[str, str] = field(default_factory=dict)  # also of imports and the like


@contextmanager
def reading_template(source: Path | TemplateFile) -> Iterator[None]:
    """Around what reads a template: one that leads back to itself becomes a sentence.

    Raises:
        InputError: it refers to itself without end.
    """
    try:
        yield
    except RecursionError as error:
        path = source.path if isinstance(source, TemplateFile) else source
        raise InputError("the template refers to itself without end", place=str(path)) from error


def siblings(path: Path) -> list[Path]:
    """The templates of the other stacks that CDK made together with this one."""
    if not (path.parent / "manifest.json").is_file():
        return []
    return sorted(each for each in path.parent.glob("*.template.json") if each != path)


def is_terraform(document: object) -> bool:
    """Whether a document is what `terraform show -json` prints."""
    return (
        isinstance(document, Mapping)
        and "format_version" in document
        and ("planned_values" in document or "values" in document)
    )


def parse_template(text: str, path: Path) -> object:
    """The document in a template's text.

    Raises:
        InputError: it is neither JSON nor YAML; says where.
    """
    if path.suffix == ".json" or text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise InputError(f"the template is not JSON: {error}", place=str(path)) from error
        except RecursionError as error:
            raise InputError("the template is nested too deeply", place=str(path)) from error
    return _parse_yaml(text, path)


def _parse_yaml(text: str, path: Path) -> object:
    import yaml  # only here: a project with a JSON template, or none, need not wait for it

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Knows the short form of the intrinsics; keys and dates are texts, as CloudFormation's."""

        # a date is whatever is written, also one that no calendar has
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's way
            first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(
            self, node: yaml.MappingNode, deep: bool = False
        ) -> dict[str, object]:
            mapping = super().construct_mapping(node, deep=deep)
            return {str(key): value for key, value in mapping.items()}

    def intrinsic(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, object]:
        """`!GetAtt A.Arn` as `{"Fn::GetAtt": "A.Arn"}`, and so on."""
        value: object
        if isinstance(node, yaml.MappingNode):
            value = loader.construct_mapping(node, deep=True)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = node.value
        return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}

    Loader.add_multi_constructor("!", intrinsic)
    try:
        return yaml.load(text, Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}, line {mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or str(error)
        raise InputError(f"the template is not YAML: {problem}", place=place) from error
    except RecursionError as error:
        raise InputError("the template is nested too deeply", place=str(path)) from error
    except (ValueError, OverflowError, TypeError) as error:  # of a value that has no such form
        raise InputError(f"the template is not YAML: {error}", place=str(path)) from error
