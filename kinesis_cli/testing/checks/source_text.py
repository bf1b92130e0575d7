"""What a function's sources name: the words that its code knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.project.function import Function

MAX_FILES = 200
MAX_FILE_BYTES = 500_000
MAX_WORDS = 24
_MAX_WORD = 64  # characters
_SKIPPED = frozenset(
    {"node_modules", "site-packages", "tests", "test", "__pycache__", "dist-info", "target"}
)
_LANGUAGES = (".py", ".js", ".mjs", ".cjs", ".ts", ".go", ".rs", ".java", ".kt", ".rb", ".cs")
# What code says that reports single records, itself or through Powertools.
_REPORTING = (
    "itemIdentifier",
    "ItemIdentifier",
    "item_identifier",
    "BatchProcessor",
    "batch_processor",
    "process_partial_response",
    "processPartialResponse",
    "BatchItemFailure",
)
# Of every handler of Kinesis: no members of a payload.
_OF_EVENTS = frozenset(
    {"Records", "kinesis", "data", "sequenceNumber", "partitionKey", "eventID", "itemIdentifier"}
    | {"batchItemFailures", "approximateArrivalTimestamp", "eventSourceARN", "awsRegion", "utf-8"}
    | {"statusCode", "body", "eventName", "eventSource", "eventVersion", "kinesisSchemaVersion"}
)


def names_failures(function: Function) -> bool | None:
    """Whether the code names what a report of failed records is made of; None: nothing to read."""
    texts = list(_texts(function.code_uri))
    if not texts:
        return None
    return any(word in text for _, text in texts for word in _REPORTING)


def words_of(function: Function) -> list[object]:
    """Texts and numbers that the code compares with, or names: what may make a difference to it."""
    found: dict[object, None] = {}
    for path, text in _texts(function.code_uri):
        if path.suffix == ".py":
            for node in _nodes(text):
                for value in _constants(node):
                    found.setdefault(value, None)
    return list(found)[:MAX_WORDS]


def members_of(function: Function) -> list[str]:
    """Names that the code looks up in objects: what payloads seem to have."""
    found: dict[str, None] = {}
    for path, text in _texts(function.code_uri):
        if path.suffix == ".py":
            for node in _nodes(text):
                if (name := _member(node)) and name not in _OF_EVENTS:
                    found.setdefault(name, None)
    return list(found)[:MAX_WORDS]


def _texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """The sources of a folder, in the order of their names."""
    number = 0
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if any(part in _SKIPPED or part.startswith(".") for part in inside[:-1]):
            continue
        if path.suffix not in _LANGUAGES or not path.is_file():
            continue
        number += 1
        if number > MAX_FILES:
            return
        try:
            if path.stat().st_size <= MAX_FILE_BYTES:
                yield path, path.read_text("utf-8", "replace")
        except OSError:
            continue


def _nodes(text: str) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return


def _constants(node: ast.AST) -> Iterator[object]:
    """The constants of a comparison or a collection."""
    if isinstance(node, ast.Compare):
        parts: list[ast.expr] = [node.left, *node.comparators]
    elif isinstance(node, ast.Set | ast.Tuple | ast.List):
        parts = list(node.elts)
    elif isinstance(node, ast.MatchValue):
        parts = [node.value]
    else:
        return
    for part in parts:
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub):
            part = part.operand
        if not isinstance(part, ast.Constant):
            continue
        match part.value:
            case bool():
                pass
            case int() | float() as number:
                yield number
                yield -number
                yield number + 1
            case str() as word if 0 < len(word) <= _MAX_WORD:
                yield word


def _member(node: ast.AST) -> str | None:
    key: ast.expr | None = None
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        key = node.slice
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and node.args
    ):
        key = node.args[0]
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value if 0 < len(key.value) <= _MAX_WORD else None
    return None
