"""What is said of code that cannot be loaded."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kinesis_cli.event_source_mapping.invocation import FunctionError
from kinesis_cli.handlers.load_errors import init_error, input_error
from kinesis_cli.handlers.runner.loading import LoadError
from kinesis_cli.project.find import find_function
from kinesis_cli.project.function import Function
from kinesis_cli.project.interpreter import Interpreter

BARE = Interpreter(Path("/usr/bin/python3"), (3, 11, 2), "a test", is_bare=True)


def function_of(folder: Path, file: str, code: str = "") -> Function:
    (folder / file).write_text(code)
    return find_function(handler=f"{file}:handler", directory=folder, python=sys.executable)


@pytest.mark.parametrize(
    ("uv", "template", "command"),
    [
        (None, "", "/usr/bin/python3 -m venv .venv && .venv/bin/python -m pip install PyYAML"),
        ("/bin/uv", "", "uv venv .venv && uv pip install --python .venv PyYAML"),
        # a build throws away what lies in its folder
        ("/bin/uv", "cdk.out/a.template.json", "uv venv .venv && uv pip install --python .venv"),
        ("/bin/uv", ".aws-sam/build/template.yaml", "uv venv .venv && uv pip install --python"),
    ],
)
def test_where_there_is_no_environment_one_is_made_for_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uv: str | None, template: str, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _: uv)
    function = replace(
        function_of(tmp_path, "app.py"),
        interpreter=BARE,
        template=tmp_path / template if template else None,
    )
    error = input_error(
        LoadError("importing app failed", missing="yaml"), function, is_virtual=False
    )
    assert f"Install it in an environment of the project's: `{command}" in error.advice


@pytest.mark.parametrize(
    ("template", "tool"),
    [
        ("template.yaml", "with `sam build`; or name"),
        ("cdk.out/App.template.json", "with `cdk synth`, where the function bundles them"),
        (
            ".serverless/cloudformation-template-update-stack.json",
            "with `serverless package` and its plugin serverless-python-requirements; or name",
        ),
    ],
)
def test_the_tool_that_brings_a_package_along_is_the_projects_own(
    tmp_path: Path, template: str, tool: str
) -> None:
    function = replace(function_of(tmp_path, "app.py"), template=tmp_path / template)
    error = input_error(
        LoadError("importing app failed", missing="yaml"), function, is_virtual=False
    )
    assert f"or bring it along {tool}" in error.advice


def node_function(folder: Path, code: str, *files: str) -> Function:
    """One whose code is in a folder, with empty files around it."""
    for name in (*files, f"{code}/app.js"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return find_function(handler=f"{code}/app.js:handler", directory=folder)


@pytest.mark.parametrize(
    ("code", "files", "folder"),
    [
        ("src", ["src/package.json", "package.json", ".git/HEAD"], "src"),
        ("src", ["package.json", ".git/HEAD"], "."),
        # the next synthesis makes the asset anew
        ("cdk.out/asset.1", ["cdk.out/asset.1/package.json", "package.json", ".git/HEAD"], "."),
        ("src", [".git/HEAD"], "src"),
    ],
)
def test_a_package_of_npm_is_installed_where_the_function_finds_it_and_no_build_removes_it(
    tmp_path: Path, code: str, files: list[str], folder: str
) -> None:
    function = node_function(tmp_path, code, *files)
    error = FunctionError("Runtime.ImportModuleError", "Error: Cannot find module 'lodash'")
    line = f"Install it (cd {(tmp_path / folder).resolve()} && npm install lodash)"
    assert init_error(error, function).advice.startswith(line)


def test_the_handlers_own_file_is_not_to_be_installed(tmp_path: Path) -> None:
    error = FunctionError("Runtime.ImportModuleError", "Error: Cannot find module 'app'")
    advice = init_error(error, node_function(tmp_path, "src")).advice
    assert advice.startswith(f"There is no app.js in {tmp_path}/src: is it built?")


@pytest.mark.parametrize(
    ("file", "code", "exported"),
    [
        ("app.js", "exports.main = 1;\nmodule.exports.other = 2;", "app.main or app.other"),
        ("app.mjs", "export const main = async () => 1;", "app.main"),
    ],
)
def test_what_a_file_exports_instead_of_the_handler_is_named(
    tmp_path: Path, file: str, code: str, exported: str
) -> None:
    function = function_of(tmp_path, file, code)
    error = FunctionError("Runtime.HandlerNotFound", "app.handler is undefined or not exported")
    assert init_error(error, function).advice.startswith(
        f"{file} exports {exported}: is that the Handler?"
    )
