"""The Python files of a project: what they define, and which of them import which."""

import ast
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_BYTES = 2 << 20  # of a file that is read


@dataclass
class Module:
    """A file, and what it defines at its top."""

    path: Path
    tree: ast.Module
    text: str
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)  # name → module, name there

    def __post_init__(self) -> None:
        for node in self.tree.body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.functions[node.name] = node
                case ast.Assign(targets=[ast.Name(id=name)]):
                    self.values[name] = node.value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self.values[name] = value
        for inner in ast.walk(self.tree):
            if isinstance(inner, ast.ImportFrom):
                module = "." * inner.level + (inner.module or "")
                for each in inner.names:
                    self.imports[each.asname or each.name] = module, each.name


def sources_of(folder: Path, handler: str) -> list[Path]:
    """The handler's file, and those of the project that it imports, directly or not."""
    module_name = handler.rpartition(".")[0].replace("/", ".")
    first = file_of(folder, module_name)
    found = [first] if first else []
    for path in found:
        module = read_module(path)
        for name in _imported(module) if module else ():
            other = file_of(folder, name) or beside(path, name)
            if other is not None and other not in found and len(found) < 200:
                found.append(other)
    return found


def uses_only(folder: Path, handler: str, packages: set[str]) -> bool:
    """Whether a handler's files import nothing but each other, Python's own and these packages."""
    files = sources_of(folder, handler)
    for path in files:
        module = read_module(path)
        if module is None:
            return False
        for name in _imported(module):
            first = name.partition(".")[0]
            is_known = not first or first in packages or first in sys.stdlib_module_names
            if not is_known and file_of(folder, first) is None:
                return False
    return bool(files)


def _imported(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            yield name
            yield from (f"{name}{'' if name.endswith('.') else '.'}{e.name}" for e in node.names)


def beside(path: Path, name: str) -> Path | None:
    """The file of a relative import, `.shared`."""
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return None
    folder = path.parent
    for _ in range(dots - 1):
        folder = folder.parent
    return file_of(folder, name.lstrip(".")) if name.lstrip(".") else None


def file_of(folder: Path, module: str) -> Path | None:
    """The file of a module, `package.module`; None: it is not of the project."""
    if not module or module.startswith("."):
        return None
    base = folder.joinpath(*module.split("."))
    for path in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
        try:
            if path.is_file():
                return path
        except (OSError, ValueError):
            return None
    return None


def read_module(path: Path) -> Module | None:
    """The module in a file; None: it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        text = path.read_text("utf-8", "replace")
        with warnings.catch_warnings(action="ignore"):  # of the user's code, such as "\d"
            return Module(path, ast.parse(text), text)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
