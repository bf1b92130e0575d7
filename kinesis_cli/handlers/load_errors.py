"""Code that cannot be loaded, as an error for people: what is missing where, and how to mend it."""

import re
import shlex
import shutil
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.invocation import FunctionError
from kinesis_cli.handlers.runner.loading import LoadError
from kinesis_cli.project.function import Function
from kinesis_cli.project.interpreter import Interpreter, own_interpreter, project_root

# https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-searchpath
_ON_LAMBDA = ("boto3", "botocore")

# Where tools put the templates that they make.
_BUILD_FOLDERS = ("build", ".aws-sam", "cdk.out", ".serverless", "packaged", ".chalice")

# Modules whose package has another name; the rest are guessed to have the same.
_PACKAGES = {
    "aws_lambda_powertools": "aws-lambda-powertools",
    "aws_xray_sdk": "aws-xray-sdk",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "jwt": "PyJWT",
    "PIL": "pillow",
    "psycopg2": "psycopg2-binary",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


def input_error(error: LoadError, function: Function, *, is_virtual: bool) -> InputError:
    """The error that a user sees.

    Args:
        error: what the runner found.
        function: whose code it is.
        is_virtual: whether the code was imported in virtual time.
    """
    interpreter = function.interpreter or own_interpreter()
    advice = error.advice
    if error.missing:
        advice = _how_to_find(error.missing, function, interpreter)
    elif is_virtual and error.is_clock_error:
        advice = "AWS refuses the virtual time; --wall-clock gives the real one."
    if error.error_type and (other := interpreter.difference(function.runtime)):
        advice = f"{other} {advice}".strip()
    return InputError(error.problem, place=error.place, advice=advice)


_MISSING_MODULE = re.compile(r"No module named '([^']+)'")


def init_error(
    error: FunctionError,
    function: Function,
    *,
    is_called_all_the_same: bool = False,
    naming: str = "--python",
) -> InputError:
    """The error that a user sees where a process apart could not load the code.

    Args:
        error: what its runtime reported.
        function: whose code it is.
        is_called_all_the_same: as Lambda does, so that nothing needs to ask for it.
        naming: how another Python is named.
    """
    keep = "--keep-failing-init calls it all the same, as Lambda does."
    advice = "" if is_called_all_the_same else keep
    if function.is_python:
        interpreter = function.interpreter or own_interpreter()
        missing = _MISSING_MODULE.search(error.error_message)
        if missing and not _is_handlers_own(missing[1], function):
            advice = _how_to_find(missing[1], function, interpreter, naming)
        advice = f"{interpreter.difference(function.runtime)} {advice}".strip()
    # Node.js adds which file asked for it, and who asked for that
    message = _REQUIRE_STACK.split(error.error_message)[0]
    if not function.is_python and (package := _MISSING_PACKAGE.search(message)):
        how = _how_to_install(package[1], function)
        if _is_handlers_own(package[1], function):
            how = f"There is no {package[1]}.js in {function.code_uri}: is it built?"
        advice = f"{how} {advice}"
    if error.error_type == "Runtime.HandlerNotFound" and (meant := _what_it_exports(function)):
        advice = f"{meant} {advice}"
    return InputError(f"{error.error_type}: {message}", advice=advice.strip())


_REQUIRE_STACK = re.compile(r"\nRequire stack:")  # of Node.js, too

# Of Node.js; a path is no package.
_MISSING_PACKAGE = re.compile(r"Cannot find (?:module|package) '((?:@[\w.-]+/)?[a-z0-9_][\w.-]*)")


_EXPORTED = re.compile(
    r"^(?:module\.)?exports\.(\w+) *=|^export (?:const|let|(?:async )?function) (\w+)", re.MULTILINE
)


def _what_it_exports(function: Function) -> str:
    """What the file of a Node.js handler exports instead of what the template names."""
    module, _, _ = function.handler.rpartition(".")
    for extension in (".js", ".mjs", ".cjs"):
        file = function.code_uri / f"{module}{extension}"
        if file.is_file():
            found = [a or b for a, b in _EXPORTED.findall(file.read_text("utf-8", "replace"))]
            handlers = " or ".join(f"{module}.{name}" for name in dict.fromkeys(found))
            return f"{file.name} exports {handlers}: is that the Handler?" if handlers else ""
    return ""


def _how_to_install(package: str, function: Function) -> str:
    """What brings a package of npm to where the function looks for it."""
    line = f"npm install {package}"
    folder = shlex.quote(str(_folder_of_packages(function)))
    of_runtime = " Lambda's Node.js comes with the AWS SDK, this one does not."
    said = of_runtime if package.startswith(("@aws-sdk/", "aws-sdk")) else ""
    return f"Install it (cd {folder} && {line}), or build the project: sam build.{said}"


def _folder_of_packages(function: Function) -> Path:
    """The folder whose node_modules the function finds, and no build throws away."""
    root = project_root(function.code_uri)
    for folder in (function.code_uri, *function.code_uri.parents):
        if (folder / "package.json").is_file() and not _is_built(folder, root):
            return folder
        if folder == root:
            break
    return function.code_uri


def _is_built(folder: Path, root: Path) -> bool:
    """Whether a tool makes a folder anew with each build."""
    below = folder.relative_to(root).parts if folder.is_relative_to(root) else ()
    return any(name in _BUILD_FOLDERS for name in below)


def _is_handlers_own(module: str, function: Function) -> bool:
    """Whether it is the module of the handler itself, which no package brings."""
    handler = function.handler.replace("/", ".")
    return handler == module or handler.startswith(f"{module}.")


def _how_to_find(
    missing: str, function: Function, interpreter: Interpreter, naming: str = "--python"
) -> str:
    """Where to put a module that is not there, or how to reach it."""
    top = missing.partition(".")[0]
    if folder := _folder_with(top, function):
        return _as_a_folder_of_the_project(top, folder, function)
    lacks = f"{interpreter} has no {top}."
    if top in _ON_LAMBDA:
        lacks += " Lambda's own Python has it; here it must be installed."
    where = "in an environment of the project's" if interpreter.is_bare else "there"
    return (
        f"{lacks} Install it {where}: `{_install(top, function, interpreter)}`; or bring it along "
        f"with {_bringing(function)}; or name the Python that has it with {naming}."
    )


# Folder of a tool's output -> what of it puts a Python function's packages beside its code.
_BRINGING = {
    "cdk.out": "`cdk synth`, where the function bundles them (PythonFunction does)",
    ".serverless": "`serverless package` and its plugin serverless-python-requirements",
}


def _bringing(function: Function) -> str:
    """What puts the function's packages beside its code, in a project of this kind."""
    folders = function.template.parts if function.template else ()
    return next((how for name, how in _BRINGING.items() if name in folders), "`sam build`")


def _install(module: str, function: Function, interpreter: Interpreter) -> str:
    """The command that installs a module's package, or all that the function requires."""
    requirements = function.code_uri / "requirements.txt"
    package = _PACKAGES.get(module, module.replace("_", "-"))
    what = f"-r {shlex.quote(str(requirements))}" if requirements.is_file() else package
    python = shlex.quote(str(interpreter.path))
    if interpreter.is_bare:
        return _install_in_new_environment(what, python, _environment_folder(function))
    if interpreter.has_pip:
        return f"{python} -m pip install {what}"
    return f"uv pip install --python {python} {what}"


def _environment_folder(function: Function) -> str:
    """Where the function's environment is looked for first, and not thrown away by a build."""
    folder = function.template.parent if function.template else function.code_uri
    while folder.name in _BUILD_FOLDERS:
        folder = folder.parent
    environment = folder / ".venv"
    here = Path.cwd()
    shown = environment.relative_to(here) if environment.is_relative_to(here) else environment
    return shlex.quote(str(shown))


def _install_in_new_environment(what: str, python: str, environment: str) -> str:
    """The command that makes an environment of the project's, and installs into it."""
    if shutil.which("uv"):
        return f"uv venv {environment} && uv pip install --python {environment} {what}"
    return f"{python} -m venv {environment} && {environment}/bin/python -m pip install {what}"


def _folder_with(module: str, function: Function) -> Path | None:
    """A folder above the code that holds a module of this name, up to the project's root."""
    root = project_root(function.code_uri)
    for folder in function.code_uri.parents:
        if not folder.is_relative_to(root):
            return None
        found = folder / module
        if found.with_suffix(".py").is_file() or any(found.glob("*.py")):
            return folder
    return None


def _as_a_folder_of_the_project(module: str, folder: Path, function: Function) -> str:
    file, _, name = function.handler.rpartition(":")
    inside = function.code_uri.relative_to(folder).parts
    own = f"{Path(file).stem}.{name}" if file else function.handler
    handler = ".".join([*inside, own])
    return (
        f"{module} is in {folder}, above the function's code: with that folder as CodeUri and "
        f"Handler {handler} it is found; without a template, run kcli there with "
        f"--handler {handler}."
    )
