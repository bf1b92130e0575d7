"""What a function writes: standard output and error, kept as lines, and logging, as messages.

Formats as awslambdaric 4.2.2 writes them (`bootstrap.py`, `lambda_runtime_log_utils.py`).
Source: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import codecs
import io
import json
import logging
import sys
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# Of what one call writes, this many characters are kept from its beginning and from its end.
KEPT_CHARACTERS = 64 * 1024
_BREAK = "\ufdd0"  # stands for a line break within a message; Unicode keeps it for such a use


class Output(io.TextIOBase):
    """Stands in for `sys.stdout` and `sys.stderr`. One object for all calls: modules keep it.

    A handler that prints megabytes costs no memory: the middle is counted and dropped.
    """

    encoding = "utf-8"
    errors = "replace"
    name = "<log>"

    def __init__(self) -> None:
        self.passes_to: TextIO | None = None  # where text goes instead of being kept
        self.buffer = _Bytes(self)
        self._begin: list[str] = []
        self._end: deque[str] = deque()
        self._begin_size = self._end_size = self._dropped = 0
        self._latest = "\n"

    def write(self, text: str, /) -> int:
        """Keep `text`, within bounds."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.passes_to is not None:
            return self.passes_to.write(text)
        self._latest = text or self._latest
        room = KEPT_CHARACTERS - self._begin_size
        if len(text) <= room:
            self._begin.append(text)
            self._begin_size += len(text)
        else:
            self._overflow(text, room)
        return len(text)

    def begin_line(self) -> None:
        """What follows is a line of its own."""
        if not self._latest.endswith("\n"):
            self.write("\n")

    def write_message(self, text: str) -> None:
        """Keep `text` as one entry, whatever lines it has."""
        text = text.rstrip("\n")
        if self.passes_to is None:
            text = text.replace("\n", _BREAK)
        self.write(f"{text}\n" if self._latest.endswith("\n") else f"\n{text}\n")

    def _overflow(self, text: str, room: int) -> None:
        self._begin.append(text[:room])
        self._begin_size += room
        rest = text[room:]
        self._end.append(rest[-KEPT_CHARACTERS:])
        self._end_size += len(self._end[-1])
        self._dropped += len(rest) - len(self._end[-1])
        while self._end_size - len(self._end[0]) >= KEPT_CHARACTERS:
            gone = len(self._end.popleft())
            self._end_size -= gone
            self._dropped += gone

    def take(self) -> tuple[str, ...]:
        """The lines and messages since the last time, and forget them."""
        if not self._begin_size:
            return ()
        text = "".join(self._begin)
        if self._dropped:
            text += f"\n[kcli left out {self._dropped:,} characters here]\n"
        text += "".join(self._end)
        self._begin, self._end = [], deque()
        self._begin_size = self._end_size = self._dropped = 0
        self._latest = "\n"
        entries = text.removesuffix("\n").split("\n")
        return tuple([entry.replace(_BREAK, "\n") for entry in entries])

    def writable(self) -> bool:
        """Yes."""
        return True

    def reconfigure(self, **_settings: object) -> None:
        """Nothing to set: text is kept as text."""

    def close(self) -> None:
        """A handler that closes its standard output closes nothing."""


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`: bytes, read as UTF-8."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        written = bytes(data)
        self._output.write(self._decode(written))
        return len(written)

    def close(self) -> None:
        """As `Output.close`."""


def say(sentence: str) -> None:
    """Write what kcli has to say into the function's log."""
    sys.stderr.write(f"kcli: {sentence}\n")


class LogHandler(logging.Handler):
    """The runtime's handler of the root logger.

    As in Lambda, a log call whose arguments do not fit its text raises in the function.
    """

    def __init__(self, output: Output, *, as_json: bool) -> None:
        super().__init__()
        self._output = output
        self._render = _json_line if as_json else _text_line
        self.request_id: str | None = None  # of the running call; None: outside of calls

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message, if the function is running."""
        if self.request_id is not None:
            self._output.write_message(self._render(record, self.request_id))


def install_logging(handler: LogHandler, level: str | None) -> LoggingState:
    """Make `handler` the root logger's, with the level that Lambda was configured for.

    Without a level the root logger keeps its own, which is WARNING in Lambda too.
    """
    root = logging.getLogger()
    state = LoggingState(handler, root.level)
    root.addHandler(handler)
    name = (level or "").upper()
    number = logging.getLevelName("DEBUG" if name == "TRACE" else name)
    if isinstance(number, int):  # of a name that is not known it is a text
        root.setLevel(number)
    return state


class LoggingState:
    """How the root logger was before."""

    def __init__(self, handler: LogHandler, level: int) -> None:
        self._handler, self._level = handler, level

    def restore(self) -> None:
        """Take our handler off, and set the level back."""
        root = logging.getLogger()
        root.removeHandler(self._handler)
        root.setLevel(self._level)


class _Seconds:
    """The date and time of a second as text; a batch's records fall into the same one."""

    def __init__(self) -> None:
        self._second, self._text = -1, ""

    def text(self, created: float) -> str:
        second = int(created)
        if second != self._second:
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        return self._text


_seconds = _Seconds()


def _text_line(record: logging.LogRecord, request_id: str) -> str:
    line = (
        f"[{record.levelname}]\t{_seconds.text(record.created)}.{int(record.msecs):03}Z"
        f"\t{request_id}\t{record.getMessage()}\n"
    )
    if record.exc_info:
        line += "".join(traceback.format_exception(*record.exc_info))
    if record.stack_info:
        line += record.stack_info + "\n"
    return line


_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode

# What a record has anyway; anything else came by `extra=`.
_OWN_MEMBERS = frozenset(
    {*vars(logging.makeLogRecord({})), "aws_request_id", "tenant_id", "message", "asctime"}
) - {"taskName"}  # which Python 3.12 added, and the runtime shows


def _json_line(record: logging.LogRecord, request_id: str) -> str:
    plain = record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage()
    entry: dict[str, object] = {
        "timestamp": _seconds.text(record.created) + "Z",
        "level": logging.getLevelName(min(50, max(0, record.levelno)) // 10 * 10),
        "message": plain,
        "logger": record.name,
    }
    if record.exc_info and record.exc_info[0] is not None:
        kind, error, trace = record.exc_info
        entry["stackTrace"] = traceback.format_tb(trace)
        entry["errorType"], entry["errorMessage"] = kind.__name__, str(error)
    entry["requestId"] = request_id
    if record.exc_info:
        entry["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
    for name, value in record.__dict__.items():
        if name not in _OWN_MEMBERS and name not in entry and value is not None:
            entry[name] = value
    return _encode(entry) + "\n"
