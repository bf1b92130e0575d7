"""What is written past Python: by subprocesses, C libraries, and to the descriptors 1 and 2."""

from __future__ import annotations

import codecs
import fcntl
import io
import os
import sys
from typing import TYPE_CHECKING, Any

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
        _flush(sys.__stdout__, sys.__stderr__)
        self._redirect()

    def leave(self) -> None:
        """Lead them where they led, and keep what was written."""
        if not self._own:
            return
        _flush(sys.__stdout__, sys.__stderr__)  # what was printed to `sys.__stdout__`
        self.give_back()
        self._keep()

    def give_back(self) -> None:
        """Lead them where they led."""
        for descriptor, own in self._own:
            os.dup2(own, descriptor)
            os.close(own)
        self._own.clear()

    def close(self) -> None:
        """Give the file back, too."""
        self.give_back()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _redirect(self) -> None:
        if self._file < 0:
            self._file = _unnamed_file()
        for descriptor in (1, 2):
            try:
                own = os.dup(descriptor)
            except OSError:  # it is closed
                continue
            os.dup2(self._file, descriptor)
            self._own.append((descriptor, own))

    def _keep(self) -> None:
        """Put what was written into the log."""
        if self._file < 0 or not os.lseek(self._file, 0, os.SEEK_END):
            return
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        position = 0
        self._output.begin_line()
        while piece := os.pread(self._file, _AT_ONCE, position):
            self._output.write(decode(piece))
            position += len(piece)
        os.ftruncate(self._file, 0)


class LastingDescriptors(Descriptors):
    """The same, redirected once and not for each call, which would cost nine system calls.

    For a process in which nobody but kcli writes between calls: its own streams are led around the
    descriptors, to where these led. They stay the same objects, with what they hold back.
    """

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._led_around: list[tuple[io.FileIO, int]] = []  # a stream's file, and 1 or 2
        self._streams: list[Any] = []  # for whoever writes to `sys.__stdout__` in a call
        self._own_streams: tuple[Any, Any] | None = None  # during a call

    def enter(self) -> None:
        """Redirect them, if they are not."""
        if not self._own:
            self._redirect()
            self._lead_around()
        self._own_streams = sys.__stdout__, sys.__stderr__
        sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]

    def leave(self) -> None:
        """Keep what was written."""
        if self._own_streams is None:
            return
        _flush(*self._streams)
        sys.__stdout__, sys.__stderr__ = self._own_streams  # type: ignore[misc]
        self._own_streams = None
        self._keep()

    def give_back(self) -> None:
        """Lead them, and kcli's streams, where they led."""
        super().give_back()
        for file, descriptor in self._led_around:
            _lead(file, descriptor)
        self._led_around.clear()

    def _lead_around(self) -> None:
        own = dict(self._own)
        files = {id(each): each for each in map(_file_of, _process_streams()) if each is not None}
        for file in files.values():
            descriptor = file.fileno()
            if descriptor in own:
                _lead(file, own[descriptor])
                self._led_around.append((file, descriptor))
        if not self._streams:
            self._streams = [_stream(each) if each in own else None for each in (1, 2)]


def _process_streams() -> tuple[Any, ...]:
    return sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__


def _file_of(stream: Any) -> io.FileIO | None:  # noqa: ANN401 - whatever stands in for it
    """The file at the bottom of a stream."""
    buffer = getattr(stream, "buffer", None)
    file = getattr(buffer, "raw", buffer)
    return file if isinstance(file, io.FileIO) and not file.closed else None


def _lead(file: io.FileIO, descriptor: int) -> None:
    """Let an open file write to another descriptor, and leave the one that it has open.

    `FileIO` can be initialized again for this; the streams above it notice nothing.
    """
    file.__init__(descriptor, "wb", closefd=False)  # type: ignore[misc]


def _stream(descriptor: int) -> io.TextIOWrapper:
    file = io.FileIO(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(file), encoding="utf-8", errors="replace")


def _flush(*streams: Any) -> None:  # noqa: ANN401
    for stream in streams:
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):  # nobody reads it, or it is closed
            pass


def _unnamed_file() -> int:
    """A file to which each of its writers appends."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("kcli-log", os.MFD_CLOEXEC)
    else:
        import tempfile

        with tempfile.TemporaryFile() as temporary:
            file = os.dup(temporary.fileno())
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
    return file
