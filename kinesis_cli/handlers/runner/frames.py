"""What passes between kcli and a worker: frames over a socket, events in memory that both see.

A frame is its length in four bytes, a line of JSON, and what belongs to it. An event that fits goes
through the shared memory: the kernel would copy it twice. There is room for a few of them, so that
the next call is there before the worker has ended the one before it.
"""

from __future__ import annotations

import mmap
import socket

SLOTS = 4  # of the shared memory, for an event each
SLOT_BYTES = 1024 * 1024  # a larger event goes over the socket

_LENGTH_BYTES = 4


class Frames:
    """Sends and receives frames.

    Args:
        connected: the socket; closed with this.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = bytearray(64 * 1024)
        self._end = self._filled = 0  # of the latest frame; of what was received

    def send(self, line: bytes, body: bytes = b"") -> None:
        """Send a frame."""
        length = (len(line) + 1 + len(body)).to_bytes(_LENGTH_BYTES, "big")
        data = b"%b%b\n%b" % (length, line, body)
        self._socket.sendall(data)

    def receive(self) -> tuple[memoryview, memoryview]:
        """The next frame: its line, and the rest. Both are valid until the next time.

        Raises:
            EOFError: the other side has closed the socket.
        """
        rest = self._buffer[self._end : self._filled]  # the frames after it, if any came already
        self._buffer[: len(rest)] = rest
        self._end, self._filled = 0, len(rest)
        while not self._is_whole():
            received = self._socket.recv_into(memoryview(self._buffer)[self._filled :])
            if not received:
                raise EOFError
            self._filled += received
        at = self._buffer.find(b"\n", _LENGTH_BYTES, self._end)
        frame = memoryview(self._buffer)
        return frame[_LENGTH_BYTES:at], frame[at + 1 : self._end]

    def _is_whole(self) -> bool:
        """Whether a frame is there. The buffer has room for the whole of it."""
        if not self._end and self._filled >= _LENGTH_BYTES:
            self._end = _LENGTH_BYTES + int.from_bytes(self._buffer[:_LENGTH_BYTES], "big")
            if self._end > len(self._buffer):
                room = bytearray(self._end - self._filled)
                self._buffer = self._buffer[: self._filled] + room
        return 0 < self._end <= self._filled

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def shared_memory(fd: int) -> mmap.mmap:
    """The memory of a file, which the process at the other end has, too.

    Args:
        fd: of a file of `SLOTS` times `SLOT_BYTES`.
    """
    return mmap.mmap(fd, SLOTS * SLOT_BYTES)
