"""Importing a handler: as Lambda does, and one sentence when it cannot be done."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.in_process import InProcessHandler
from tests.unit.handler_files import function_in, request, write_code


@pytest.fixture(autouse=True)
def path_is_as_before() -> Iterator[None]:
    before = list(sys.path)
    yield
    assert sys.path == before


def answer(folder: Path, handler: str, **settings: object) -> object:
    loaded = InProcessHandler(function_in(folder, handler, **settings))
    try:
        result = loaded.invoke(request())
        assert result.error is None
        return result.response
    finally:
        loaded.close()


def refusal(folder: Path, handler: str) -> InputError:
    with pytest.raises(InputError) as caught:
        InProcessHandler(function_in(folder, handler))
    return caught.value


@pytest.mark.parametrize(
    "handler", ["package.inner.main.handler", "package/inner/main.handler", "main.py:handler"]
)
def test_handlers_are_named_as_in_lambda_or_by_file(tmp_path: Path, handler: str) -> None:
    code = "def handler(event, context): return __name__"
    write_code(tmp_path, code, "package/inner/main.py")
    write_code(tmp_path, code, "main.py")
    assert answer(tmp_path, handler) in ("package.inner.main", "main")


def test_modules_beside_the_handler_are_found_also_during_the_call(tmp_path: Path) -> None:
    write_code(tmp_path, "value = 1", "shared_by_test/a.py")
    write_code(tmp_path, "value = 2", "lazy_of_test.py")
    code = """
        from shared_by_test import a
        def handler(event, context):
            import lazy_of_test
            return a.value + lazy_of_test.value
    """
    write_code(tmp_path, code)
    assert answer(tmp_path, "app.handler") == 3
    assert "shared_by_test" not in sys.modules
    assert "lazy_of_test" not in sys.modules


def test_two_projects_may_call_their_module_the_same(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_code(tmp_path / name, f"def handler(event, context): return {name!r}")
    assert answer(tmp_path / "one", "app.handler") == "one"
    open_one = InProcessHandler(function_in(tmp_path / "one"))
    assert answer(tmp_path / "two", "app.handler") == "two"
    assert open_one.invoke(request()).response == "one"
    open_one.close()


def test_a_module_is_run_anew_for_the_next_handler(tmp_path: Path) -> None:
    write_code(
        tmp_path,
        "import os\nvalue = os.environ['WHICH']\ndef handler(event, context): return value",
    )
    for which in ("a", "b"):
        assert answer(tmp_path, "app.handler", environment={"WHICH": which}) == which


def test_a_file_named_like_a_module_of_python_hides_nothing(tmp_path: Path) -> None:
    import json

    write_code(tmp_path, "def handler(event, context): return 'mine'", "json.py")
    assert answer(tmp_path, "json.py:handler") == "mine"
    assert sys.modules["json"] is json


def test_dataclasses_work_in_a_file_given_by_path(tmp_path: Path) -> None:
    write_code(
        tmp_path,
        """
        from __future__ import annotations
        from dataclasses import asdict, dataclass
        @dataclass
        class Reading: temperature: float
        def handler(event, context): return asdict(Reading(1.5))
        """,
        "by_path.py",
    )
    assert answer(tmp_path, "by_path.py:handler") == {"temperature": 1.5}


@pytest.mark.parametrize(
    ("code", "handler", "problem"),
    [
        ("", "nowhere.handler", "there is no module nowhere in"),
        ("", "app/deeper.handler", "there is no module app.deeper in"),
        ("", "missing.py:handler", "there is no Python file"),
        ("def handle_it(): pass", "app.handle_ti", "app has no function handle_ti"),
        ("handler = 5", "app.handler", "handler in app is not a function but int"),
        ("import not_there_at_all", "app.handler", "failed: No module named 'not_there_at_all'"),
        ("from os import not_there", "app.handler", "cannot import name 'not_there'"),
        ("x = 1\n1 / 0", "app.handler", "failed: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "app.handler", "importing app failed: SystemExit: 3"),
        ("def f(:", "app.handler", "importing app failed: invalid syntax"),
        ("", "handler", "the handler 'handler' names no module"),
        ("", "sys.exit", "the handler's module sys is one of Python's own"),
    ],
)
def test_what_cannot_be_loaded_is_one_sentence(
    tmp_path: Path, code: str, handler: str, problem: str
) -> None:
    write_code(tmp_path, code)
    assert problem in str(refusal(tmp_path, handler))


def test_the_sentence_names_the_users_own_line(tmp_path: Path) -> None:
    write_code(tmp_path, "import json\n\njson.loads('{')")
    assert refusal(tmp_path, "app.handler").place == f"{tmp_path}/app.py, line 3"
    write_code(tmp_path, "\n\ndef f(:", "broken.py")
    assert refusal(tmp_path, "broken.handler").place == f"{tmp_path}/broken.py, line 3"


def test_a_near_name_is_suggested(tmp_path: Path) -> None:
    write_code(tmp_path, "def lambda_handler(event, context): pass")
    assert refusal(tmp_path, "app.lambda_handlr").advice == "Did you mean lambda_handler?"


def test_a_failed_import_leaves_nothing_behind(tmp_path: Path) -> None:
    import os
    import time

    before = dict(os.environ), sys.stdout, time.sleep
    write_code(tmp_path, "import os\nprint('x')\n1 / 0")
    refusal(tmp_path, "app.handler")
    assert (dict(os.environ), sys.stdout, time.sleep) == before
    assert "app" not in sys.modules
