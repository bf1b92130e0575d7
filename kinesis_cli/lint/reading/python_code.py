"""Whether a Python handler reports batch item failures, told from its syntax tree.

A return is followed to what it stands for: a dict, a name that was given one, a call of a function
of the project. What cannot be followed is not known, and nothing is said about it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kinesis_cli.lint.facts import Reports
from kinesis_cli.lint.reading.python_modules import Module, beside, file_of, read_module

KEY = "batchItemFailures"
_MAX_DEPTH = 8  # from a call to the function that it calls

# Calls whose result is a report. Source:
# https://docs.powertools.aws.dev/lambda/python/latest/utilities/batch/
_REPORTING_CALLS = {
    "process_partial_response",
    "async_process_partial_response",
}
# Decorators that leave what a handler returns as it is.
_TRANSPARENT = {
    "async_batch_processor",
    "batch_processor",
    "capture",
    "capture_lambda_handler",
    "capture_method",
    "event_parser",
    "event_source",
    "idempotent",
    "inject_lambda_context",
    "log_metrics",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and the line that tells it."""

    reports: Reports
    file: Path
    line: int = 1
    word: str = KEY  # that was found there


def judge(folder: Path, handler: str) -> Judged | None:
    """What a handler returns; None: it is not found.

    Args:
        folder: the root of the code, as Lambda has it on the path.
        handler: "package/module.function", "package.module.function".
    """
    module_name, _, name = handler.rpartition(".")
    path = file_of(folder, module_name.replace("/", "."))
    if path is None or (module := read_module(path)) is None:
        return None
    try:
        return _Judge(folder).handler(module, name)
    except RecursionError:  # an expression of thousands of terms
        return Judged(Reports.UNKNOWN, path)


class _Judge:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked: set[tuple[Path, str]] = set()

    def handler(self, module: Module, name: str) -> Judged:
        """The verdict on a handler: never is said only where nothing can change what it returns."""
        found = self._function(module, name)
        if found is None:
            return Judged(_mentions(module, name), module.path)
        where, function = found
        verdict = self._returns(where, function, 0)
        if verdict.reports is Reports.NEVER and not _is_plain(function):
            return Judged(Reports.UNKNOWN, where.path, function.lineno)
        if verdict.reports is Reports.UNKNOWN:
            return Judged(_mentions(where, function.name), where.path, function.lineno)
        return verdict

    def _function(
        self, module: Module, name: str
    ) -> tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef] | None:
        if name in module.functions:
            return module, module.functions[name]
        if name in module.imports:
            source, there = module.imports[name]
            path = file_of(self._folder, source) or beside(module.path, source)
            other = read_module(path) if path else None
            if other is not None and there in other.functions:
                return other, other.functions[there]
        return None

    def _returns(
        self, module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, depth: int
    ) -> Judged:
        """The verdict on all returns of a function."""
        never = Judged(Reports.NEVER, module.path, function.lineno)
        key = module.path, function.name
        if depth > _MAX_DEPTH or key in self._asked:
            return Judged(Reports.UNKNOWN, module.path, function.lineno)
        self._asked.add(key)
        unknown = None
        for node in _own_nodes(function):
            if isinstance(node, ast.Yield | ast.YieldFrom):
                unknown = Judged(Reports.UNKNOWN, module.path, node.lineno)
            if not isinstance(node, ast.Return) or node.value is None:
                continue
            match self._value(module, function, node.value, depth):
                case Reports.YES:
                    return Judged(Reports.YES, module.path, node.lineno)
                case Reports.UNKNOWN | Reports.MENTIONED:
                    unknown = Judged(Reports.UNKNOWN, module.path, node.lineno)
        return unknown or never

    def _value(
        self,
        module: Module,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        value: ast.expr,
        depth: int,
    ) -> Reports:
        """Whether an expression is a report."""
        if depth > _MAX_DEPTH:
            return Reports.UNKNOWN
        match value:
            case ast.Constant() | ast.JoinedStr():
                return Reports.NEVER
            case ast.List() | ast.Tuple() | ast.ListComp() | ast.Compare():
                return Reports.NEVER
            case ast.Dict(keys=keys):
                return _of_keys([self._text(module, key) for key in keys])
            case ast.Await(value=inner):
                return self._value(module, function, inner, depth + 1)
            case ast.IfExp(body=body, orelse=other):
                return _either(
                    self._value(module, function, body, depth + 1),
                    self._value(module, function, other, depth + 1),
                )
            case ast.BoolOp(values=values):
                return _either(*(self._value(module, function, v, depth + 1) for v in values))
            case ast.Name(id=name):
                return self._name(module, function, name, depth + 1)
            case ast.Call():
                return self._call(module, function, value, depth + 1)
        return Reports.UNKNOWN

    def _text(self, module: Module, key: ast.expr | None) -> str | None:
        """A key of a dict; None: it is not known, or another dict is unpacked there."""
        if isinstance(key, ast.Name):
            key = module.values.get(key.id)
        if isinstance(key, ast.Constant):
            return str(key.value)
        return None

    def _name(
        self,
        module: Module,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        name: str,
        depth: int,
    ) -> Reports:
        """What a name was given, in the function or in the module."""
        given: list[Reports] = []
        for node in _own_nodes(function):
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        if isinstance(target, ast.Name) and target.id == name:
                            given.append(self._value(module, function, value, depth))
                        elif _subscript_of(target, name):
                            assert isinstance(target, ast.Subscript)
                            given.append(_of_keys([self._text(module, target.slice)]))
                        elif name in _names(target):
                            given.append(Reports.UNKNOWN)
                case ast.AnnAssign(target=ast.Name(id=other), value=ast.expr() as value) if (
                    other == name
                ):
                    given.append(self._value(module, function, value, depth))
                case ast.Call(func=ast.Attribute(value=ast.Name(id=other), attr=method)) if (
                    other == name and method in ("update", "setdefault", "__setitem__")
                ):
                    given.append(Reports.UNKNOWN)
                case ast.Call(args=arguments) if any(
                    isinstance(each, ast.Name) and each.id == name for each in arguments
                ):
                    # whoever gets it may change it, unless it only looks
                    if not _only_looks(node):
                        given.append(Reports.UNKNOWN)
                case ast.For(target=target) | ast.withitem(optional_vars=ast.expr() as target) if (
                    name in _names(target)
                ):
                    given.append(Reports.UNKNOWN)
                case ast.AugAssign(target=ast.Name(id=other)) if other == name:
                    given.append(Reports.UNKNOWN)
                case ast.NamedExpr(target=ast.Name(id=other)) if other == name:
                    given.append(Reports.UNKNOWN)
        if given:
            return _either(*given)
        if name in module.values:
            return self._value(module, function, module.values[name], depth)
        return Reports.UNKNOWN

    def _call(
        self,
        module: Module,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        call: ast.Call,
        depth: int,
    ) -> Reports:
        match call.func:
            case ast.Name(id="dict"):
                if call.args:
                    return Reports.UNKNOWN
                return _of_keys([keyword.arg for keyword in call.keywords])
            case ast.Name(id="str" | "len" | "int" | "bool" | "list" | "print"):
                return Reports.NEVER
            case ast.Name(id=name) | ast.Attribute(attr=name) if (
                module.imports.get(name, ("", name))[1] in _REPORTING_CALLS
            ):
                return Reports.YES
            case ast.Attribute(value=ast.Name(id=name), attr="response"):
                # Powertools' BatchProcessor
                made = module.values.get(name)
                is_one = made is not None and "Processor" in ast.dump(made)
                return Reports.YES if is_one or "processor" in name else Reports.UNKNOWN
            case ast.Attribute(value=ast.Name(id="json"), attr="dumps"):
                return Reports.UNKNOWN
            case ast.Attribute(value=ast.Name(id="asyncio"), attr="run") if call.args:
                return self._value(module, function, call.args[0], depth)
            case ast.Name(id=name):
                if found := self._function(module, name):
                    return self._returns(*found, depth).reports
        return Reports.UNKNOWN


def _own_nodes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """What is in a function, without what is in those defined within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting[:0] = ast.iter_child_nodes(node)


def _of_keys(keys: list[str | None]) -> Reports:
    if KEY in keys:
        return Reports.YES
    return Reports.UNKNOWN if None in keys else Reports.NEVER


def _either(*verdicts: Reports) -> Reports:
    for reports in (Reports.YES, Reports.UNKNOWN):
        if reports in verdicts:
            return reports
    return Reports.NEVER


def _names(target: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _subscript_of(target: ast.AST, name: str) -> bool:
    return (
        isinstance(target, ast.Subscript)
        and isinstance(target.value, ast.Name)
        and target.value.id == name
    )


def _only_looks(call: ast.AST) -> bool:
    assert isinstance(call, ast.Call)
    match call.func:
        case ast.Name(id="print" | "str" | "len" | "repr" | "type" | "isinstance"):
            return True
        case ast.Attribute(attr="debug" | "info" | "warning" | "error" | "exception" | "dumps"):
            return True
    return False


def _is_plain(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether what it returns is what Lambda gets."""
    return all(_decorator_name(each) in _TRANSPARENT for each in function.decorator_list)


def _decorator_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _decorator_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


_WORDS = re.compile(rf"\b({KEY}|process_partial_response)\b")


def _mentions(module: Module, handler: str) -> Reports:
    """Whether a handler that cannot be followed speaks of a report, in code that is its own.

    That is the function and those of the module that it names; else the whole module, where no
    other function of it looks like a handler.
    """
    if handler in module.functions:
        nodes: list[ast.AST] = list(_named(module, handler))
    elif any(map(_looks_like_handler, module.functions.values())):
        return Reports.UNKNOWN
    else:
        nodes = [module.tree]
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant):
                inner.value = ast.Constant(None)  # a docstring
        if _WORDS.search(ast.unparse(node)):
            return Reports.MENTIONED
    return Reports.UNKNOWN


def _named(module: Module, handler: str) -> Iterator[ast.AST]:
    """A function, and what of the module it names, directly or not."""
    waiting, seen = [handler], {handler}
    while waiting:
        name = waiting.pop()
        node = module.functions.get(name) or module.values.get(name)
        if node is None:
            continue
        yield node
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id not in seen:
                seen.add(inner.id)
                waiting.append(inner.id)


def _looks_like_handler(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = [argument.arg.strip("_") for argument in function.args.args]
    return names in (["event", "context"], ["event", "ctx"])
