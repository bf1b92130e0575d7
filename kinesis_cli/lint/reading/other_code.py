"""Whether a handler of another language reports batch item failures, told from words in its files.

Only the handler's own file counts, and in JavaScript those that it imports from the project: others
in the same folder may belong to other functions.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from kinesis_cli.lint.facts import Reports
from kinesis_cli.lint.reading.python_code import Judged
from kinesis_cli.lint.reading.python_modules import MAX_BYTES
from kinesis_cli.project.surroundings.files import JAVASCRIPT, TYPESCRIPT

_SCRIPTS = (*TYPESCRIPT, *JAVASCRIPT, ".jsx")
_MAX_FILES = 200

# What code says that answers with a report.
_REPORT = re.compile(
    r"\b(batchItemFailures?|BatchItemFailures?|batch_item_failures|processPartialResponse"
    r"|processPartialResponseSync|KinesisEventResponse|KinesisStreamBatchResponse"
    r"|StreamsEventResponse|createStreamsBatchHandler|withKinesisBatchHandler|BatchProcessor)\b"
)
_COMMENT = re.compile(
    r"//[^\n]*|/\*.*?\*/|(?P<kept>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)",
    re.DOTALL,
)
_HASH_COMMENT = re.compile(r"#(?!\{)[^\n]*")  # `#{` begins no comment but a value in a text
_IMPORT = re.compile(r"""(?:from\s*|require\(\s*|import\(?\s*)["'](?P<name>[^"'\n]+)["']""")

# Packages that do not touch what a handler returns.
_INERT = re.compile(
    r"node:|aws-sdk|@aws-sdk/|@smithy/|aws-lambda|@types/|aws-xray-sdk|@aws-lambda-powertools/"
    r"(logger|metrics|tracer)|(assert|buffer|crypto|fs|http|https|path|stream|url|util|zlib|uuid"
    r"|axios|pg|mysql2?|redis|ioredis|lodash|moment|dayjs|winston|pino|zod|ajv)(/|$)"
)


def judge_text(folder: Path, handler: str, runtime: str, entries: list[str]) -> Judged | None:
    """What words of a handler's files tell; None: they are not here.

    Args:
        folder: the root of the code.
        handler: as the template has it.
        runtime: "nodejs22.x", "java21", …
        entries: the files that esbuild bundles, where the template names them.
    """
    files = handler_files(folder, handler, runtime, entries)
    if not files:
        return None
    first = next(iter(files))
    begin, end = 0, len(files[first])
    if runtime.startswith("nodejs"):
        begin, end = _own_part(files[first], handler.rpartition(".")[2])
    is_shared = end - begin < len(files[first])
    for file, text in files.items():
        found = _REPORT.search(text, begin, end) if file == first else _REPORT.search(text)
        if found is not None and (file == first or not is_shared):
            line = text.count("\n", 0, found.start()) + 1
            return Judged(Reports.MENTIONED, file, line, found[0])
        if found is not None:
            return Judged(Reports.UNKNOWN, first)  # for whom is not known
    if runtime.startswith("nodejs") and not is_shared and _is_closed(files):
        return Judged(Reports.NEVER, first, _line_of(files[first], handler.rpartition(".")[2]))
    return Judged(Reports.UNKNOWN, first)


_EXPORT = re.compile(
    r"^(?:(?:module\.)?exports\.(?P<a>\w+)\s*="
    r"|export\s+(?:const|let|var|(?:async\s+)?function)\s+(?P<b>\w+))",
    re.MULTILINE,
)


def _own_part(text: str, name: str) -> tuple[int, int]:
    """Where a file is about one of the functions that it exports; all of it, if there is one."""
    exports = [(match["a"] or match["b"], match.start()) for match in _EXPORT.finditer(text)]
    if len(exports) < 2 or name not in dict(exports):
        return 0, len(text)
    begin = dict(exports)[name]
    return begin, min((at for _, at in exports if at > begin), default=len(text))


def handler_files(folder: Path, handler: str, runtime: str, entries: list[str]) -> dict[Path, str]:
    """The handler's file, and what of the project it imports; with their texts, no comments."""
    if runtime.startswith("nodejs"):
        return _javascript(folder, handler, entries)
    if runtime.startswith("java"):
        name = handler.partition("::")[0].rpartition(".")[2]
        return _read_all(_named(folder, f"{name}.java", f"{name}.kt", f"{name}.scala"))
    if runtime.startswith("dotnet"):
        name = handler.split("::")[1].rpartition(".")[2] if handler.count("::") == 2 else ""
        return _read_all(_named(folder, f"{name}.cs", f"{name}.fs")) if name else {}
    if runtime.startswith("ruby"):
        return _read_all(_named(folder, f"{handler.partition('.')[0]}.rb"))
    if runtime.startswith("provided") or runtime == "go1.x":
        go = [file for file in _glob(folder, "*.go") if not file.name.endswith("_test.go")]
        rust = [*_glob(folder, "src/main.rs")]
        return _read_all(go or rust)
    return {}


def _glob(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))[:_MAX_FILES]
    except (OSError, ValueError):
        return []


def _named(folder: Path, *names: str) -> list[Path]:
    found = [file for name in names for file in _glob(folder, f"**/{name}")]
    return [file for file in found if "test" not in file.parts][:1]


def _read_all(files: list[Path]) -> dict[Path, str]:
    return {file: text for file in files if (text := _read(file)) is not None}


def _read(file: Path) -> str | None:
    """A file's text, its comments blanked; None: it cannot be read."""
    try:
        if file.stat().st_size > MAX_BYTES:
            return None
        text = file.read_text("utf-8", "replace")
    except OSError:
        return None
    if file.suffix == ".rb":
        return _HASH_COMMENT.sub("", text)
    return _COMMENT.sub(_without, text)


def _without(match: re.Match[str]) -> str:
    kept = match["kept"]
    return kept if kept is not None else "\n" * match[0].count("\n")


def _javascript(folder: Path, handler: str, entries: list[str]) -> dict[Path, str]:
    module = handler.rpartition(".")[0]
    candidates = [folder / entry for entry in entries] or [folder / module, folder / "src" / module]
    first = next((file for each in candidates if (file := _module(each))), None)
    files: dict[Path, str] = {}
    waiting = [first] if first else []
    while waiting and len(files) < _MAX_FILES:
        file = waiting.pop(0)
        if file in files or (text := _read(file)) is None:
            continue
        files[file] = text
        for name in _imports(text):
            if name.startswith(".") and (other := _module(file.parent / name)):
                waiting.append(other)
    return files


def _module(path: Path) -> Path | None:
    """The file of `./shared`, `./shared.js` or `./shared/index.ts`."""
    stems = [path, path.with_suffix("")] if path.suffix in _SCRIPTS else [path]
    try:
        for stem in stems:
            for suffix in ("", *_SCRIPTS):
                file = stem.with_name(stem.name + suffix)
                if file.is_file():
                    return file.resolve()
            for suffix in _SCRIPTS:
                if (file := stem / f"index{suffix}").is_file():
                    return file.resolve()
    except (OSError, ValueError):
        return None
    return None


def _imports(text: str) -> Iterator[str]:
    return (match["name"] for match in _IMPORT.finditer(text))


def _is_closed(files: dict[Path, str]) -> bool:
    """Whether nothing that is not read here can change what is returned."""
    for file, text in files.items():
        for name in _imports(text):
            if name.startswith("."):
                if _module(file.parent / name) is None:
                    return False
            elif not _INERT.match(name):
                return False
    return True


def _line_of(text: str, name: str) -> int:
    match = re.search(rf"\b{re.escape(name)}\b", text) if name else None
    return text.count("\n", 0, match.start()) + 1 if match else 1
