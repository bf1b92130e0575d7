"""The user's function: where its code is, how Lambda would run it, what feeds it.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kinesis_cli.errors import InputError

DEFAULT_TIMEOUT = (
    3.0  # seconds, https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
)
MAXIMUM_TIMEOUT = 900.0  # seconds, the longest that Lambda allows
DEFAULT_MEMORY_SIZE = 128  # MB
SYSTEM_LOG_LEVELS = ("DEBUG", "INFO", "WARN")  # the most lines first

TEMPLATE_NAMES = ("template.yaml", "template.yml", "template.json")


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function as the project describes it."""

    name: str
    code_uri: Path  # the folder that Lambda would unpack into /var/task
    handler: str  # "module.function", or "path/file.py:function"
    timeout: float  # seconds
    memory_size: int  # MB
    environment: Mapping[str, str]
    mapping: Mapping[str, object] | None  # CreateEventSourceMapping's names; None: AWS's defaults
    origin: str  # "template.yaml, NewMessageFunction", for people
    mapping_origin: str
    system_log_level: str = "INFO"  # of Lambda's own lines, where the log is JSON
    runtime: str = ""  # "python3.13", "nodejs22.x"; "": not known
    notes: tuple[str, ...] = ()  # a sentence for each value or property that kcli cannot follow


def find_function(
    *,
    template: Path | None = None,
    function: str | None = None,
    handler: str | None = None,
    env_vars: Path | None = None,
    directory: Path | None = None,
) -> Function:
    """The function that the user means.

    A `handler` alone is that code with AWS's defaults, no template is looked for. Together with a
    `template` it replaces the code and keeps the template's settings. Without either, the template
    is found upwards from `directory`; without any, it is the function that kcli ships.

    Args:
        template: a SAM or CloudFormation template, CDK's synthesised ones too.
        function: the logical id, where the template has several functions fed by Kinesis.
        handler: "module.function" or "path/file.py:function".
        env_vars: variables in the format of `sam local invoke --env-vars`.
        directory: where to look; the working directory by default.

    Raises:
        InputError: what the user named is not there or not a Python function fed by Kinesis.
    """
    directory = (directory or Path()).resolve()
    if handler is not None and template is None:
        if function is not None:
            raise InputError(
                "--function chooses from a template, and --handler alone reads none",
                advice="Name the template with --template, or leave one of the two out.",
            )
        return _bare(handler, env_vars, directory)
    path = _template(template, directory)
    is_shipped = template is None and path.parent not in (directory, *directory.parents)
    try:
        found = _of_template(path, function, env_vars, is_shipped=is_shipped)
    except RecursionError as error:
        raise InputError(
            "the template refers to itself without end", place=str(template or "")
        ) from error
    return found if handler is None else _with_code(found, handler, directory)


def _template(template: Path | None, directory: Path) -> Path:
    if template is not None:
        return template if template.is_absolute() else directory / template
    for folder in (directory, *directory.parents):
        for name in TEMPLATE_NAMES:
            if (folder / name).is_file():
                return folder / name
    return bundled_template()


def bundled_template() -> Path:
    """The template of the function that kcli ships: in the wheel, or in a checkout of kcli."""
    package = Path(__file__).resolve().parent.parent
    in_wheel = package / "_bundled" / "template.yaml"
    return in_wheel if in_wheel.is_file() else package.parent / "template.yaml"


def _of_template(
    path: Path, function: str | None, env_vars: Path | None, *, is_shipped: bool
) -> Function:
    from kinesis_cli.project.deployed import function_of_template

    return function_of_template(path, function, env_vars, bundled=is_shipped)


def _bare(handler: str, env_vars: Path | None, directory: Path) -> Function:
    from kinesis_cli.project.variables import overrides

    environment = overrides(env_vars, ()) if env_vars else {}
    bare = Function(
        name="kcli-handler",
        code_uri=directory,
        handler=handler,
        timeout=MAXIMUM_TIMEOUT,
        memory_size=DEFAULT_MEMORY_SIZE,
        environment=environment,
        mapping=None,
        origin=f"--handler, without a template: Timeout {MAXIMUM_TIMEOUT:.0f} s",
        mapping_origin="AWS's defaults",
    )
    return _with_code(bare, handler, directory, origin=bare.origin)


def _with_code(function: Function, handler: str, directory: Path, *, origin: str = "") -> Function:
    """`function` with the code of `--handler`; a file's path counts from `directory`."""
    file, _, name = handler.rpartition(":")
    code_uri = function.code_uri
    if file.endswith(".py"):
        code_uri = (directory / file).resolve().parent
        if not (directory / file).is_file():
            raise InputError(f"there is no file {file}", place="--handler")
    elif file or "." not in name or name.endswith(".py"):
        raise InputError(
            f"{handler!r} names no function", place="--handler", advice=_meant(handler, directory)
        )
    origin = origin or f"--handler, settings of {function.origin}"
    return replace(function, handler=handler, code_uri=code_uri, origin=origin)


def _meant(handler: str, directory: Path) -> str:
    """What to write instead."""
    file, _, name = handler.rpartition(":")
    if handler.endswith(".py"):
        return f"Name the function in it, too: {handler}:function."
    if not file:
        return "Write module.function or path/file.py:function."
    is_path = "/" in file or (directory / f"{file}.py").is_file()
    return f"Did you mean {file}.py:{name}?" if is_path else f"Did you mean {file}.{name}?"


def shell_variables(names: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Those of `names` that the shell sets, with the shell's value."""
    for name in names:
        if name in os.environ:
            yield name, os.environ[name]
