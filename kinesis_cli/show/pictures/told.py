"""A page that only tells: figures, tables and texts, without a script."""

import html
from collections.abc import Iterator, Sequence

import msgspec

from kinesis_cli.show.console import escape
from kinesis_cli.show.pictures.one_file import page_without_script


class Part(msgspec.Struct, frozen=True):
    """A part of the page, below a heading. Nothing in it needs to be harmless."""

    heading: str
    lines: Sequence[str] = ()
    head: Sequence[str] = ()  # of the table
    rows: Sequence[Sequence[str]] = ()
    text: str = ""  # as it is, with its line breaks


def told_page(
    title: str, lead: Sequence[str], figures: Sequence[tuple[str, str]], parts: Sequence[Part]
) -> str:
    """The page. The same gives the same text.

    Args:
        title: of the page.
        lead: sentences below it.
        figures: each with its name.
        parts: in their order.
    """
    body = [f"<h1>{_safe(title)}</h1>", *(f"<p>{_safe(sentence)}</p>" for sentence in lead)]
    if figures:
        pairs = (
            f"<div><dt>{_safe(name)}</dt><dd>{_safe(figure)}</dd></div>" for name, figure in figures
        )
        body.append(f"<dl>{''.join(pairs)}</dl>")
    for number, part in enumerate(parts):
        body += _part(part, f"part-{number}")
    return page_without_script(title, "\n".join(body))


def _part(part: Part, name: str) -> Iterator[str]:
    yield f'<section aria-labelledby="{name}"><h2 id="{name}">{_safe(part.heading)}</h2>'
    if part.rows:
        yield f'<div class="wide" tabindex="0" role="region" aria-labelledby="{name}">'
        yield '<table class="told">'
        heads = (f'<th scope="col">{_safe(head)}</th>' for head in part.head)
        yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
        for row in part.rows:
            yield f"<tr>{''.join(f'<td>{_safe(cell)}</td>' for cell in row)}</tr>"
        yield "</tbody></table></div>"
    if part.lines:
        yield f"<ul>{''.join(f'<li>{_safe(line)}</li>' for line in part.lines)}</ul>"
    if part.text:
        lines = "\n".join(_safe(line) for line in part.text.split("\n"))
        yield f'<pre tabindex="0">{lines}</pre>'
    yield "</section>"


def _safe(text: str) -> str:
    """A text for a page: visible, harmless, never markup."""
    return html.escape(escape(text))
