"""Finding the function that the user means.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.project.files import bundled_template
from kinesis_cli.project.function import DEFAULT_MEMORY_SIZE, MAX_TIMEOUT, Function
from kinesis_cli.project.functions.named_code import is_within_code, with_code
from kinesis_cli.project.interpreter import choose_interpreter, named_python
from kinesis_cli.project.runtime_command import with_runtime_command
from kinesis_cli.project.settings import Settings, template_settings
from kinesis_cli.project.template.parameters import parse_overrides
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import KINDS


def find_function(
    *,
    template: Path | None = None,
    function: str | None = None,
    handler: str | None = None,
    env_vars: Path | None = None,
    python: str | None = None,
    runtime_command: str | None = None,
    env_from_shell: bool | None = None,
    no_build: bool | None = None,
    parameter_overrides: Sequence[str] | None = None,
    config_env: str | None = None,
    directory: Path | None = None,
    kind: SourceKind = KINESIS,
) -> Function:
    """The function that the user means.

    A `handler` alone is that code with AWS's defaults, no template is looked for. Together with a
    `template` it replaces the code and keeps the template's settings. Without either, the template
    is found upwards from `directory`; without any, it is the function that kcli ships.

    Args:
        template: a SAM or CloudFormation template, CDK's synthesised ones too.
        function: the logical id, where the template has several functions fed by the kind.
        handler: "module.function", "path/file.py:function" (or .js, .ts), "package.Class::method",
            or the path of an executable.
        env_vars: variables in the format of `sam local invoke --env-vars`.
        python: the interpreter of Python code, or the folder of an environment; default: see
            `choose_interpreter`.
        runtime_command: what starts the function's process; default: what its runtime says.
        env_from_shell: whether a process of its own has all of the shell's variables.
        no_build: whether the sources run, although `sam build` has built them.
        parameter_overrides: values of the template's parameters, "KEY=VALUE" as in SAM.
        config_env: which environment of samconfig.toml.
        directory: where to look; the working directory by default.
        kind: of source that it is called for.

    Raises:
        InputError: what the user named is not there or not a Python function fed by Kinesis.
    """
    directory = (directory or Path()).resolve()
    settings = template_settings(
        {
            "template": str(template) if template else None,
            "parameter_overrides": parameter_overrides or None,
            "config_env": config_env,
        },
        directory=directory,
    )
    if handler is not None and settings.template is None:
        if function is not None or parameter_overrides:
            option = "--function chooses from" if function else "--parameter-overrides are for"
            raise InputError(
                f"{option} a template, and --handler alone reads none",
                advice="Name the template with --template, or leave one of the two out.",
            )
        found = _bare(handler, env_vars, directory, kind)
    else:
        found = function_of_project(
            settings, directory, function, handler, env_vars, build=not no_build, kind=kind
        )
    if found.is_sample:
        _refuse_beside_a_handler(directory)
        _refuse_for_the_sample(python, parameter_overrides)
    elif parameter_overrides:
        _refuse_unknown_parameters(settings, directory, parameter_overrides)
    if env_from_shell:
        found = replace(found, env_from_shell=True)
    found = with_runtime_command(found, runtime_command, directory)
    return found if found.is_sample else with_interpreter(found, python, directory)


def with_interpreter(function: Function, python: str | None, directory: Path) -> Function:
    """`function` with the Python that runs it, if it is Python.

    Args:
        function: whose code it is.
        python: what the command line names.
        directory: where settings are looked for, upwards.

    Raises:
        InputError: the Python that was named cannot be used.
    """
    if not function.is_python:
        return function
    folders = [function.code_uri, *([function.template.parent] if function.template else [])]
    named = ("--python", python) if python else named_python(directory)
    interpreter = choose_interpreter(folders, named=named)
    is_ours = function.template == bundled_template()  # which is tested with every Python
    difference = "" if is_ours else interpreter.difference(function.runtime)
    notes = (*function.notes, difference) if difference else function.notes
    return replace(function, interpreter=interpreter, notes=notes)


def find_fed_function(**named: Any) -> Function:  # noqa: ANN401 - as `find_function` takes them
    """The function that the user means, called for whatever kind of source feeds it.

    Args:
        named: see `find_function`; without a kind.

    Raises:
        InputError: as of `find_function`.
    """
    found = find_function(**named)
    if found.mapping is not None:
        return found
    others = (find_function(**named, kind=kind) for kind in KINDS if kind is not found.kind)
    return next((each for each in others if each.mapping is not None), found)


def function_of_project(
    settings: Settings,
    directory: Path | None = None,
    function: str | None = None,
    handler: str | None = None,
    env_vars: Path | None = None,
    *,
    build: bool = True,
    kind: SourceKind = KINESIS,
) -> Function:
    """The function of the project's template, with the code of `handler` where one is named.

    Args:
        settings: what the user says of the template.
        directory: the working directory by default.
        function: the logical id, where the template has several functions fed by Kinesis.
        handler: as in `find_function`.
        env_vars: variables in the format of `sam local invoke --env-vars`.
        build: whether what `sam build` has made is used.
        kind: of source that it is called for.

    Raises:
        InputError: there is no such function, or it is not usable.
    """
    directory = (directory or Path()).resolve()
    from kinesis_cli.project.functions.code import CodeNotHereError
    from kinesis_cli.project.functions.from_template import function_of_template
    from kinesis_cli.project.locate import BY_OPTION, find_project  # start-up counts

    project = find_project(settings, directory, naming=BY_OPTION)
    is_bundled = project.is_bundled
    if handler is None:
        found = function_of_template(
            project.template, function, env_vars, bundled=is_bundled, build=build, kind=kind
        )
        if is_bundled:
            origin = f"{found.origin}: there is no template here"
            return replace(found, origin=origin, is_sample=True)
        return found
    code = None if is_within_code(handler, directory) else directory
    try:
        found = function_of_template(
            project.template,
            function,
            env_vars,
            bundled=is_bundled,
            code=code,
            build=build,
            kind=kind,
        )
    except CodeNotHereError:
        # the template's code does not matter, since the handler says where it is
        found = function_of_template(
            project.template, function, env_vars, bundled=is_bundled, code=directory, kind=kind
        )
    return with_code(found, handler, directory)


def _refuse_unknown_parameters(settings: Settings, directory: Path, given: Sequence[str]) -> None:
    """Refuse what the command line gives and the template does not have."""
    from kinesis_cli.project.locate import find_project
    from kinesis_cli.project.template.file import reading_template
    from kinesis_cli.project.template.given import refuse_unknown
    from kinesis_cli.project.template.template import Template

    source = find_project(settings, directory).template
    with reading_template(source):
        refuse_unknown(Template.read(source), parse_overrides(given, "--parameter-overrides"))


def _refuse_beside_a_handler(directory: Path) -> None:
    """Refuse to run kcli's sample function where the user has one of their own."""
    from kinesis_cli.project.surroundings.files import handler_below
    from kinesis_cli.project.tools import NoTemplateError

    if handler := handler_below(directory):
        raise NoTemplateError(
            f"there is no template here or above, and {handler} looks like a function's handler",
            place=str(directory),
            advice=f"Name it with --handler {handler}.",
        )


def _refuse_for_the_sample(python: str | None, parameter_overrides: Sequence[str] | None) -> None:
    """Refuse what says how a project's function runs, where kcli's own sample function does."""
    for option, value in (("--python", python), ("--parameter-overrides", parameter_overrides)):
        if value:
            raise InputError(
                f"{option} is for a project's function, and there is no template here or above",
                advice="Name a template with --template, or code with --handler.",
            )


def _bare(handler: str, env_vars: Path | None, directory: Path, kind: SourceKind) -> Function:
    from kinesis_cli.project import variables

    environment = variables.overrides(env_vars, ()) if env_vars else {}
    bare = Function(
        name="kcli-handler",
        code_uri=directory,
        handler=handler,
        timeout=MAX_TIMEOUT,
        memory_size=DEFAULT_MEMORY_SIZE,
        environment=environment,
        mapping=None,
        origin=f"--handler, without a template: Timeout {MAX_TIMEOUT:.0f} s",
        mapping_origin="AWS's defaults",
        kind=kind,
    )
    return with_code(bare, handler, directory, origin=bare.origin)
