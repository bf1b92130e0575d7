"""The files of the server's databases."""

from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.local.database import check, opened

SCHEMA = "CREATE TABLE one (x INTEGER); CREATE TABLE two (x INTEGER);"


def test_a_file_whose_making_was_interrupted_is_as_if_it_had_not_begun(tmp_path: Path) -> None:
    file = tmp_path / "kept.sqlite3"
    with pytest.raises(InputError):
        opened(file, f"{SCHEMA} CREATE TABLE one (x INTEGER);", 3)
    check(file, 3)
    opened(file, SCHEMA, 3).close()
    check(file, 3)


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kept.sqlite3"
    opened(file, SCHEMA, 3).close()
    with pytest.raises(InputError, match="was not made by this version"):
        check(file, 4)
