"""Standard output and standard error: consoles, harmless text, JSON writers.

Importing this module costs nothing; rich is imported when a table is asked for.
"""

import sys
from functools import cache
from typing import IO, TYPE_CHECKING

from kinesis_cli.stream.escaping import escape as escape

if TYPE_CHECKING:
    import re

    from rich.console import Console
    from rich.text import Text

PIPE_WIDTH = 80  # columns, where there is no terminal to ask and no COLUMNS


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
    from shutil import get_terminal_size

    from rich.console import Console

    class StdoutConsole(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # `main` ends quietly; rich would end the process itself

    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = None if os.environ.get("COLUMNS") else PIPE_WIDTH
    if on_terminal:
        # rich asks the descriptors 0 to 2, and a handler's log may have two of them
        width = (
            None if sys.stdin is not None and sys.stdin.isatty() else get_terminal_size().columns
        )
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

    Numbers keep their value; NaN and infinities, which JSON does not have, become null. All that is
    not printable ASCII is written as an escape, so that nothing in it can act on a terminal, and
    any reader gets the same string back. Half a surrogate pair, which strict readers refuse, is
    written as U+FFFD.

    Args:
        document: of `show.shapes`; or dicts, lists, strings, numbers, booleans and None.
        file: default: standard output.
    """
    import msgspec

    write_text(f"{msgspec.json.format(json_text(document), indent=2)}\n", file)


def write_document(document: object, output: str) -> None:
    """Write a result that is one document: indented for "json", as one line for "ndjson"."""
    (write_json if output == "json" else write_line)(document)


def write_line(document: object, file: IO[str] | None = None, *, end: str = "\n") -> None:
    """Write `document` as one line of JSON (NDJSON), safe as `write_json` says."""
    write_text(json_text(document) + end, file)


def json_text(document: object) -> str:
    """A document as one line of JSON, safe as `write_json` says."""
    import msgspec

    try:
        text = msgspec.json.encode(document).decode()  # a tenth of the time of json.dumps
    except (OverflowError, UnicodeEncodeError):  # an integer beyond 64 bits, a lone surrogate
        import json

        plain_values = msgspec.to_builtins(document, enc_hook=msgspec.json.decode)
        text = json.dumps(_sound(plain_values), separators=(",", ":"))
    if text.isascii() and "\x7f" not in text:
        return text
    import re

    return re.sub("[\x7f-\U0010ffff]", _escaped, text)


def _escaped(match: "re.Match[str]") -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _sound(value: object) -> object:
    """Return a JSON value without what JSON does not have: infinities, halves of characters."""
    match value:
        case dict():
            return {_sound(name): _sound(member) for name, member in value.items()}
        case list() | tuple():
            return [_sound(member) for member in value]
        case float() if value - value != 0:
            return None
        case str() if not value.isascii():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case _:
            return value


def write_text(text: str, file: IO[str] | None = None) -> None:
    """Write text that is harmless already, e.g. parts of a JSON document."""
    stream = sys.stdout if file is None else file
    if stream is not None:
        stream.write(text)


def flush() -> None:
    """Let what was written be seen now, also through a pipe."""
    if sys.stdout is not None:
        sys.stdout.flush()
