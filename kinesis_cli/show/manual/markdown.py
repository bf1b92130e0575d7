"""rich's Markdown, changed so that code and addresses can be copied whole. Costs rich's import.

rich breaks what is longer than a line, and within lists cuts it off.
"""

import re
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderResult
from rich.markdown import (
    BlockQuote,
    CodeBlock,
    Heading,
    ListItem,
    Markdown,
    Paragraph,
    TableElement,
)
from rich.segment import Segment
from rich.table import Table
from rich.text import Text


class Page(Markdown):
    """A page of the documentation."""


class _Code(CodeBlock):
    """As it stands in the page, whatever its length."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip("\n")
        for line in code.split("\n"):
            yield _whole(Text(f"  {line}".rstrip(), style="cyan"))


class _Heading(Heading):
    """At the left, where reading begins."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        self.text.stylize("bold")
        yield Text("")
        yield self.text
        if self.tag == "h1":
            yield Text("=" * min(self.text.cell_len, options.max_width), style="dim")


class _Paragraph(Paragraph):
    """Broken between words only: half an address leads nowhere."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in self.text.split("\n"):
            for line in part.divide(_breaks(part.plain, options.max_width)):
                line.rstrip()
                yield _whole(line)


class _ListItem(ListItem):
    def render_bullet(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _after(" • ", self.elements, console, options)

    def render_number(
        self, console: Console, options: ConsoleOptions, number: int, last_number: int
    ) -> RenderResult:
        mark = f"{number:>{len(str(last_number)) + 1}} "
        yield from _after(mark, self.elements, console, options)


class _Table(TableElement):
    """What is too long for its column goes on below."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for each in super().__rich_console__(console, options):
            if isinstance(each, Table):
                for column in each.columns:
                    column.overflow = "fold"
            yield each


class _Quote(BlockQuote):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _after("▌ ", self.elements, console, options, "▌ ")


def _after(
    first: str,
    renderable: ConsoleRenderable,
    console: Console,
    options: ConsoleOptions,
    later: str = "",
) -> RenderResult:
    """What is rendered, with a mark before its first line and room before the others."""
    inner = options.update(width=max(options.max_width - len(first), 1))
    mark = first
    for line in Segment.split_lines(console.render(renderable, inner)):
        yield Segment(mark)
        yield from line
        yield Segment.line()
        mark = later or " " * len(first)


def _breaks(text: str, width: int) -> Iterator[int]:
    """Where a line of so many columns ends, always before a word."""
    used = 0
    for word in re.finditer(r"\S+\s*", text):
        if used and used + cell_len(word[0].rstrip()) > width:
            yield word.start()
            used = 0
        used += cell_len(word[0])


def _whole(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ignore"
    return text


Page.elements = {
    **Markdown.elements,
    "blockquote_open": _Quote,
    "code_block": _Code,
    "fence": _Code,
    "heading_open": _Heading,
    "list_item_open": _ListItem,
    "paragraph_open": _Paragraph,
    "table_open": _Table,
}
