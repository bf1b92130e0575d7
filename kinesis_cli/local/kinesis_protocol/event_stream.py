"""`application/vnd.amazon.eventstream`: the frames in which SubscribeToShard sends its events.

    total length, 4 | length of headers, 4 | CRC32 of these, 4 | headers | payload | CRC32, 4

A header is: length of its name, 1 | name | 7, for text | length of its value, 2 | value.
All numbers are big-endian. Source: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import struct
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_TEXT = 7  # type of a header's value
_OVERHEAD = 16  # bytes of a frame besides headers and payload


def event(event_type: str, content_type: str, payload: bytes) -> bytes:
    """A frame with an event."""
    headers = {":message-type": "event", ":event-type": event_type, ":content-type": content_type}
    return _frame(headers, payload)


def exception(code: str, content_type: str, payload: bytes) -> bytes:
    """A frame with an error of the operation's model; the last one."""
    headers = {
        ":message-type": "exception",
        ":exception-type": code,
        ":content-type": content_type,
    }
    return _frame(headers, payload)


def _frame(headers: dict[str, str], payload: bytes) -> bytes:
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", _OVERHEAD + len(head) + len(payload), len(head))
    message = b"".join((prelude, struct.pack("!I", crc32(prelude)), head, payload))
    return message + struct.pack("!I", crc32(message))


def _header(name: str, value: str) -> bytes:
    n, v = name.encode(), value.encode()
    return struct.pack(f"!B{len(n)}sBH{len(v)}s", len(n), n, _TEXT, len(v), v)
