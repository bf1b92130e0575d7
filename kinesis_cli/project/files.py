"""Finding and reading the files in which a project says what it is."""

from collections.abc import Mapping
from pathlib import Path

from kinesis_cli.errors import InputError, InputErrors
from kinesis_cli.project.loading import load_toml, load_yaml


def bundled_template() -> Path:
    """The template of the function that kcli ships: in the wheel, or in a checkout of kcli."""
    package = Path(__file__).resolve().parent.parent
    in_wheel = package / "_bundled" / "template.yaml"
    return in_wheel if in_wheel.is_file() else package.parent / "template.yaml"


def read_toml(file: Path) -> Mapping[str, object]:
    """A TOML file.

    Raises:
        InputError: it cannot be read, or is not TOML.
    """
    return load_toml(_text(file), file)


def read_yaml(file: Path) -> Mapping[str, object]:
    """A YAML file that holds a mapping.

    Raises:
        InputError: it cannot be read, is not YAML, or holds something else.
    """
    document = load_yaml(_text(file), file)
    if not isinstance(document, Mapping):
        raise InputError("holds no mapping", place=str(file))
    return document


def _text(file: Path) -> str:
    with InputErrors(file):
        return file.read_text("utf-8-sig")
