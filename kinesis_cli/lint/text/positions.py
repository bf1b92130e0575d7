"""Where each value of a template is written: its line, and its extent in the text.

YAML is composed a second time, which knows the marks that loading throws away; JSON has a scanner
of its own, since not all JSON is YAML. Only a template with findings is asked.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kinesis_cli.lint.rule import Path

if TYPE_CHECKING:
    import yaml

Form = Literal["scalar", "block", "flow"]  # flow: {…} or […], all of JSON too


@dataclass(frozen=True, slots=True)
class Span:
    """A value's place. Lines count from 1, characters from 0."""

    line: int  # of its key; of an element of a list, of itself
    column: int  # of its key, from 1
    key_start: int
    start: int  # of the value
    end: int
    last_line: int  # that has something of it
    form: Form
    is_tagged: bool = False  # an intrinsic in its short form


class Positions:
    """The places of a text's values.

    Args:
        text: YAML or JSON.
        is_json: which of the two.
    """

    def __init__(self, text: str, *, is_json: bool) -> None:
        self.text = text
        self.is_json = is_json
        self._spans: dict[Path, Span] = {}
        (_Json if is_json else _Yaml)(text, self._spans.__setitem__).read()

    def get(self, path: Path) -> Span | None:
        """The place of a value; None: it is not written there."""
        return self._spans.get(path)

    def nearest(self, path: Path) -> Span | None:
        """The place of a value, or of the nearest that it would be in."""
        while path and path not in self._spans:
            path = path[:-1]
        return self._spans.get(path)

    def items(self) -> Iterator[tuple[Path, Span]]:
        """All of them, what is outside before what is in it."""
        return iter(self._spans.items())

    def children(self, path: Path) -> list[Span]:
        """The places of what is right in a map or list, in the order of the text."""
        depth = len(path)
        found = (
            span
            for each, span in self._spans.items()
            if len(each) == depth + 1 and each[:depth] == path
        )
        return sorted(found, key=lambda span: span.key_start)


Keep = Callable[[Path, Span], None]


class _Yaml:
    def __init__(self, text: str, keep: Keep) -> None:
        self._text, self._keep = text, keep

    def read(self) -> None:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        node = yaml.compose(self._text, Loader=loader)
        if node is not None:
            self._walk(node, (), node.start_mark, set())

    def _walk(self, node: "yaml.Node", path: Path, key: "yaml.Mark", open_: set[int]) -> int:
        """Keep a value and what is in it; returns the last line that has something of it."""
        import yaml

        start, end = node.start_mark, node.end_mark
        form: Form = "scalar"
        if isinstance(node, yaml.CollectionNode):
            form = "flow" if node.flow_style else "block"
        tagged = node.tag.startswith("!")
        last = max(key.line + 1, self._last_line(start, end))

        def keep() -> None:
            place = key.line + 1, key.column + 1, key.index
            self._keep(path, Span(*place, start.index, end.index, last, form, tagged))

        keep()  # before what is in it
        if id(node) in open_:
            return last  # an alias that leads back to itself
        inside = (*path, _intrinsic(node.tag)) if tagged else path
        open_ = open_ | {id(node)}
        lines = [key.line + 1]
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                if isinstance(name, yaml.ScalarNode):
                    step = (*inside, str(name.value))
                    lines.append(self._walk(value, step, name.start_mark, open_))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                lines.append(self._walk(value, (*inside, index), value.start_mark, open_))
        if form == "block":  # its end mark is behind the comments that follow
            last = max(lines)
            keep()
        return last

    def _last_line(self, start: "yaml.Mark", end: "yaml.Mark") -> int:
        """The last line that has something of a plain value: its end may be lines below."""
        length = len(self._text[start.index : end.index].rstrip())
        return start.line + 1 + self._text.count("\n", start.index, start.index + length)


def _intrinsic(tag: str) -> str:
    name = tag.removeprefix("!")
    return name if name in ("Ref", "Condition") else f"Fn::{name}"


_TOKEN = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)', re.DOTALL)


class _Json:
    """A walk over the tokens of JSON that was read without error."""

    def __init__(self, text: str, keep: Keep) -> None:
        self._text, self._keep = text, keep
        self._at, self._line, self._counted = 0, 1, 0

    def read(self) -> None:
        self._value((), None)

    def _next(self) -> tuple[str, int]:
        match = _TOKEN.match(self._text, self._at)
        assert match is not None  # it is JSON
        self._at = match.end()
        return match[1], match.start(1)

    def _mark(self, at: int) -> tuple[int, int]:
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line, at - self._text.rfind("\n", 0, at)

    def _value(self, path: Path, key: tuple[int, int, int] | None) -> None:
        token, start = self._next()
        line, column = self._mark(start)
        key = key or (line, column, start)
        form: Form = "flow" if token in ("{", "[") else "scalar"
        # kept before what is in it, and again with its end
        self._keep(path, Span(*key, start, start, line, form))
        if token == "{":
            self._members(path)
        elif token == "[":
            self._elements(path)
        last, _ = self._mark(self._at)
        self._keep(path, Span(*key, start, self._at, last, form))

    def _members(self, path: Path) -> None:
        token, start = self._next()
        while token != "}":
            if token == ",":
                token, start = self._next()
            key = (*self._mark(start), start)
            self._next()  # the colon
            self._value((*path, json.loads(token)), key)
            token, start = self._next()

    def _elements(self, path: Path) -> None:
        before = self._at
        token, _ = self._next()
        index = 0
        while token != "]":
            self._at = self._at if token == "," else before
            self._value((*path, index), None)
            index += 1
            before = self._at
            token, _ = self._next()
