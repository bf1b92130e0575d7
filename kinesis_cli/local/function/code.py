"""Noticing that the function's code or the template has changed."""

import hashlib
import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from kinesis_cli.project.template.file import TemplateFile

# Looking takes at most this share of the time: a folder full of dependencies is looked at rarely.
_SHARE = 0.05


class CodeWatch:
    """What the files of a folder were when it was last asked. Threads may ask at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._look_at = 0.0
        self._seen = fingerprint(folder)

    def has_changed(self) -> bool:
        """Whether a file was changed, added or taken away since the last time."""
        with self._lock:
            if time.monotonic() < self._look_at:
                return False
            began = time.thread_time()  # its own work, however busy the machine is
            seen = fingerprint(self._folder)
            self._look_at = time.monotonic() + (time.thread_time() - began) / _SHARE
            changed, self._seen = seen != self._seen, seen
            return changed


THE_TEMPLATE = "the template"
Stamp = tuple[int, int]  # when a file was written, and its size


class FileWatch:
    """What a file was when it was last asked. One that is away, as while it is replaced, counts
    as unchanged.

    Args:
        path: of the file.
        settles: whether it takes time to write: it counts as changed once it stays as it is.
    """

    def __init__(self, path: Path, *, settles: bool = False) -> None:
        self.path = path
        self._settles = settles
        self._seen = self._last = self._stamp()

    def has_changed(self) -> bool:
        """Whether it was written since the last time."""
        last = self._last
        now = self._last = self._stamp()
        if now in (None, self._seen) or (self._settles and now != last):
            return False
        self._seen = now
        return True

    def _stamp(self) -> Stamp | None:
        """None: it is not there."""
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size


class ProjectWatch:
    """The template, and the files that its functions' code is unpacked from."""

    def __init__(self, template: TemplateFile) -> None:
        self.template = template
        self._watch = FileWatch(template.path)
        self._artefacts: dict[Path, FileWatch] = {}

    def follow(self, artefacts: Iterable[Path]) -> None:
        """Watch these from now on."""
        known = self._artefacts
        self._artefacts = {
            each: known.get(each) or FileWatch(each, settles=True) for each in artefacts
        }

    def what_changed(self) -> str:
        """Return what was written since the last time: THE_TEMPLATE, "orders.zip", or ""."""
        changed = [each for each in self._artefacts.values() if each.has_changed()]
        if self._watch.has_changed():
            return THE_TEMPLATE
        return ", ".join(each.path.name for each in changed)


def fingerprint(folder: Path) -> str:
    """What differs when a file of the folder was changed: all names, sizes, times and modes."""
    digest = hashlib.sha256()
    for entry in _files(str(folder)):
        try:
            stat = entry.stat()
        except OSError:
            continue  # gone meanwhile
        digest.update(
            f"{entry.path}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_mode}\n".encode(
                "utf-8", "replace"
            )
        )
    return digest.hexdigest()


def _files(folder: str) -> Iterator["os.DirEntry[str]"]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        # What Python writes itself, and editors and tools keep beside the code, is no code.
        if entry.name == "__pycache__" or entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        else:
            yield entry
