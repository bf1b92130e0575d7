"""What is written past Python: by subprocesses, C libraries, and to the descriptors 1 and 2."""

from __future__ import annotations

import codecs
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .output import Output

_AT_ONCE = 64 * 1024  # bytes


class Descriptors:
    """Standard output and error of the process go into a file between `enter` and `leave`.

    What is in it then belongs to the log, after what Python itself has written. A process that the
    function left behind goes on writing there: that is in the log of the next call.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._file = -1
        self._own: list[tuple[int, int]] = []  # 1 and 2, and where they lead outside of calls

    def enter(self) -> None:
        """Redirect them."""
        if self._file < 0:
            self._file = _unnamed_file()
        _flush()
        for descriptor in (1, 2):
            try:
                own = os.dup(descriptor)
            except OSError:  # it is closed
                continue
            os.dup2(self._file, descriptor)
            self._own.append((descriptor, own))

    def leave(self) -> None:
        """Lead them where they led, and keep what was written."""
        if not self._own:
            return
        _flush()  # what was printed to `sys.__stdout__`
        for descriptor, own in self._own:
            os.dup2(own, descriptor)
            os.close(own)
        self._own.clear()
        if os.lseek(self._file, 0, os.SEEK_CUR):  # whoever writes there moves it
            self._keep()

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _keep(self) -> None:
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        position = 0
        self._output.begin_line()
        while piece := os.pread(self._file, _AT_ONCE, position):
            self._output.write(decode(piece))
            position += len(piece)
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)


def _flush() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):  # nobody reads it, or it is closed
            pass


def _unnamed_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("kcli-log", os.MFD_CLOEXEC)
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
