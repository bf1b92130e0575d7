"""Whatever a file holds, kcli reads it or says a sentence: never a traceback, never for ever.

`make test` tries 2,000 files, `make soak` 100,000 (KCLI_HOSTILE_INPUTS).
"""

import json
import os
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.attempt import attempt, hostile_content
from tests.hostile.readers import READERS, Reader

pytestmark = [pytest.mark.slow, pytest.mark.builds]

INPUTS = int(os.environ.get("KCLI_HOSTILE_INPUTS", "2000"))
_SHARES = {reader.name: 2 if reader.is_project else 5 for reader in READERS}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is found upwards, and nothing is kept of what is tried."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_hostile_file_is_read_or_refused_with_a_sentence(reader: Reader) -> None:
    share = INPUTS * _SHARES[reader.name] // sum(_SHARES.values())

    @settings(max_examples=max(share, 1), suppress_health_check=list(HealthCheck), database=None)
    @given(seed=st.integers(0, 2**64))
    def check(seed: int) -> None:
        with TemporaryDirectory() as folder:
            attempt(reader, hostile_content(reader, Random(seed)), Path(folder))

    check()


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_the_file_that_hostile_ones_are_made_of_is_sound(reader: Reader, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    sound = reader.sound()
    text = sound if isinstance(sound, str) else json.dumps(sound)
    assert attempt(reader, text.encode(), folder) is None
