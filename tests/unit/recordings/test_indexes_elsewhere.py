"""Indexes beside recordings at URLs, read within this process from a real web server."""

from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.places import services
from kinesis_cli.recordings.indexes.beside import opened_index, opened_text
from kinesis_cli.recordings.making_indexes import make_index
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.writing import write_recording
from tests.object_server import Objects, object_server
from tests.unit.recordings.test_indexes import index_path, records

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Objects:
    monkeypatch.setattr(services, "_made", {})
    path = tmp_path / "day.ndjson.zst"
    write_recording(records(300), path)
    make_index(str(path))
    bodies = {"/day": path.read_bytes(), "/day.kidx": index_path(path).read_bytes()}
    return Objects(bodies, tags={name: f'"{name}"' for name in bodies})


def read(url: str) -> tuple[list[bytes], list[str], bool]:
    """Its lines, what was said of it, and whether its index was used."""
    with Recording.open([url]) as recording:
        lines = [record.line for record in recording.records()]
        return lines, recording.notes, recording.kept is not None


EXPECTED = [record.line for record in records(300)]


def test_an_index_beside_a_recording_is_used(served: Objects) -> None:
    with object_server(served) as endpoint:
        assert read(f"{endpoint}/day") == (EXPECTED, [], True)
        index = opened_index(f"{endpoint}/day.kidx")
        text, is_sure = opened_text(f"{endpoint}/day", index.head.files[0])
        assert not is_sure  # it was made of a file
        text.close()
        index.close()
        # a signature is of one object
        assert read(f"{endpoint}/day?signature=1") == (EXPECTED, [], False)


def test_an_absent_index_and_one_that_may_not_be_seen_are_none(served: Objects) -> None:
    served.refused.add("/day.kidx")
    with object_server(served) as endpoint:
        assert read(f"{endpoint}/day") == (EXPECTED, [], False)
        served.refused.clear()
        del served.bodies["/day.kidx"]
        assert read(f"{endpoint}/day") == (EXPECTED, [], False)


def test_one_that_is_of_no_use_is_named(served: Objects) -> None:
    with object_server(served) as endpoint:
        beside = f"{endpoint}/day.kidx"
        served.bodies["/day.kidx"] = served.bodies["/day.kidx"][:-1]
        anew = "`kcli index` makes it anew."
        sentence = f"{beside}: of no use: its end is missing; {anew}"
        assert read(f"{endpoint}/day") == (EXPECTED, [sentence], False)
        with pytest.raises(InputError, match="its end is missing"):
            opened_index(beside)


def test_one_of_another_recording_is_named_or_refused(served: Objects, tmp_path: Path) -> None:
    other = tmp_path / "other.ndjson.zst"
    write_recording(records(200), other)
    make_index(str(other))
    served.bodies["/day.kidx"] = index_path(other).read_bytes()
    with object_server(served) as endpoint:
        sentence = f"{endpoint}/day.kidx: not of the recording as it is now; `kcli index` makes it"
        lines, notes, is_used = read(f"{endpoint}/day")
        assert (lines, is_used) == (EXPECTED, False)
        assert notes == [f"{sentence} anew."]
        index = opened_index(f"{endpoint}/day.kidx")
        with pytest.raises(InputError, match="it is not what it was when its index was made"):
            opened_text(f"{endpoint}/day", index.head.files[0])
        with pytest.raises(InputError, match="can only be read"):
            make_index(f"{endpoint}/day")
        index.close()


def test_blocks_that_are_not_as_the_index_says_end_the_reading(served: Objects) -> None:
    body = bytearray(served.bodies["/day"])
    body[len(body) // 2] ^= 1
    served.bodies["/day"] = bytes(body)
    with object_server(served) as endpoint, pytest.raises(InputError, match="changed"):
        read(f"{endpoint}/day")
