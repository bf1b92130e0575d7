"""A template's text: what stands in it, where, and how a change of it would look."""

import difflib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath

from kinesis_cli.errors import InputErrors
from kinesis_cli.lint.rule import Path
from kinesis_cli.lint.text.positions import Positions, Span
from kinesis_cli.places.whole_files import read_whole
from kinesis_cli.project.template.file import parse_template

_BOM = "\ufeff"


@dataclass(frozen=True)
class Document:
    """A template's text.

    Args:
        path: the file, or what stands for it in messages.
        raw: the text, line ends as they are.
    """

    path: FilePath
    raw: str

    @classmethod
    def read(cls, path: FilePath) -> "Document":
        """The text of a file.

        Raises:
            InputError: it cannot be read.
        """
        with InputErrors(path):
            return cls(path, read_whole(path).decode("utf-8"))

    @property
    def text(self) -> str:
        """Without the mark that may begin a file."""
        return self.raw.removeprefix(_BOM)

    @property
    def is_json(self) -> bool:
        """As `parse_template` tells it."""
        return self.path.suffix == ".json" or self.text.lstrip().startswith("{")

    @cached_property
    def positions(self) -> Positions:
        """Where what is written."""
        return Positions(self.text, is_json=self.is_json)

    def span(self, path: Path) -> Span | None:
        """The place of a value, or of what it would be in; None: there is none.

        Of what is missing among the Properties of a resource or an event, that one's own.
        """
        if self.positions.get(path) is None and "Properties" in path:
            end = len(path) - path[::-1].index("Properties")
            if self.positions.get(path[: end + 1]) is None:
                path = path[: end - 1]
        return self.positions.nearest(path)

    def line(self, path: Path) -> int | None:
        """The line of a value or of what it would be in; None: there is none."""
        span = self.span(path)
        return None if span is None else span.line

    @cached_property
    def document(self) -> object:
        """What the text stands for.

        Raises:
            InputError: it is neither YAML nor JSON.
        """
        return parse_template(self.text, self.path)

    def with_text(self, text: str) -> "Document":
        """The same file with another text."""
        bom = _BOM if self.raw.startswith(_BOM) else ""
        return Document(self.path, bom + text)

    def diff_to(self, other: "Document") -> str:
        """A unified diff that `git apply` and `patch -p1` take."""
        name = shown(self.path)
        lines = difflib.unified_diff(
            self.raw.splitlines(keepends=True),
            other.raw.splitlines(keepends=True),
            f"a/{name}",
            f"b/{name}",
        )
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        )


def shown(path: FilePath) -> str:
    """A path as a user would write it here."""
    try:
        return path.absolute().relative_to(FilePath.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
