"""What passes between kcli and a worker: frames over a socket, events in memory that both see.

A frame is its length in four bytes, a line of JSON, and what belongs to it. One side waits for the
other, so there is at most one frame on its way. An event that fits goes through the shared memory:
the kernel would copy it twice.
"""

from __future__ import annotations

import mmap
import socket

SHARED_BYTES = 1024 * 1024  # of memory for one event; a larger one goes over the socket

_LENGTH_BYTES = 4


class Frames:
    """Sends and receives frames.

    Args:
        connected: the socket; closed with this.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = bytearray(64 * 1024)

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
        filled = end = 0
        while filled < (end or _LENGTH_BYTES):
            received = self._socket.recv_into(memoryview(self._buffer)[filled:])
            if not received:
                raise EOFError
            filled += received
            if not end and filled >= _LENGTH_BYTES:
                end = _LENGTH_BYTES + int.from_bytes(self._buffer[:_LENGTH_BYTES], "big")
                if end > len(self._buffer):
                    self._buffer = self._buffer[:filled] + bytearray(end - filled)
        at = self._buffer.find(b"\n", _LENGTH_BYTES, end)
        frame = memoryview(self._buffer)
        return frame[_LENGTH_BYTES:at], frame[at + 1 : end]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def shared_memory(fd: int) -> mmap.mmap:
    """The memory of a file, which the process at the other end has, too.

    Args:
        fd: of a file of `SHARED_BYTES`.
    """
    return mmap.mmap(fd, SHARED_BYTES)
