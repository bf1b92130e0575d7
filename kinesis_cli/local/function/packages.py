"""The code that arrives by API: archives, and what is in them, in folders of the state directory.

A folder is named by its archive's SHA-256 and is never changed: versions share it.
"""

import contextlib
import hashlib
import io
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ZIPPED_BYTES = 50 * 1024 * 1024
MAX_UNZIPPED_BYTES = 250 * 1024 * 1024
MAX_ENTRIES = 100_000  # ours: a folder of as many files is no deployment package
FOLDER = "functions"
_PIECE = 1 << 20
_UNFINISHED = ".new"


class NotAnArchiveError(Exception):
    """What was sent cannot be unpacked, or tries to leave its folder."""


class TooLargeError(Exception):
    """What is in it is larger than Lambda takes."""


class Packages:
    """The folders.

    Args:
        state: the directory that they lie in; None: they end with the process.
    """

    def __init__(self, state: Path | None) -> None:
        self._temporary = None if state else tempfile.TemporaryDirectory(prefix="kcli-functions-")
        self._root = (state or Path(self._temporary.name if self._temporary else "")) / FOLDER

    def keep(self, archive: bytes) -> str:
        """Unpack an archive. Returns its key; all of it is there, or nothing.

        Raises:
            NotAnArchiveError, TooLargeError: it is refused.
        """
        key = hashlib.sha256(archive).hexdigest()
        if self.folder(key).is_dir() and self.archive(key).is_file():
            return key
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(suffix=_UNFINISHED, dir=self._root))
        try:
            unpack(archive, unfinished / "code")
            (unfinished / "code.zip").write_bytes(archive)
            (unfinished / "code.zip").replace(self.archive(key))
            if not self.folder(key).is_dir():
                (unfinished / "code").rename(self.folder(key))
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return key

    def folder(self, key: str) -> Path:
        """Where the code lies."""
        return self._root / key

    def archive(self, key: str) -> Path:
        """The archive as it came."""
        return self._root / f"{key}.zip"

    def sweep(self, used: Iterable[str]) -> None:
        """Delete what no function uses any more, and what a killed process left half done."""
        kept = set(used)
        for entry in list(self._root.iterdir()) if self._root.is_dir() else []:
            if entry.name.removesuffix(".zip") not in kept:
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of what ends with the process."""
        if self._temporary:
            self._temporary.cleanup()


def unpack(archive: bytes, folder: Path) -> None:
    """Unpack a zip into a new folder, as Lambda does: modes kept, links too.

    Nothing is written outside the folder, and no more than Lambda takes, whatever the archive
    says of itself.

    Raises:
        NotAnArchiveError, TooLargeError: it is refused.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = opened.infolist()
            if len(entries) > MAX_ENTRIES:
                raise TooLargeError
            folder.mkdir(mode=0o755)
            _unpack(opened, entries, folder)
    except (
        *(zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError),
        *(EOFError, OSError, ValueError, UnicodeError, zlib_error()),
    ) as error:
        raise NotAnArchiveError(str(error)) from error


def zlib_error() -> type[Exception]:
    """What damaged data raises."""
    import zlib

    return zlib.error


def _unpack(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path) -> None:
    room = MAX_UNZIPPED_BYTES
    links = []
    for entry in entries:
        path = folder / _inside(entry.filename)
        mode = entry.external_attr >> 16
        if stat.S_ISLNK(mode):
            links.append((path, entry))
        elif entry.is_dir():
            path.mkdir(parents=True, exist_ok=True)
        else:
            room -= _write(archive, entry, path, room)
            # its owner's bits: kcli must be able to run and to delete it; no set-user-id
            path.chmod((mode & 0o777 or 0o644) | 0o600)
    for path, entry in links:  # last: nothing was written through them
        _link(path, archive.read(entry).decode(), folder)


def _inside(name: str) -> PurePosixPath:
    """The path of an entry, which must stay below the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise NotAnArchiveError(f"{name!r} leaves the folder")
    return path


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, room: int) -> int:
    """Write a file; its size as it turns out to be, not as the archive says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(entry) as packed, path.open("wb") as file:
        while piece := packed.read(_PIECE):
            size += len(piece)
            if size > room:
                raise TooLargeError
            file.write(piece)
    return size


def _link(path: Path, target: str, folder: Path) -> None:
    root = folder.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    where = (path.parent.resolve() / target).resolve()
    if Path(target).is_absolute() or not where.is_relative_to(root):
        raise NotAnArchiveError(f"{path.name!r} points outside the folder")
    path.symlink_to(target)


def zipped(folder: Path) -> bytes:
    """A folder as an archive, the same bytes for the same files.

    Raises:
        TooLargeError: Lambda takes no archive of this size.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            relative = file.relative_to(folder)
            if "__pycache__" in relative.parts or relative.parts[0].startswith("."):
                continue
            entry = zipfile.ZipInfo(f"{relative.as_posix()}{'/' if file.is_dir() else ''}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with contextlib.suppress(FileNotFoundError):
                entry.external_attr = file.stat().st_mode << 16
                archive.writestr(entry, b"" if file.is_dir() else file.read_bytes())
            if content.tell() > MAX_UNZIPPED_BYTES:
                raise TooLargeError
    return content.getvalue()
