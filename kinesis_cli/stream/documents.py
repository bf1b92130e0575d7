"""JSON documents that hold records: KinesisEvents, pages of `get-records`, records one by one.

They may be pretty-printed and follow each other in one file. Records are read one at a time, so
that memory does not grow with the document.

Source of the `get-records` shape: https://docs.aws.amazon.com/cli/latest/reference/kinesis/get-records.html
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.stream.lines import service_of

MAX_VALUE = 64 << 20  # characters; a record is at most 10 MiB, base64 14 MiB, a state 1 MiB

_OF_RECORD = {"kinesis", "dynamodb", "SequenceNumber", "sequenceNumber", "offset"}
_CHUNK = 1 << 18
_SPACE = re.compile(r"[ \t\r\n]*")
_UNFINISHED = re.compile(r"[-+.0-9eEa-zA-Z]+\Z")  # a number or literal that more text may continue


class Documents:
    """The records in a text of one or more JSON documents.

    Args:
        read: gives up to so many characters, "" at the end.
        place: what to call the text in an error.
        convert: gives a record Lambda's shape.
        records_in: gives the records of a document that has no list of them; None: it has none.
    """

    def __init__(
        self,
        read: Callable[[int], str],
        place: str,
        convert: Callable[[object], object] | None = None,
        records_in: Callable[[dict[str, object]], Iterator[object] | None] = lambda _: None,
    ) -> None:
        self._records_in = records_in
        self._read, self._place = read, place
        self._convert = convert or as_lambda_record
        self._text, self._at, self._line, self._ended = "", 0, 1, False
        self._scan = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode
        self.found_document = False

    def records(self) -> Iterator[object]:
        """Each record as a decoded JSON value in Lambda's shape; not yet checked.

        Raises:
            InputError: the text is not JSON, or a document holds no Kinesis records.
        """
        while self._peek():
            if self._peek() == "[":
                yield from map(self._convert, self._elements())
            elif self._peek() == "{":
                yield from self._document()
            else:
                raise self._error(
                    "expected a JSON object", "To read plain payload lines use --raw."
                )
            self.found_document = True

    def _document(self) -> Iterator[object]:
        others: dict[str, object] = {}
        held = False
        for name in self._members():
            if name == "Records" and self._peek() == "[":
                held = True
                yield from map(self._convert, self._elements())
            else:
                others[name] = self._value()
        if not held and (records := self._records_in(others)) is not None:
            yield from records
        elif _OF_RECORD & others.keys():
            yield self._convert(others)
        elif not held:
            raise self._no_records(others)

    def _no_records(self, document: dict[str, object]) -> InputError:
        if service := service_of(document):
            return InputError(f"this is an event of {service}, not of Kinesis", place=self._place)
        return InputError(
            "not a Kinesis event, it has no array 'Records'",
            place=self._place,
            advice="kcli reads recordings, Kinesis events and the output of "
            "`aws kinesis get-records`; plain payload lines with --raw.",
        )

    def _members(self) -> Iterator[str]:
        """The names of an object's members; the caller takes each value."""
        self._take("{")
        while self._peek() != "}":
            name = self._value()
            if not isinstance(name, str):
                raise self._error("expected the name of a member")
            self._take(":")
            yield name
            self._comma("}")
        self._take("}")

    def _elements(self) -> Iterator[object]:
        self._take("[")
        while self._peek() != "]":
            yield self._value()
            self._comma("]")
        self._take("]")

    def _comma(self, end: str) -> None:
        if self._peek() != end:
            self._take(",")
            if self._peek() == end:
                raise self._error(f"expected a value after the comma, found {end!r}")

    def _take(self, character: str) -> None:
        if (found := self._peek()) != character:
            raise self._error(
                f"expected {character!r}, found {found!r}" if found else "it ends early"
            )
        self._advance(self._at + 1)

    def _peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._advance(match.end() if match else self._at)
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:  # noqa: ANN401 - any JSON value
        self._peek()
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except RecursionError:
                raise self._error("nested too deeply") from None
            except ValueError as error:
                if self._ended:
                    raise self._refused(error) from None
            else:
                if self._ended or not _UNFINISHED.match(self._text, end - 1):
                    self._advance(end)
                    return value
            self._more()

    def _refused(self, error: ValueError) -> InputError:
        if not isinstance(error, json.JSONDecodeError):  # an integer of more than 4,300 digits
            return self._error("not JSON that can be read: a number is too long")
        if error.pos >= len(self._text) or error.msg.startswith("Unterminated"):
            return self._error("it ends early, within a JSON value", at=len(self._text))
        return self._error(f"not JSON: {error.msg[0].lower()}{error.msg[1:]}", at=error.pos)

    def _advance(self, at: int) -> None:
        self._line += self._text.count("\n", self._at, at)
        self._at = at

    def _more(self) -> bool:
        """Read on; as much again as is held, so that a long value is not scanned too often."""
        held = len(self._text) - self._at
        if held > MAX_VALUE:
            raise self._error(f"a JSON value of more than {MAX_VALUE >> 20} Mi characters")
        more = self._read(max(_CHUNK, held))
        self._text, self._at = self._text[self._at :] + more, 0
        self._ended = not more
        return bool(more)

    def _error(self, problem: str, advice: str = "", at: int | None = None) -> InputError:
        line = self._line + self._text.count("\n", self._at, at if at is not None else self._at)
        return InputError(problem, place=f"{self._place}, line {line}", advice=advice)


def _refuse_constant(name: str) -> object:
    raise json.JSONDecodeError(f"found {name}, which JSON has no number for", "", 0)


def is_get_records_record(value: object) -> bool:
    """Whether it looks like an element of `get-records`' `Records`."""
    return isinstance(value, dict) and "SequenceNumber" in value and "kinesis" not in value


def as_lambda_record(value: object) -> object:
    """A record of `get-records` in Lambda's shape; anything else as it is."""
    if not isinstance(value, dict) or not is_get_records_record(value) or "eventSource" in value:
        return value
    names = {
        "partitionKey": "PartitionKey",
        "sequenceNumber": "SequenceNumber",
        "data": "Data",
        "approximateArrivalTimestamp": "ApproximateArrivalTimestamp",
    }
    kinesis = {"kinesisSchemaVersion": "1.0"}
    kinesis |= {name: value[theirs] for name, theirs in names.items() if theirs in value}
    arrival = kinesis.get("approximateArrivalTimestamp")
    if isinstance(arrival, str):
        kinesis["approximateArrivalTimestamp"] = _epoch_seconds(arrival)
    return {"kinesis": kinesis, "eventSource": "aws:kinesis", "eventVersion": "1.0"}


def _epoch_seconds(text: str) -> Any:  # noqa: ANN401 - what is not a time stays and is refused later
    # The AWS CLI prints ISO 8601 by default: "2018-12-17T22:10:50.987000+00:00".
    try:
        moment = datetime.fromisoformat(text)
        return text if moment.tzinfo is None else moment.timestamp()
    except (ValueError, OverflowError):
        return text
