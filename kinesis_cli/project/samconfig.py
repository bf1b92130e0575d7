"""What `sam deploy` was told: the stack's name, profile and region in samconfig.toml.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.project.files import read_toml, read_yaml

DEFAULT_ENVIRONMENT = "default"

FILE_NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")  # the first that is there

# SAM's name → kcli's
_PARAMETERS = {"stack_name": "stack", "profile": "profile", "region": "region"}


@dataclass(frozen=True, slots=True)
class SamConfig:
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
    file = next((folder / name for name in FILE_NAMES if (folder / name).is_file()), None)
    if file is None:
        if must_exist:
            raise InputError(
                f"there is no {FILE_NAMES[0]}, and {config_env!r} is an environment of that file",
                place=str(folder),
            )
        return None
    document = read_toml(file) if file.suffix == ".toml" else read_yaml(file)
    environment = _table(document, config_env)
    if not environment and must_exist:
        there = ", ".join(name for name in document if _table(document, name)) or "none"
        raise InputError(f"has no environment {config_env!r}, it has {there}", place=str(file))
    return _of_environment(environment, file.name)


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
