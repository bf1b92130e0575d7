"""Code that is not a folder yet (inline in a template, or a zip) as a folder, kept by its content.

What was unpacked once is there at once the next time; two commands at the same time do not meet,
since a folder appears whole.

Source of the limit: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import hashlib
import lzma
import os
import shutil
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from kinesis_cli.errors import InputError

MAX_UNPACKED = 250 << 20  # bytes of code that Lambda takes, unpacked
MAX_FILES = 100_000
_BLOCK = 1 << 20


def folder_of_inline(text: str, file: str, place: str) -> Path:
    """A folder that holds one file with this text.

    Raises:
        InputError: the folder cannot be made.
    """
    content = text.encode("utf-8", "surrogatepass")
    key = hashlib.sha256(f"{file}\0".encode() + content).hexdigest()
    return _kept(key, lambda folder: (folder / file).write_bytes(content), place)


def folder_of_zip(path: Path, place: str) -> Path:
    """A folder that holds what a zip, or a jar, has.

    Raises:
        InputError: it is no zip, larger than Lambda takes, or would write outside the folder.
    """
    try:
        with path.open("rb") as file:
            key = hashlib.file_digest(file, "sha256").hexdigest()
            return _kept(key, lambda folder: _unpack(file, folder, f"{place}, {path.name}"), place)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error


def _kept(key: str, fill: Callable[[Path], object], place: str) -> Path:
    """The folder of a key; made, filled and then put in its place where it is not there yet."""
    folder = _cache() / key[:32]
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    except OSError as error:
        raise InputError(
            f"its code cannot be unpacked: {error.strerror}: {folder.parent}",
            place=place,
            advice="XDG_CACHE_HOME names another folder to keep it in.",
        ) from error
    try:
        fill(fresh)
        fresh.chmod(0o755)
        fresh.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # else another command was faster, with the same content
            raise InputError(
                f"its code cannot be unpacked: {error.strerror}", place=place
            ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _cache() -> Path:
    """Where this platform keeps what can be made anew.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/
    """
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named / "kcli" / "code"
    try:
        home = Path.home()
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"kcli-{os.getuid()}" / "code"
    caches = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return caches / "kcli" / "code"


def _unpack(file: IO[bytes], folder: Path, place: str) -> None:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MAX_FILES:
                raise InputError(f"holds more than {MAX_FILES:,} files", place=place)
            left = MAX_UNPACKED
            links = [member for member in members if stat.S_ISLNK(member.external_attr >> 16)]
            for member in members:
                if member not in links:
                    left -= _unpack_member(archive, member, folder, left, place)
            for member in links:  # last, so that nothing is written through one
                _link(archive, member, folder, place)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,  # a compression that Python does not know
        RuntimeError,  # it is encrypted
        EOFError,
        ValueError,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise InputError(f"is not a zip that can be unpacked: {error}", place=place) from error


def _unpack_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, left: int, place: str
) -> int:
    """Write one member; returns how many bytes it has. Its header is not believed."""
    target = _target(member, folder, place)
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(member) as source, target.open("wb") as output:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > left:
                raise InputError(
                    f"is larger than {MAX_UNPACKED >> 20} MB unpacked, which is Lambda's limit",
                    place=place,
                )
            output.write(block)
    is_executable = (member.external_attr >> 16) & 0o111
    target.chmod(0o755 if is_executable else 0o644)
    return written


def _target(member: zipfile.ZipInfo, folder: Path, place: str) -> Path:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise InputError(f"{member.filename!r} leads out of the folder", place=place)
    return folder.joinpath(*name.parts)


def _link(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, place: str) -> None:
    """A symbolic link within the folder, as npm and Python's environments have them."""
    target = _target(member, folder, place)
    with archive.open(member) as source:
        to = source.read(4096).decode("utf-8", "surrogateescape")
    reached = Path(os.path.normpath(target.parent / to))
    if PurePosixPath(to).is_absolute() or not reached.is_relative_to(folder) or "\0" in to:
        raise InputError(f"the link {member.filename!r} leads out of the folder", place=place)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.parent.resolve() != folder.resolve() / target.parent.relative_to(folder):
        raise InputError(f"the link {member.filename!r} lies behind another one", place=place)
    target.symlink_to(to)
