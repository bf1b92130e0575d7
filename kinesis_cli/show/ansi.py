"""Width and colours of standard output without rich, which takes long to import.

For lines that are written as they are: in a pipe, and where colours say little more than the text.
"""

import os
import shutil
import sys

from kinesis_cli.show.console import PIPE_WIDTH

BOLD, DIM, RED, GREEN, YELLOW = 1, 2, 31, 32, 33


def is_styled() -> bool:
    """Whether standard output gets colours: a terminal, unless NO_COLOR; FORCE_COLOR asks for them.

    Source: https://no-color.org
    """
    if sys.stdout is None or os.environ.get("NO_COLOR"):
        return False
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def width() -> int:
    """Columns of the terminal, COLUMNS, or 80 in a pipe."""
    if sys.stdout is None or not (sys.stdout.isatty() or os.environ.get("COLUMNS")):
        return PIPE_WIDTH
    return shutil.get_terminal_size((PIPE_WIDTH, 24)).columns


def coloured(text: str, code: int) -> str:
    """`text` between escape sequences, as it is for code 0."""
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text
