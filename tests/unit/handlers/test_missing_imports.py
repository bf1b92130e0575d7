"""Imports that cannot be met, told without running the code: for certain, or not at all."""

import zipfile
from pathlib import Path

import pytest

from kinesis_cli.handlers.missing_imports import Imports
from tests.unit.handler_files import function_in, write_code


def missing(folder: Path, **settings: object) -> str:
    error = Imports(function_in(folder, **{"handler": "app.handler", **settings})).error()  # type: ignore[arg-type]
    return error.error_message if error else ""


@pytest.mark.parametrize(
    "code",
    [
        "import not_there",
        "import json, not_there.deep as it",
        "from not_there.deep import name",
        '"""What it is."""\nfrom __future__ import annotations\nimport boto3\nimport not_there',
        "VALUE = 1\n\ndef own(): ...\n\nimport not_there",
    ],
)
def test_a_module_that_nobody_has_is_named(tmp_path: Path, code: str) -> None:
    write_code(tmp_path, code)
    assert missing(tmp_path) == "Unable to import module 'app': No module named 'not_there'"


def test_the_functions_own_modules_are_looked_into(tmp_path: Path) -> None:
    write_code(tmp_path, "import own\nfrom package import thing")
    write_code(tmp_path, "import json", "own.py")
    write_code(tmp_path, "import app\nimport not_there", "package/__init__.py")
    assert "'not_there'" in missing(tmp_path)


@pytest.mark.parametrize("handler", ["in_folder.app.handler", "in_folder/app.handler"])
def test_the_handler_may_be_in_a_package(tmp_path: Path, handler: str) -> None:
    write_code(tmp_path, "import not_there", "in_folder/app.py")
    told = missing(tmp_path, handler=handler)
    assert told == "Unable to import module 'in_folder.app': No module named 'not_there'"


@pytest.mark.parametrize(
    "code",
    [
        "import json, os.path, boto3, sqlite3",
        "try:\n    import not_there\nexcept ImportError:\n    not_there = None",
        "try:\n    import json\nfinally:\n    pass\nimport not_there",
        "if False:\n    import not_there",
        "def handler(event, context):\n    import not_there",
        "import sys\nsys.path.insert(0, 'vendored')\nimport not_there",
        "import own_paths\nimport not_there",
        "from . import not_there",
        "import data_folder.part",
        "import not_there this is not Python",
        "\0",
    ],
)
def test_what_is_not_certain_is_not_said(tmp_path: Path, code: str) -> None:
    write_code(tmp_path, code)
    write_code(tmp_path, "import site\nsite.addsitedir('vendored')", "own_paths.py")
    write_code(tmp_path, "", "data_folder/part.py")
    assert missing(tmp_path) == ""


def test_nothing_is_said_of_other_languages_and_of_a_handler_that_is_not_there(
    tmp_path: Path,
) -> None:
    write_code(tmp_path, "import not_there")
    assert missing(tmp_path, runtime="nodejs22.x") == ""
    assert missing(tmp_path, handler="other.handler") == ""


def test_pythonpath_of_the_function_counts(tmp_path: Path) -> None:
    write_code(tmp_path / "code", "import packed_away")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("packed_away.py", "")
    assert "packed_away" in missing(tmp_path / "code")
    there = {"PYTHONPATH": str(tmp_path / "more.zip")}
    assert missing(tmp_path / "code", environment=there) == ""


def test_what_comes_later_is_seen(tmp_path: Path) -> None:
    write_code(tmp_path, "import not_there")
    imports = Imports(function_in(tmp_path))
    assert imports.error() is not None
    write_code(tmp_path, "", "not_there.py")
    imports.look_again()
    assert imports.error() is None
