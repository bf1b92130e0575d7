"""Standard output and standard error: consoles, harmless text, JSON writers.

Importing this module costs nothing; rich is imported when a table is asked for.
"""

import sys
from functools import cache
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPE_WIDTH = 80  # columns, where there is no terminal to ask and no COLUMNS


def escape(text: str) -> str:
    """`text` made visible and harmless on a terminal: what is not printable becomes an escape.

    Covers ESC, U+009B (starts an escape sequence on some terminals), line breaks, lone surrogates
    of undecodable file names and the bidirectional marks that reorder a line.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def plain(text: str) -> "Text":
    """`text` for a table: escaped, and never taken for rich's markup."""
    from rich.text import Text

    return Text(escape(text))


@cache
def stdout_console() -> "Console":
    """The console of standard output.

    As wide as the terminal, COLUMNS, or 80 in a pipe. Colours on a terminal only, unless
    FORCE_COLOR asks for them; never with NO_COLOR (https://no-color.org).
    """
    import os

    from rich.console import Console

    class StdoutConsole(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # `main` ends quietly; rich would end the process itself

    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = None if on_terminal or os.environ.get("COLUMNS") else PIPE_WIDTH
    return StdoutConsole(width=width, highlight=False, emoji=False)


def note(text: str) -> None:
    """One line on standard error: something the user may want to know."""
    _write_error_line(escape(text))


def warn(text: str) -> None:
    """One line on standard error: something that is probably not what the user wants."""
    _write_error_line(f"warning: {escape(text)}")


def error(problem: str, advice: str = "") -> None:
    """Why kcli ends, one sentence on standard error, and below it what to do about it."""
    _write_error_line(f"kcli: {_sentence(problem)}")
    for line in advice.splitlines():
        _write_error_line(f"      {escape(line)}")


def _sentence(text: str) -> str:
    text = escape(text.strip())
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _write_error_line(line: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def write_json(document: object, file: IO[str] | None = None) -> None:
    """Write `document` as one indented JSON document and a line break.

    Numbers are exact (`repr`); NaN and infinities are refused, since JSON has none. All that is
    not ASCII is written as an escape, so that nothing in it can act on a terminal, and any reader
    gets the same string back.

    Args:
        document: what `json.dumps` takes.
        file: default: standard output.
    """
    import json

    _write(json.dumps(document, indent=2, allow_nan=False).replace("\x7f", "\\u007f"), file)


def write_line(document: object, file: IO[str] | None = None) -> None:
    """Write `document` as one line of JSON (NDJSON), safe as `write_json` says."""
    import json

    line = json.dumps(document, separators=(",", ":"), allow_nan=False)
    _write(line.replace("\x7f", "\\u007f"), file)


def _write(text: str, file: IO[str] | None) -> None:
    stream = sys.stdout if file is None else file
    if stream is not None:
        stream.write(text)
        stream.write("\n")
