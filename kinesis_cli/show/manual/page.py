"""A page of the documentation as text: on a terminal page by page, in a pipe without any style."""

import io
import sys
from collections.abc import Collection

from kinesis_cli.manual.topics import GROUPS, Page
from kinesis_cli.show.cells import cut
from kinesis_cli.show.console import PIPE_WIDTH, stdout_console, write_text
from kinesis_cli.show.manual.pager import show_paged
from kinesis_cli.show.manual.readable import readable

MAX_WIDTH = 100  # columns; longer lines are hard to read


def show_topics() -> None:
    """List the pages."""
    width = max(len(topic) for pages in GROUPS.values() for topic in pages.values())
    for group, pages in GROUPS.items():
        write_text(f"{group}\n")
        for title, topic in pages.items():
            write_text(f"  {topic:{width}}  {cut(title, 60)}\n")
    write_text("\n`kcli docs TOPIC` shows one, `kcli docs K003` a rule of `kcli lint`.\n")


def show_page(page: Page, topics: Collection[str]) -> None:
    """Print a page.

    Args:
        page: of which topic.
        topics: what links may lead to by `kcli docs`.
    """
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = min(stdout_console().width, MAX_WIDTH) if on_terminal else PIPE_WIDTH
    text = rendered(page.text, topics, width, is_styled=on_terminal)
    if on_terminal:
        show_paged(text)
    else:
        write_text(text)


def rendered(markdown: str, topics: Collection[str], width: int, *, is_styled: bool) -> str:
    """Markdown as text of so many columns.

    Args:
        markdown: of kcli's own pages.
        topics: what links may lead to by `kcli docs`.
        width: columns.
        is_styled: with colours, where they are wanted at all (NO_COLOR).
    """
    from rich.console import Console

    from kinesis_cli.show.manual.markdown import Page as Rendered

    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=is_styled,
        color_system="auto" if is_styled else None,
        emoji=False,
        highlight=False,
    )
    with console.capture() as captured:
        text = readable(markdown, topics, is_plain=not is_styled)
        console.print(Rendered(text, hyperlinks=is_styled), crop=False)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())
