"""Telling the log messages of AWS's runtime from what the function prints, in one stream of bytes.

On Lambda the runtime writes each message as a frame into a pipe of its own, so that one of several
lines (a traceback) stays one event of the log. Here that pipe is the one of standard output, which
keeps the order of both: a frame is found by the mark that it begins with.

Source: awslambdaric 4.2.2, bootstrap.py, FramedTelemetryLogSink
"""

from collections.abc import Iterator

_MARK = b"\xa5\x5a\x00"  # and a byte for level and format; no text without NUL has it
_HEAD = 16  # bytes: mark, length of the message, time
_MAX_FRAME = 16 * 1024 * 1024  # bytes; what claims to be longer is no frame


class Frames:
    """Takes bytes as they come."""

    def __init__(self) -> None:
        self._rest = b""

    def split(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """What is complete now: (bytes, whether they are a message)."""
        data = self._rest + data
        at = printed = 0  # where to look for a mark; until where all was given away
        while (at := data.find(_MARK, at)) >= 0:
            length = int.from_bytes(data[at + 4 : at + 8], "big")
            if length > _MAX_FRAME:
                at += len(_MARK)
                continue
            if printed < at:
                yield data[printed:at], False
            printed, end = at, at + _HEAD + length
            if len(data) < max(end, at + _HEAD):
                break
            yield data[at + _HEAD : end], True
            at = printed = end
        else:
            end = len(data) - _beginning_of_mark(data)
            if printed < end:
                yield data[printed:end], False
                printed = end
        self._rest = data[printed:]

    def rest(self) -> bytes:
        """What is left when nothing more comes."""
        rest, self._rest = self._rest, b""
        return rest[_HEAD:] if rest.startswith(_MARK) else rest


def _beginning_of_mark(data: bytes) -> int:
    """How many bytes at the end may be the beginning of a mark."""
    return next((size for size in (2, 1) if data.endswith(_MARK[:size])), 0)
