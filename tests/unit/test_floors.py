"""The floors of the house, as far as the contracts in `pyproject.toml` do not see them."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

# The imports of all files are read once, by one worker.
pytestmark = pytest.mark.xdist_group("imports of kcli")
ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "kinesis_cli"
MAX_FILES = 20  # in one folder, `__init__.py` apart

Graph = Mapping[str, set[str]]


def imports_of(package: Path) -> dict[str, set[str]]:
    """Module -> the modules of the package that it imports, anywhere in its text."""
    files = {_name(path, package): path for path in package.rglob("*.py")}
    return {name: set(_imported(name, path, files)) for name, path in files.items()}


def _name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(module: str, path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, path, node)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            found = name if name in files else name.rpartition(".")[0]
            # `from . import NAME` in a package's own module asks the package, which is loaded
            if found in files and found != module and not module.startswith(f"{found}."):
                yield found


def _base(module: str, path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for _ in range(node.level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{node.module}" if node.module else package


def circle(graph: Graph) -> list[str]:
    """A way from a node back to itself; empty: there is none."""
    done: set[str] = set()

    def walk(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for following in sorted(graph.get(node, ())):
            if found := walk(following, [*way, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := walk(node, []))), [])


def within(graph: Graph, folder: str) -> dict[str, set[str]]:
    """The arrows between what lies directly in a folder, files and folders alike."""
    depth = folder.count(".") + 2
    inside: dict[str, set[str]] = {}
    for module, imported in graph.items():
        if module.startswith(f"{folder}."):
            here = ".".join(module.split(".")[:depth])
            there = {
                ".".join(each.split(".")[:depth])
                for each in imported
                if each.startswith(f"{folder}.")
            }
            inside.setdefault(here, set()).update(there - {here})
    return inside


@cache
def imports() -> Graph:
    """Those of kcli, read when a test asks: each worker imports this file."""
    return imports_of(PACKAGE)


FOLDERS = sorted({".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("*.py")})


def test_no_file_reaches_itself_through_its_imports() -> None:
    assert circle(imports()) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_lies_in_a_folder_has_an_order(folder: str) -> None:
    assert circle(within(imports(), folder)) == []


def test_a_circle_through_an_import_inside_a_function_is_found(tmp_path: Path) -> None:
    package = tmp_path / "house"
    (package / "room").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "room" / "__init__.py").write_text("")
    (package / "room" / "one.py").write_text("from house.room.two import thing\n")
    (package / "room" / "two.py").write_text("def f():\n    from .one import other\n")
    assert circle(imports_of(package)) == ["house.room.one", "house.room.two", "house.room.one"]


def test_no_folder_is_crowded() -> None:
    folders = [path.parent for path in PACKAGE.rglob("__init__.py")]
    counts = {
        str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) - 1 for folder in folders
    }
    assert {name: count for name, count in counts.items() if count > MAX_FILES} == {}


def test_the_map_for_contributors_shows_the_folders_as_they_are() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    map_ = text.partition("```\nkinesis_cli/\n")[2].partition("\nlambda_function/")[0]
    way: list[str] = []
    shown = set()
    for indent, name in re.findall(r"^( +)(\w+)/ ", map_, re.MULTILINE):
        way = [*way[: len(indent) // 2 - 1], name]
        shown.add("/".join(way))
    folders = {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.rglob("__init__.py")}
    assert shown == folders - {"."}


def test_the_tests_of_units_lie_in_rooms_that_there_are() -> None:
    others = {"data", "docs", "lambda_function", "snapshots"}
    folders = {
        str(path.parent.relative_to(ROOT / "tests" / "unit"))
        for path in (ROOT / "tests" / "unit").rglob("test_*.py")
    }
    rooms = {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.rglob("__init__.py")}
    assert folders - others <= rooms
