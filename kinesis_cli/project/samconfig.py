"""What `sam deploy` was told: the stack's name, profile and region in samconfig.toml.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.project.files import read_toml, read_yaml
from kinesis_cli.project.template.parameters import parse_overrides
from kinesis_cli.project.tools import SAMCONFIG_NAMES

DEFAULT_ENVIRONMENT = "default"


# SAM's name → kcli's
_PARAMETERS = {"stack_name": "stack", "profile": "profile", "region": "region"}


class SamConfig(msgspec.Struct, frozen=True):
    """Where a project was deployed."""

    values: Mapping[str, str]  # of stack, profile, region those that are there
    source: str  # "samconfig.toml", for people


def read_samconfig(folder: Path, config_env: str, *, must_exist: bool) -> SamConfig | None:
    """The deployment that samconfig describes under `config_env`.

    A parameter of `deploy` comes before one of `global`, as in SAM.

    Args:
        folder: the template's.
        config_env: `--config-env` of the SAM CLI.
        must_exist: whether the user asked for this environment by name.

    Returns:
        None where there is no such file, or it names no stack.

    Raises:
        InputError: the file cannot be read, or lacks an environment that the user named.
    """
    file = _file(folder)
    if file is None:
        if must_exist:
            raise InputError(
                f"there is no {SAMCONFIG_NAMES[0]}, and {config_env!r} is an environment of that "
                "file",
                place=str(folder),
            )
        return None
    document = _read(file)
    environment = _table(document, config_env)
    if not environment and must_exist:
        there = ", ".join(name for name in document if _table(document, name)) or "none"
        raise InputError(f"has no environment {config_env!r}, it has {there}", place=str(file))
    return _of_environment(environment, file.name)


def samconfig_overrides(folder: Path, config_env: str) -> tuple[dict[str, str], str]:
    """The parameters' values that samconfig has, and the file's name; empty where there are none.

    Those of the command that is most like kcli: `sam local invoke`, then deploy, build and global.

    Raises:
        InputError: the file cannot be read, or they have no form that SAM takes.
    """
    file = _file(folder)
    if file is None:
        return {}, ""
    environment = _table(_read(file), config_env)
    for command in ("local_invoke", "deploy", "build", "global"):
        given = _table(_table(environment, command), "parameters").get("parameter_overrides")
        if given:
            place = f"{file}, [{config_env}.{command}.parameters] parameter_overrides"
            return parse_overrides(given, place), file.name
    return {}, ""


def samconfig_template(folder: Path) -> Path | None:
    """The template that samconfig names, where it is there and was not built from another.

    Raises:
        InputError: the file cannot be read.
    """
    file = _file(folder)
    environment = _table(_read(file), DEFAULT_ENVIRONMENT) if file else {}
    for command in ("build", "global", "validate", "local_invoke", "deploy"):
        parameters = _table(_table(environment, command), "parameters")
        for name in ("template_file", "template"):
            path = folder / str(parameters.get(name) or "-")
            if path.is_file() and ".aws-sam" not in path.parts:
                return path
    return None


def _file(folder: Path) -> Path | None:
    return next((folder / name for name in SAMCONFIG_NAMES if (folder / name).is_file()), None)


def _read(file: Path) -> Mapping[str, object]:
    return read_toml(file) if file.suffix == ".toml" else read_yaml(file)


def _of_environment(environment: Mapping[str, object], source: str) -> SamConfig | None:
    tables = [_table(_table(environment, name), "parameters") for name in ("global", "deploy")]
    values = {
        ours: str(table[sams])
        for table in tables
        for sams, ours in _PARAMETERS.items()
        if table.get(sams)
    }
    return SamConfig(values, source) if "stack" in values else None


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = document.get(name)
    return table if isinstance(table, Mapping) else {}
