"""A long text on a terminal, a screen at a time."""

import os
import shlex
import shutil
import subprocess
from contextlib import suppress

from kinesis_cli.show.console import write_text

# As git has it: end where all fits, keep colours, leave the text on the screen.
_LESS = "FRX"


def show_paged(text: str) -> None:
    """Show a text in the user's pager; print it where there is none."""
    pager = _pager()
    if not pager:
        write_text(text)
        return
    with subprocess.Popen(
        pager, stdin=subprocess.PIPE, env={"LESS": _LESS, **os.environ}, text=True
    ) as shown:
        while True:
            try:
                # a pager that is left early reads no further
                with suppress(BrokenPipeError):
                    shown.communicate(text)
                return
            except KeyboardInterrupt:
                continue  # is the pager's: in less it ends a search


def _pager() -> list[str]:
    """The program that PAGER names, else less."""
    with suppress(ValueError):
        words = shlex.split(os.environ.get("PAGER", "less"))
        if words and shutil.which(words[0]):
            return words
    return []
