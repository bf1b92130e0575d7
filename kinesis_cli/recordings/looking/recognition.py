"""Deciding what an input is from its beginning, the same for files and pipes.

What is Kinesis's is known by the members that only it has. A document that merely has a member
`Records`, `SequenceNumber` or `kinesis` is a payload. What cannot be told apart is refused.
"""

import json
import re

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.form import LOGS, Form, Layout, Look
from kinesis_cli.recordings.looking.foreign import (
    AS_LINES,
    Named,
    binary,
    foreign,
    not_json,
)
from kinesis_cli.recordings.looking.foreign import text as named_text
from kinesis_cli.recordings.looking.json_forms import form_of
from kinesis_cli.recordings.looking.outline import Outline, outline, space
from kinesis_cli.recordings.opening import BOM, MAX_LINE

_LINES = Look(Form.PAYLOADS, Layout.LINES, "payload line")
_JSON_LINES = Look(Form.PAYLOADS, Layout.JSON_LINES, "payload line")
_FIREHOSE = Look(Form.FIREHOSE, Layout.DOCUMENTS, "JSON document", " of a Firehose backup")
_LOGS = Look(Form.FIREHOSE, Layout.DOCUMENTS, "JSON document", LOGS)

_BEGINS_LIKE = re.compile(r'(\{|\[)\s*"(Records|kinesis|dynamodb)"')
_OF_RECORD = re.compile(r'"(kinesis|dynamodb)"')
_SPACE = " \t\r\n\v\f"
_PADDING = " " * 16  # at the end of a text; then what is wrong before it is not cut off


def recognised(head: bytes, name: str, *, ended: bool) -> Look | None:
    """What begins with `head`.

    Args:
        head: the beginning, not compressed.
        name: for messages.
        ended: nothing follows.

    Returns:
        What it is; None: more of it must be seen.

    Raises:
        InputError: it is something else, which is named, or nobody can tell.
    """
    head = head.removeprefix(BOM)
    if found := binary(head):
        raise _refused(found, name)
    text = head.decode(errors="replace")
    at = len(text) - len(text.lstrip(_SPACE))
    if at == len(text):
        return _LINES if ended else None
    if text[at] not in "{[":
        return _text_lines(text, name, ended=ended)
    ended = ended or len(head) > MAX_LINE
    try:
        first = outline(text + _PADDING if ended else text, at)
    except json.JSONDecodeError as error:
        return _meant(text, at) or _not_json(text, at, error, name, ended=ended)
    except (RecursionError, ValueError) as error:
        if look := _meant(text, at):
            return look
        long = "a number in it is too long"  # an integer of more than 4,300 digits
        problem = "nested too deeply" if isinstance(error, RecursionError) else long
        raise InputError(problem, place=name, advice=AS_LINES) from None
    return _json(text, at, first, name, ended=ended)


def _meant(text: str, at: int) -> Look | None:
    """What a damaged text was meant to be; its reader names the place of the damage."""
    found = _BEGINS_LIKE.match(text, at)
    if found is None:
        return None
    is_line = found.group(2) != "Records" and "\n" not in found.group()
    return Look(Form.RECORDING if is_line else Form.EVENT)


def _text_lines(text: str, name: str, *, ended: bool) -> Look | None:
    if "\n" not in text and not ended:
        return None
    if found := named_text(text):
        raise _refused(found, name)
    _refuse_records_below(text, name)
    return _LINES


def _refuse_records_below(text: str, name: str) -> None:
    """A recording whose beginning is damaged must not become payloads."""
    if not _OF_RECORD.search(text):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("{") and _OF_RECORD.search(line):
            try:
                form = form_of(json.loads(line))
            except ValueError:
                continue
            if form in (Form.RECORDING, Form.EVENT):
                what = "a record" if form is Form.RECORDING else "a Kinesis event"
                problem = f"line {number} is {what} and the first line is not"
                raise InputError(problem, place=name, advice=AS_LINES)


def _not_json(
    text: str, at: int, error: json.JSONDecodeError, name: str, *, ended: bool
) -> Look | None:
    first_line = text[at:].partition("\n")[0]
    if (
        text[at] == "["
        and error.pos < at + len(first_line)
        and not first_line.startswith(("[{", "['"))
    ):
        return _text_lines(text, name, ended=ended)  # "[2026-01-31 12:00] started": a log's lines
    raise _refused(not_json(text[at:], error), name)


def _json(text: str, at: int, first: Outline, name: str, *, ended: bool) -> Look | None:
    value, end = first
    form = form_of(value)
    if form in (Form.RECORDING, None) and end is not None and not ended:
        rest = text[end:]
        if not rest.strip() and "\n" not in rest:
            return None  # something else may follow it on its line
    if form is Form.RECORDING and end is not None and not _is_a_line(text, at, end):
        form = Form.EVENT  # its records follow each other in another way
    if form is not None and (end is not None or _is_sure(value)):
        return Look(form)
    if end is None:
        if not ended:
            return None
        if look := _meant(text, at):
            return look
        raise InputError("it ends early, within a JSON value", place=name, advice=AS_LINES)
    after = space(text, end)
    if after == len(text) and not ended and ("\n" in text[at:end] or _needs_company(value)):
        return None
    is_alone = after == len(text) and ended
    is_one_line = "\n" not in text[at:end]
    if is_alone and (found := foreign(value, is_one_line=is_one_line)):
        raise _refused(found, name)
    if _is_of_logs(value):
        return _LOGS
    if not is_one_line:
        if isinstance(value, list):
            return _array(value, name, is_alone=is_alone)
        return Look(Form.PAYLOADS, Layout.DOCUMENTS, "JSON document") if is_alone else _FIREHOSE
    if "\n" not in text[end:after] and after != len(text):
        return _on_one_line(text, after, name)
    if is_alone and isinstance(value, list):
        return _array(value, name, is_alone=True)
    _refuse_records_below(text, name)
    return _JSON_LINES


def _is_a_line(text: str, at: int, end: int) -> bool:
    """Whether a document has whole lines of its own, and only one."""
    return "\n" not in text[at:end] and not text[end:].partition("\n")[0].strip()


def _on_one_line(text: str, after: int, name: str) -> Look:
    """Something follows a document on its line."""
    if text[after] in "{[,":
        return _FIREHOSE
    problem = "a line begins with JSON, and something else follows it"
    raise InputError(problem, place=name, advice=AS_LINES)


def _array(value: list[object], name: str, *, is_alone: bool) -> Look:
    if is_alone and value and all(isinstance(each, dict) for each in value):
        return Look(Form.PAYLOADS, Layout.ARRAY, "payload", " of a JSON array")
    what = "an empty JSON array" if not value else "a JSON array, not of objects"
    problem = f"this is {what}" if is_alone else "JSON arrays that are written over several lines"
    raise InputError(problem, place=name, advice=AS_LINES)


def _needs_company(value: object) -> bool:
    """Whether one document alone would be something else than the first of many lines."""
    return isinstance(value, list) or foreign(value) is not None


def _is_sure(value: object) -> bool:
    """Whether enough was seen of a long document: its first record is whole."""
    records = value.get("Records") if isinstance(value, dict) else value
    return bool(records)


def _is_of_logs(value: object) -> bool:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
    return isinstance(value, dict) and "logEvents" in value and "messageType" in value


def _refused(named: Named, name: str) -> InputError:
    return InputError(named.problem, place=name, advice=named.advice)
