"""Looking through the files of a folder and just below, as far as that is quick."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

MAX_SIZE = 2 << 20  # bytes of a file that is looked into
MAX_LOOKED_AT = 300  # files
MAX_DEPTH = 5  # folders below the one where kcli runs
MAX_DEPTH_OF_HANDLER = 3  # as in packages/orders/src/index.ts

_TEMPLATE_SUFFIXES = (".yaml", ".yml", ".json", ".template")
_OF_TOOLS = ("package", "serverless", "cdk.")  # their own files, with a template within
# Files of code, by the ending of their names.
JAVASCRIPT = (".js", ".mjs", ".cjs")
TYPESCRIPT = (".ts", ".mts", ".cts", ".tsx")

_MADE = ("node_modules", "venv", "cdk.out", "target", "vendor", "site-packages")  # by tools
_TESTS = ("test", "tests", "__tests__")


def files_below(folder: Path, depth: int = MAX_DEPTH) -> Iterator[Path]:
    """The first files in a folder, then in those below it; what tools have made is left out."""
    return islice(_files(folder, depth), MAX_LOOKED_AT)


def folders_below(folder: Path, depth: int = MAX_DEPTH) -> list[Path]:
    """The first folders below, the near ones first."""
    return list(islice(_folders(folder, depth), MAX_LOOKED_AT))


def _files(folder: Path, depth: int) -> Iterator[Path]:
    for each in (folder, *_folders(folder, depth)):
        yield from (entry for entry in _entries(each) if entry.is_file())


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    """The folders below, the near ones first."""
    level = [folder]
    for _ in range(depth):
        level = [below for each in level for below in _entries(each) if _is_looked_into(below)]
        yield from level


def _is_looked_into(entry: Path) -> bool:
    is_made = entry.name.startswith(".") or entry.name in _MADE
    return not is_made and entry.is_dir() and not entry.is_symlink()


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def text_of(file: Path) -> bytes:
    """What is in a file; nothing, where it is large or cannot be read."""
    try:
        return file.read_bytes() if file.stat().st_size <= MAX_SIZE else b""
    except OSError:
        return b""


def has_function(file: Path) -> bool:
    """Whether a file is a template with a Lambda function, judged by its text."""
    text = text_of(file)
    return b"Resources" in text and (
        b"AWS::Serverless::Function" in text or b"AWS::Lambda::Function" in text
    )


def templates_below(folder: Path) -> list[Path]:
    """The templates with a function in a folder and just below; those with Kinesis come first."""
    found = [
        file
        for file in files_below(folder)
        if file.suffix in _TEMPLATE_SUFFIXES
        and not file.name.startswith(_OF_TOOLS)
        and has_function(file)
    ]
    return sorted(found, key=lambda file: b"Kinesis" not in text_of(file))


_SCRIPT = (
    rb"^(?:module\.)?exports\.(\w+) *= *(?:async *)?(?:function *\w* *)?\(? *_?event\b"
    rb"|^export (?:const|(?:async )?function) (\w+) *"
    rb"(?:: *[\w.<>, ]+)?(?:= *(?:async *)?)?\(? *_?event\b"
    # whatever its argument is called, and where another function makes it
    rb"|^(?:module\.)?exports\.(handler) *=|^export const (handler)\b"
)
_PYTHON = rb"^(?:async )?def (\w+)\(\s*_?event\b[^,)]*,\s*_?context\b"
_HANDLERS = {
    ".py": _PYTHON,
    **dict.fromkeys((*JAVASCRIPT, *TYPESCRIPT), _SCRIPT),
}


def handler_below(folder: Path) -> str | None:
    """What looks like a Lambda handler in a folder or below: "src/app.py:handler"."""
    for file in files_below(folder, depth=MAX_DEPTH_OF_HANDLER):
        pattern = _HANDLERS.get(file.suffix)
        if pattern is None or _is_test(file.relative_to(folder)):
            continue
        if match := re.search(pattern, text_of(file), re.MULTILINE):
            name = next(each for each in match.groups() if each)
            return f"{file.relative_to(folder)}:{name.decode()}"
    return None


def _is_test(file: Path) -> bool:
    is_named_so = file.name.startswith("test_") or ".test." in file.name or ".spec." in file.name
    return is_named_so or any(each in _TESTS for each in file.parts[:-1])
