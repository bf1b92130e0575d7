"""Archives that arrive by API: unpacked whole, inside their folder, or not at all."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.local.function import packages
from kinesis_cli.local.function.packages import (
    NotAnArchiveError,
    Packages,
    TooLargeError,
    unpack,
    zipped,
)


def archive(*entries: tuple[str, bytes, int]) -> bytes:
    """Name, content and mode of each entry."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = mode << 16 or 0x20  # as of a system that knows no modes
            packed.writestr(entry, data)
    return content.getvalue()


def file(name: str, data: bytes = b"x", mode: int = stat.S_IFREG | 0o644) -> tuple[str, bytes, int]:
    return name, data, mode


def link(name: str, target: str) -> tuple[str, bytes, int]:
    return name, target.encode(), stat.S_IFLNK | 0o777


def test_files_folders_modes_and_links_are_as_in_the_archive(tmp_path: Path) -> None:
    whole = archive(
        file("lib/", b"", stat.S_IFDIR | 0o755),
        file("lib/module.py", b"code"),
        file("bootstrap", b"#!/bin/sh", stat.S_IFREG | 0o755),
        file("plain", b"", 0),  # as some tools write it: no mode at all
        file("setuid", b"", stat.S_IFREG | 0o4755),
        link("latest", "lib/module.py"),
    )
    unpack(whole, tmp_path / "code")
    code = tmp_path / "code"
    assert (code / "lib/module.py").read_bytes() == b"code"
    assert (code / "latest").read_bytes() == b"code"
    assert (code / "bootstrap").stat().st_mode & 0o7777 == 0o755
    assert (code / "plain").stat().st_mode & 0o7777 == 0o644
    assert (code / "setuid").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize(
    "entries",
    [
        [file("../outside")],
        [file("lib/../../outside")],
        [file("/outside")],
        [link("escape", "/etc")],
        [link("escape", "../..")],
        [link("lib", ".."), file("lib/outside")],
        [file("name"), file("name/below")],
        [file("a" * 300)],
    ],
)
def test_what_would_leave_its_folder_or_cannot_be_written_is_refused(
    tmp_path: Path, entries: list[tuple[str, bytes, int]]
) -> None:
    kept = Packages(tmp_path / "state")
    with pytest.raises(NotAnArchiveError):
        kept.keep(archive(file("good"), *entries))
    assert {each.name for each in tmp_path.rglob("*")} == {"state", "functions"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        archive(file("a", b"x" * 1000))[:-30],
        archive(file("a", b"x" * 1000)).replace(b"a", b"b", 1),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotAnArchiveError):
        unpack(content, tmp_path / "code")


def test_damaged_data_is_refused(tmp_path: Path) -> None:
    whole = bytearray(archive(file("a", bytes(range(256)) * 40)))
    whole[60] ^= 0xFF
    with pytest.raises(NotAnArchiveError):
        unpack(bytes(whole), tmp_path / "code")


def test_an_archive_that_grows_too_large_is_stopped_whatever_it_says_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "MAX_UNZIPPED_BYTES", 1_000_000)
    bomb = bytearray(archive(file("a", bytes(3_000_000))))
    with pytest.raises(TooLargeError):
        unpack(bytes(bomb), tmp_path / "told")
    size = struct.pack("<I", 3_000_000)
    lying = bytes(bomb).replace(size, struct.pack("<I", 10))
    with pytest.raises((TooLargeError, NotAnArchiveError)):
        unpack(lying, tmp_path / "lying")
    assert sum(each.stat().st_size for each in (tmp_path / "lying").rglob("*")) <= 1_000_000


def test_an_archive_of_too_many_entries_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "MAX_ENTRIES", 3)
    with pytest.raises(TooLargeError):
        unpack(archive(*(file(str(n)) for n in range(4))), tmp_path / "code")


@given(st.binary(max_size=400), st.integers(0, 300), st.integers(0, 255))
def test_any_bytes_are_unpacked_or_refused(data: bytes, at: int, value: int) -> None:
    whole = bytearray(archive(file("lib/a", data), file("b"), link("c", "b")))
    whole[at % len(whole)] = value
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            unpack(bytes(whole), Path(folder) / "code")
        except (NotAnArchiveError, TooLargeError):
            return
        assert (Path(folder) / "code").is_dir()


def test_what_no_function_uses_is_swept_away_and_half_done_work_with_it(tmp_path: Path) -> None:
    kept = Packages(tmp_path)
    used, unused = kept.keep(archive(file("a"))), kept.keep(archive(file("b")))
    (tmp_path / "functions" / "abc.new").mkdir()
    kept.sweep([used])
    assert kept.folder(used).is_dir()
    assert kept.archive(used).is_file()
    assert not kept.folder(unused).exists()
    assert {each.name for each in (tmp_path / "functions").iterdir()} == {used, f"{used}.zip"}


def test_the_same_archive_is_kept_once(tmp_path: Path) -> None:
    kept = Packages(tmp_path)
    assert kept.keep(archive(file("a"))) == kept.keep(archive(file("a")))


def test_without_a_state_directory_packages_end_with_the_process() -> None:
    kept = Packages(None)
    folder = kept.folder(kept.keep(archive(file("a"))))
    assert folder.is_dir()
    kept.close()
    assert not folder.exists()


def test_a_folder_is_the_same_archive_each_time_without_what_tools_leave_there(
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    (source / "__pycache__").mkdir(parents=True)
    (source / "__pycache__" / "app.pyc").write_bytes(b"x")
    (source / ".git").mkdir()
    (source / "run").write_bytes(b"#!/bin/sh")
    (source / "run").chmod(0o755)
    assert zipped(source) == zipped(source)
    unpack(zipped(source), tmp_path / "code")
    assert {each.name for each in (tmp_path / "code").rglob("*")} == {"run"}
    assert (tmp_path / "code" / "run").stat().st_mode & 0o777 == 0o755
