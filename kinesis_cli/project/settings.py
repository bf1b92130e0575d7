"""Which stream, function and account a command is about, and who said so.

Each value comes from the first of these that has it (`Level`): the command line, `KCLI_*`, AWS's
own variables, `kcli.toml` or `[tool.kcli]` of `pyproject.toml` (found upwards), and
`samconfig.toml` beside the template. What the deployed stack adds is merged by `with_stack`.

Read with `tomllib` and dataclasses: importing pydantic-settings alone takes 160 ms.
"""

import difflib
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.project.files import read_own_table, refuse_strangers
from kinesis_cli.project.nearest import project_root
from kinesis_cli.project.samconfig import (
    DEFAULT_ENVIRONMENT,
    read_samconfig,
    samconfig_overrides,
)
from kinesis_cli.project.template.parameters import parse_overrides, written_overrides
from kinesis_cli.project.tools import SAMCONFIG_NAMES

LOCAL = "local"  # the value of `endpoint_url` that names the embedded endpoint
DEFAULT_REGION = "us-east-1"


class Level(IntEnum):
    """Who said it; the lowest number wins."""

    FLAG = 1
    KCLI_VARIABLE = 2
    AWS_VARIABLE = 3
    PROJECT_FILE = 4
    SAMCONFIG = 5
    DEFAULT = 6  # said by nobody


class Setting(msgspec.Struct, frozen=True):
    """A value, and where it was found."""

    value: str
    source: str  # "--stream", "KCLI_STREAM", "pyproject.toml", "stack app, output StreamArn"
    level: Level


# StreamName and StreamARN: botocore's model `kinesis/2013-12-02`
STREAM_NAME = r"[a-zA-Z0-9_.-]{1,128}"
_STREAM = STREAM_NAME + r"|arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream/\S+"
_ANY = r"\S(.*\S)?"
_QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/failures"

# The form of each value, and one to show where it was not kept.
_FORMS = {
    "endpoint_url": (r"https?://[^/\s]+\S*|local", "http://localhost:4567"),
    "profile": (_ANY, "dev"),
    "region": (r"[a-z0-9-]+", "eu-west-1"),
    "stack": (_ANY, "my-app"),
    "stream": (_STREAM, "my-stream"),
    "function": (_ANY, "my-function"),
    "log_group": (r"[.\-_/#A-Za-z0-9]{1,512}", "/aws/lambda/my-function"),
    "failure_queue_url": (r"https?://\S+", _QUEUE),
    "config_env": (_ANY, "prod"),
    "python": (_ANY, ".venv/bin/python"),
    "template": (_ANY, "infra/template.yaml"),
    "parameter_overrides": (r"(?s)\S+=.*", "Stage=dev"),
    "runtime_command": (_ANY, "bundle exec aws_lambda_ric {handler}"),
}
NAMES = tuple(_FORMS)
COMMAND_TABLES = ("lint",)  # tables of the project's file that belong to one command


class Settings(msgspec.Struct, frozen=True):
    """Everything that says what a command talks to. None: nobody said it."""

    endpoint_url: Setting | None = None  # "local": the embedded endpoint
    profile: Setting | None = None
    region: Setting | None = None
    stack: Setting | None = None
    stream: Setting | None = None  # name or ARN
    function: Setting | None = None
    log_group: Setting | None = None
    failure_queue_url: Setting | None = None
    config_env: Setting | None = None  # which part of samconfig.toml
    python: Setting | None = None  # the interpreter of a Python function, or its environment
    template: Setting | None = None  # the absolute path of a file
    parameter_overrides: Setting | None = None  # as `parse_overrides` takes them
    runtime_command: Setting | None = None  # what starts functions of other languages

    def items(self) -> Iterator[tuple[str, Setting | None]]:
        """Name and value of each setting, in the order of declaration."""
        for name in NAMES:
            yield name, getattr(self, name)

    def with_stack(self, values: Mapping[str, tuple[str, str]]) -> "Settings":
        """These settings with what the deployed stack says.

        A value that was named closer to the command line than the stack itself stays.

        Args:
            values: setting → (value, where in the stack it stands).
        """
        assert self.stack is not None
        level = self.stack.level
        found = {
            name: Setting(value, source, level)
            for name, (value, source) in values.items()
            if (own := getattr(self, name)) is None or own.level > level
        }
        return msgspec.structs.replace(self, **found)


# Which setting is which variable of AWS's, the first that is set. AWS_REGION stands before
# AWS_DEFAULT_REGION as in the AWS CLI 2; botocore itself reads only the second.
# Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
_AWS_VARIABLES = {
    "endpoint_url": ("AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL"),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}
_IGNORE_ENDPOINTS = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"


def read_settings(
    flags: Mapping[str, str | Sequence[str] | None] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """The settings in force for a command that runs in `directory`.

    Args:
        flags: setting → the command line's value; None where it was not given.
        environment: default: this process's.
        directory: where files are looked for, upwards; default: the working directory.

    Raises:
        InputError: a file cannot be read, a name is unknown, or a value has not its form.
    """
    return _read(NAMES, flags or {}, environment, directory)


def template_settings(
    flags: Mapping[str, str | Sequence[str] | None] | None = None, *, directory: Path | None = None
) -> Settings:
    """Only what says which template is meant, and with which parameters; see `read_settings`."""
    return _read(("template", "parameter_overrides", "config_env"), flags or {}, None, directory)


def _read(
    names: Collection[str],
    flags: Mapping[str, str | Sequence[str] | None],
    environment: Mapping[str, str] | None,
    directory: Path | None,
) -> Settings:
    environment = os.environ if environment is None else environment
    directory = (directory or Path()).resolve()
    values: dict[str, Setting] = {}
    for source in (
        _of_flags(flags),
        _of_kcli_variables(environment),
        _of_aws_variables(environment),
        _of_project_file(directory),
    ):
        for name, setting in source:
            if name in names:
                values.setdefault(name, _checked(name, setting))
    if named := values.get("template"):
        values["template"] = msgspec.structs.replace(named, value=str(directory / named.value))
    folder = _samconfig_folder(directory, values.get("template"))
    if folder is not None:
        for name, setting in _of_samconfig(folder, values):
            if name in names:
                values.setdefault(name, _checked(name, setting))
        if overrides := _overrides(folder, values):
            values["parameter_overrides"] = overrides
    return Settings(**values)


def _of_flags(flags: Mapping[str, str | Sequence[str] | None]) -> Iterator[tuple[str, Setting]]:
    for name, value in flags.items():
        option = "--" + name.replace("_", "-")
        if name == "parameter_overrides" and value is not None:
            value = written_overrides(parse_overrides(value, option)) or None
        if value is not None:
            yield name, Setting(str(value), option, Level.FLAG)


def _of_kcli_variables(environment: Mapping[str, str]) -> Iterator[tuple[str, Setting]]:
    for name in NAMES:
        variable = f"KCLI_{name.upper()}"
        if value := environment.get(variable):
            yield name, Setting(value, variable, Level.KCLI_VARIABLE)


def _of_aws_variables(environment: Mapping[str, str]) -> Iterator[tuple[str, Setting]]:
    ignore_endpoints = environment.get(_IGNORE_ENDPOINTS, "").lower() == "true"
    for name, variables in _AWS_VARIABLES.items():
        if name == "endpoint_url" and ignore_endpoints:
            continue
        for variable in variables:
            if value := environment.get(variable):
                yield name, Setting(value, variable, Level.AWS_VARIABLE)
                break


def _of_project_file(directory: Path) -> Iterator[tuple[str, Setting]]:
    for folder in (directory, *directory.parents):
        for file in (folder / "kcli.toml", folder / "pyproject.toml"):
            if file.is_file() and (table := read_own_table(file)) is not None:
                refuse_strangers(file, "If you trust it, copy its folder to one of your own.")
                yield from _of_table(table, file)
                return


def project_setting(directory: Path, name: str) -> tuple[str, str] | None:
    """Where the project's own file gives a setting, and its value.

    Raises:
        InputError: the file is not usable.
    """
    for found, setting in _of_project_file(directory):
        if found == name:
            return setting.source, _checked(name, setting).value
    return None


def project_table(directory: Path, name: str) -> tuple[Mapping[str, object], str] | None:
    """What the project's own file says in a table of a command's, and where.

    Raises:
        InputError: the file is not usable, or what has this name is no table.
    """
    for folder in (directory, *directory.parents):
        for file in (folder / "kcli.toml", folder / "pyproject.toml"):
            if not file.is_file() or (table := read_own_table(file)) is None:
                continue
            place = f"{file}, [{'' if file.name == 'kcli.toml' else 'tool.kcli.'}{name}]"
            found = table.get(name)
            if found is None:
                return None
            if not isinstance(found, Mapping):
                raise InputError(f"{name} is {found!r}, not a table", place=str(file))
            return found, place
    return None


def _of_table(table: Mapping[str, object], file: Path) -> Iterator[tuple[str, Setting]]:
    place = f"{file}, [tool.kcli]" if file.name == "pyproject.toml" else str(file)
    for written, value in table.items():
        name = written.replace("-", "_")
        if name in COMMAND_TABLES and isinstance(value, Mapping):
            continue  # the command reads it
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=1)
            advice = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(NAMES)}."
            raise InputError(f"there is no setting {written!r}", place=place, advice=advice)
        if not isinstance(value, str):
            raise InputError(f"{written} is {value!r}, not a text", place=place)
        if name == "python" and (os.sep in value or (file.parent / value).exists()):
            value = str(file.parent / Path(value).expanduser())
        if name == "template":
            value = str(file.parent / value)
        yield name, Setting(value, file.name, Level.PROJECT_FILE)


def _samconfig_folder(directory: Path, template: Setting | None) -> Path | None:
    """Where samconfig.toml lies: beside the named template, else in the project's folder."""
    root = project_root(directory)
    if template is None:
        return root
    beside = Path(template.value).parent
    there = any((beside / name).is_file() for name in SAMCONFIG_NAMES)
    return beside if there or root is None else root


def _of_samconfig(folder: Path, values: Mapping[str, Setting]) -> Iterator[tuple[str, Setting]]:
    """The stack of samconfig.toml; profile and region only together with it.

    UNSURE(samconfig-precedence): AWS's variables come before the file, as SAM's guide says of its
    own; or, as users report of single options, after it?

    Without its stack they say nothing about what the user named: `--profile prod` keeps the region
    of that profile, as in the AWS CLI.
    """
    named = values.get("config_env")
    if "stack" in values:
        return
    config_env = named.value if named else DEFAULT_ENVIRONMENT
    if found := read_samconfig(folder, config_env, must_exist=named is not None):
        for name in ("stack", "profile", "region"):
            if value := found.values.get(name):
                yield name, Setting(value, found.source, Level.SAMCONFIG)


def _overrides(folder: Path, values: Mapping[str, Setting]) -> Setting | None:
    """The values of parameters: samconfig's, and over them those that were named closer."""
    named = values.get("config_env")
    of_file, source = samconfig_overrides(folder, named.value if named else DEFAULT_ENVIRONMENT)
    given = values.get("parameter_overrides")
    if given is None:
        text = written_overrides(of_file)
        return Setting(text, source, Level.SAMCONFIG) if of_file else None
    merged = {**of_file, **parse_overrides(given.value, given.source)}
    both = f"{given.source}, {source}" if of_file else given.source
    return Setting(written_overrides(merged), both, given.level)


def _is_url(value: str) -> bool:
    try:
        return urlsplit(value).port != 0  # raises where the host or the port is none
    except ValueError:
        return False


def _checked(name: str, setting: Setting) -> Setting:
    pattern, example = _FORMS[name]
    is_url = name in ("endpoint_url", "failure_queue_url") and setting.value != LOCAL
    is_sound = "\0" not in setting.value and (not is_url or _is_url(setting.value))
    if is_sound and re.fullmatch(pattern, setting.value):
        return setting
    article = "an" if name[0] in "aeiou" else "a"
    raise InputError(
        f"{setting.value!r} is not {article} {name.replace('_', ' ')}, which reads like {example}",
        place=setting.source,
    )
