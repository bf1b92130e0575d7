"""Finding and reading the files in which a project says what it is."""

from collections.abc import Mapping
from pathlib import Path

from kinesis_cli.errors import InputError


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
    import tomllib

    try:
        return tomllib.loads(_text(file))
    except ValueError as error:
        raise InputError(f"is not TOML: {error}", place=str(file)) from error


def read_yaml(file: Path) -> Mapping[str, object]:
    """A YAML file that holds a mapping.

    Raises:
        InputError: it cannot be read, is not YAML, or holds something else.
    """
    import yaml

    try:
        document = yaml.safe_load(_text(file))
    except yaml.YAMLError as error:
        raise InputError(f"is not YAML: {' '.join(str(error).split())}", place=str(file)) from error
    if not isinstance(document, Mapping):
        raise InputError("holds no mapping", place=str(file))
    return document


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(file)) from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", place=str(file)) from error
