"""What a function's sources name: the words that its code knows."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from kinesis_cli.project.function import Function
from kinesis_cli.project.surroundings.files import JAVASCRIPT, TYPESCRIPT

MAX_FILES = 200
MAX_FILE_BYTES = 500_000
MAX_WORDS = 24
_MAX_WORD = 64  # characters
_SKIPPED = frozenset(
    {"node_modules", "site-packages", "tests", "test", "__pycache__", "dist-info", "target"}
)
_LANGUAGES = (
    *(".py", ".go", ".rs", ".java", ".kt", ".rb", ".cs"),
    *(*JAVASCRIPT, *TYPESCRIPT),
)
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
    if _returns_nothing(function, texts):
        return False
    return any(word in text for _, text in texts for word in _REPORTING)


def depends_on_payloads_only(function: Function) -> bool:
    """Whether code that reads JSON uses nothing that can fail, besides what records carry.

    Python that imports what computes, and nothing that reaches beyond the process.
    """
    texts = list(_texts(function.code_uri))
    if not texts or any(path.suffix != ".py" for path, _ in texts):
        return False
    own = {path.stem for path, _ in texts} | {path.parent.name for path, _ in texts}
    used = {name for _, text in texts for node in _nodes(text) for name in _imported(node)}
    return used <= _COMPUTING | own and any("json.loads" in text for _, text in texts)


# Modules of Python's that compute, or log.
_COMPUTING = frozenset(
    {"__future__", "abc", "asyncio", "base64", "binascii", "collections", "concurrent", "copy"}
    | {"contextlib", "dataclasses", "datetime", "decimal", "enum", "functools", "gzip", "hashlib"}
    | {"itertools", "json", "logging", "math", "operator", "os", "queue", "re", "statistics"}
    | {"string", "struct", "sys", "threading", "time", "traceback", "types", "typing", "uuid"}
    | {"zlib", "zoneinfo"}
)


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [each.name.partition(".")[0] for each in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module.partition(".")[0]]
    return []


def _returns_nothing(function: Function, texts: Sequence[tuple[Path, str]]) -> bool:
    """Whether the handler is a plain function of Python without a return that has a value."""
    module, _, name = function.handler.replace(":", ".").rpartition(".")
    file = module.removesuffix(".py").replace(".", "/")
    for path, text in texts:
        if path.suffix != ".py" or not path.with_suffix("").as_posix().endswith(f"/{file}"):
            continue
        for node in _nodes(text):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return not node.decorator_list and not any(map(_gives, _own_nodes(node)))
    return False


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _gives(node: ast.AST) -> bool:
    if isinstance(node, ast.Return):
        is_none = isinstance(node.value, ast.Constant) and node.value.value is None
        return node.value is not None and not is_none
    return isinstance(node, ast.Yield | ast.YieldFrom)


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
