"""Whatever a file holds, kcli reads it or says a sentence: never a traceback, never for ever.

`make test` tries 2,000 files, `make soak` 100,000 (KCLI_HOSTILE_INPUTS). A file is its reader and a
number, the same on each machine: KCLI_HOSTILE_FIRST says where the numbers begin.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from tests.hostile.attempt import attempt, hostile_content
from tests.hostile.readers import READERS, Reader

pytestmark = [pytest.mark.slow, pytest.mark.builds]

INPUTS = int(os.environ.get("KCLI_HOSTILE_INPUTS", "2000"))
ROOT = Path(__file__).parent.parent.parent
FIRST = int(os.environ.get("KCLI_HOSTILE_FIRST", "0"))
_SHARES = {reader.name: 2 if reader.is_project else 5 for reader in READERS}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is found upwards, and nothing is kept of what is tried."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_hostile_file_is_read_or_refused_with_a_sentence(reader: Reader) -> None:
    share = INPUTS * _SHARES[reader.name] // sum(_SHARES.values())
    for number in range(FIRST, FIRST + max(share, 1)):
        with TemporaryDirectory() as folder:
            try:
                attempt(reader, hostile_file(reader, number), Path(folder))
            except BaseException as error:
                again = f"KCLI_HOSTILE_FIRST={number} KCLI_HOSTILE_INPUTS=1 pytest tests/hostile"
                error.add_note(f"file {number} of {reader.name}; to see it again: {again}")
                raise


def hostile_file(reader: Reader, number: int) -> bytes:
    """What stands in a reader's file of a number."""
    return hostile_content(reader, Random(f"{reader.name} {number}"))


def test_a_number_stands_for_the_same_file_whatever_was_made_before_and_when() -> None:
    assert _prints_of_files(hash_seed=1, year=2001) == _prints_of_files(hash_seed=2, year=2002)


_FILES = """
import sys, time_machine
from datetime import datetime
from hashlib import sha256
from tests.hostile.readers import READERS
from tests.hostile.test_readers import hostile_file

year = int(sys.argv[1])
files = [(reader, number) for number in range(50) for reader in READERS]
with time_machine.travel(datetime(year, 1, 1)):
    for reader, number in files if year % 2 else reversed(files):
        print(reader.name, number, sha256(hostile_file(reader, number)).hexdigest())
"""


def _prints_of_files(*, hash_seed: int, year: int) -> list[str]:
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _FILES, str(year)]
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return sorted(made.stdout.splitlines())


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_the_file_that_hostile_ones_are_made_of_is_sound(reader: Reader, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    sound = reader.sound()
    text = sound if isinstance(sound, str) else json.dumps(sound)
    assert attempt(reader, text.encode(), folder) is None
