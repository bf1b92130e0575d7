"""Reading a template's file: YAML or JSON, the intrinsics' short forms as their long ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError, InputErrors
from kinesis_cli.project.loading import load_json, load_yaml


class TemplateFile(msgspec.Struct, frozen=True):
    """A template's file, and what the user says of it."""

    path: Path
    parameters: Mapping[str, str] = msgspec.field(
        default_factory=dict
    )  # also of imports and the like


@contextmanager
def reading_template(source: Path | TemplateFile) -> Iterator[None]:
    """Around what makes sense of a template: whatever that raises becomes a sentence.

    Raises:
        InputError: it refers to itself without end, or has something that nobody expected there.
    """
    path = source.path if isinstance(source, TemplateFile) else source
    try:
        with InputErrors(path):
            yield
    except InputError as error:
        if isinstance(error.__cause__, RecursionError) and error.place == str(path):
            problem = "the template refers to itself without end, or is nested too deeply"
            raise InputError(problem, place=str(path)) from error.__cause__
        raise


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
            return load_json(text, path)
        except InputError as error:
            raise InputError(f"the template {error.problem}", place=error.place) from error
    return load_yaml(text, path, intrinsics=True, what="the template")
