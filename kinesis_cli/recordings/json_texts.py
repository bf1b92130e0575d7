"""JSON values that follow each other in a file, each as the text that stands there."""

import json
import re
from collections.abc import Callable, Iterator

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.opening import BLOCK, MAX_LINE

_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n,]*")  # Firehose puts nothing there, people put anything

_scan = json.JSONDecoder().raw_decode


class JsonTexts:
    """The texts of JSON values, read a piece at a time.

    Args:
        read: gives up to so many characters, "" at the end.
        name: for messages.
    """

    def __init__(self, read: Callable[[int], str], name: str) -> None:
        self._read, self._name = read, name
        self._text, self._at, self._ended, self._number = "", 0, False, 1

    def documents(self) -> Iterator[str]:
        """All values, whatever white space or commas are between them.

        Raises:
            InputError: there is something else.
        """
        while self._skip(_BETWEEN):
            yield self._value()

    def elements(self) -> Iterator[str]:
        """The elements of the one array that there is.

        Raises:
            InputError: there is something else.
        """
        self._take("[")
        while self._skip(_SPACE) != "]":
            yield self._value()
            if self._skip(_SPACE) != "]":
                self._take(",")
        self._take("]")
        if self._skip(_SPACE):
            raise self._error("something follows the array")

    def _skip(self, what: "re.Pattern[str]") -> str:
        """Go past white space; the next character, "" at the end."""
        while True:
            found = what.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _take(self, character: str) -> None:
        if (found := self._skip(_SPACE)) != character:
            problem = f"expected {character!r}, found {found!r}" if found else "it ends early"
            raise self._error(problem)
        self._at += 1

    def _value(self) -> str:
        while True:
            try:
                _, end = _scan(self._text, self._at)
                if end == len(self._text) and not self._ended:
                    raise json.JSONDecodeError("a number may go on", self._text, end)
            except RecursionError:
                raise self._error("nested too deeply") from None
            except ValueError as error:
                if self._ended or len(self._text) - self._at > MAX_LINE:
                    raise self._error("neither a record nor a JSON document") from error
                self._more()
            else:
                value, self._at = self._text[self._at : end], end
                self._number += 1
                return value

    def _more(self) -> bool:
        more = self._read(max(BLOCK, len(self._text) - self._at))
        self._text, self._at, self._ended = self._text[self._at :] + more, 0, not more
        return not self._ended

    def _error(self, problem: str) -> InputError:
        return InputError(problem, place=f"{self._name}, document {self._number}")
