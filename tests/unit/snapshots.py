"""Whole outputs as text files beside the tests: a change is read as a diff.

KCLI_WRITE_SNAPSHOTS=1 writes them anew; look at the diff before committing it.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def assert_equals_snapshot(text: str, name: str) -> None:
    """Compare `text` with the file `name`."""
    file = FOLDER / name
    if os.environ.get("KCLI_WRITE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(text)
    assert file.exists(), f"there is no snapshot {name}; KCLI_WRITE_SNAPSHOTS=1 writes it"
    assert text == file.read_text()
