import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

import kinesis_cli
from kinesis_cli.errors import EndpointError, InputError, aws_code, is_access_denied

PACKAGE = Path(kinesis_cli.__file__).parent
# Attributes that hold an error's words. Not `msg`: JSONDecodeError has no code to tell a text that
# ends early by.
TEXTS = {"problem", "args", "message", "error_message", "strerror"}
SEARCHES = {"startswith", "endswith", "find", "index", "count", "partition", "rpartition"}


def test_awss_code_is_read_from_botocores_error_and_from_ours() -> None:
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")
    assert aws_code(refused) == "AccessDenied"
    assert aws_code(EndpointError("no", code="AccessDeniedException")) == "AccessDeniedException"


@pytest.mark.parametrize(
    "error", [ValueError("AccessDenied"), EndpointError("AccessDenied: no"), KeyError()]
)
def test_an_error_without_a_code_has_none_whatever_its_text(error: Exception) -> None:
    assert aws_code(error) == ""
    assert not is_access_denied(aws_code(error))


# --- Errors are told apart by class and code, never by their text ------------------------------


def judged_by_text(source: str) -> list[int]:
    """The lines of a module that look for something in the text of an exception."""
    return [
        node.lineno
        for scope in ast.walk(ast.parse(source))
        for name in error_names(scope)
        for node in ast.walk(scope)
        if isinstance(node, ast.expr) and looks_into(node, name)
    ]


def error_names(scope: ast.AST) -> Iterator[str]:
    """The names of exceptions that a part of a module knows: caught ones, and parameters."""
    if isinstance(scope, ast.ExceptHandler) and scope.name:
        yield scope.name
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        for argument in (*scope.args.args, *scope.args.kwonlyargs):
            kind = ast.unparse(argument.annotation) if argument.annotation else ""
            if kind.endswith(("Error", "Exception")):
                yield argument.arg


def looks_into(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Compare):
        return any(is_text_of(side, name) for side in (node.left, *node.comparators))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        on_text = node.func.attr in SEARCHES and is_text_of(node.func.value, name)
        of_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
        return on_text or (of_re and any(is_text_of(part, name) for part in node.args))
    return False


def is_text_of(node: ast.AST, name: str) -> bool:
    """Whether an expression is the text of the exception `name`: str(error), error.problem, …"""
    for part in ast.walk(node):
        match part:
            case ast.Call(func=ast.Name(id="str" | "repr"), args=[ast.Name(id=found)]):
                if found == name:
                    return True
            case ast.Attribute(value=ast.Name(id=found), attr=attribute):
                if found == name and attribute in TEXTS:
                    return True
            case ast.FormattedValue(value=ast.Name(id=found)):
                if found == name:
                    return True
    return False


@pytest.mark.parametrize(
    "line",
    [
        'if "AccessDenied" in error.problem: pass',
        'if "AccessDenied" in str(error): pass',
        'if not str(error).startswith("Resource"): pass',
        'if re.search("Denied", f"{error}"): pass',
        'if error.args[0] == "no": pass',
        'found = any(mark in str(error).lower() for mark in ("a", "b"))',
    ],
)
def test_the_rule_finds_what_it_forbids(line: str) -> None:
    assert judged_by_text(f"try:\n    pass\nexcept ValueError as error:\n    {line}\n") == [4]
    assert judged_by_text(f"def told(error: Exception) -> None:\n    {line}\n") == [2]


def test_no_module_tells_errors_apart_by_their_text() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 500
    lines = {str(path.relative_to(PACKAGE)): judged_by_text(path.read_text()) for path in files}
    assert {path: found for path, found in lines.items() if found} == {}


@pytest.mark.parametrize("member", ["problem", "place", "advice"])
def test_an_error_that_quotes_a_whole_file_is_still_a_sentence(member: str) -> None:
    text = f"there is no setting {'[' * 100_000!r} in it"
    error = InputError(**{"problem": "p", member: text})
    found = getattr(error, member)
    assert found.startswith("there is no setting '[[[")
    assert found.endswith("[[[' in it")
    assert len(found) <= 1_500
    assert len(str(error)) < 1_600
