"""Which of a project's Terraform folders is applied, and has a function: the rest are modules."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from kinesis_cli.project.surroundings.files import text_of

_MODULE = re.compile(rb"""\bsource\s*=\s*"(\.\.?/[^"]*)\"""")


def by_relevance(folders: Iterable[Path]) -> list[Path]:
    """Folders of Terraform: first those whose plan has a mapping, then a function; modules last.

    Args:
        folders: each with `.tf` files.
    """
    texts = {folder.resolve(): _text(folder) for folder in folders}
    uses = {folder: set(_modules(folder, text)) for folder, text in texts.items()}
    used = set().union(*uses.values()) if uses else set()

    def rank(folder: Path) -> tuple[bool, bool, bool]:
        text = b"".join(texts.get(each) or _text(each) for each in _reached(folder, uses))
        return (
            b"aws_lambda_event_source_mapping" not in text,
            b"aws_lambda_function" not in text,
            folder in used,
        )

    return sorted(texts, key=rank)


def _text(folder: Path) -> bytes:
    return b"\n".join(text_of(file) for file in sorted(folder.glob("*.tf")))


def _modules(folder: Path, text: bytes) -> Iterable[Path]:
    for match in _MODULE.finditer(text):
        yield (folder / match[1].decode("utf-8", "replace")).resolve()


def _reached(folder: Path, uses: Mapping[Path, set[Path]]) -> list[Path]:
    """A folder and the modules that it uses, and those that they use."""
    found = [folder]
    for each in found:
        found += [module for module in uses.get(each, ()) if module not in found]
    return found
