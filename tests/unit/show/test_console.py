import io
import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kinesis_cli.show.console import error, escape, note, plain, warn, write_json, write_line

HOSTILE = "\x1b[31m \x9b31m \u202e \u2066 \x7f \r\n [red]"

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text()
halves = st.text(st.characters(min_codepoint=0xD7FF, max_codepoint=0xE000, exclude_categories=[]))
json_documents = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@given(st.text())
def test_escaped_text_is_printable_whatever_it_was(text: str) -> None:
    assert escape(text).isprintable()


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"])))
def test_harmless_text_is_not_changed(text: str) -> None:
    assert escape(text) == text


def test_what_acts_on_a_terminal_is_shown_as_an_escape() -> None:
    assert escape(HOSTILE) == r"\x1b[31m \x9b31m \u202e \u2066 \x7f \r\n [red]"


def test_a_file_name_that_is_no_unicode_is_shown_too() -> None:
    assert escape("\udcff.json") == r"\udcff.json"


def test_text_from_outside_is_never_markup_in_a_table() -> None:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture:
        console.print(plain(HOSTILE))
    assert capture.get().rstrip() == escape(HOSTILE)


@given(json_documents)
def test_json_gives_back_the_same_values_and_is_printable_ascii(document: object) -> None:
    line, page = io.StringIO(), io.StringIO()
    write_line(document, line)
    write_json(document, page)
    assert json.loads(line.getvalue()) == document == json.loads(page.getvalue())
    for text in (line.getvalue()[:-1], page.getvalue().replace("\n", "")):
        assert text.isascii()
        assert text.isprintable()


@given(st.text() | halves, st.sampled_from([0, 2**70]))
def test_half_a_surrogate_pair_is_never_written(text: str, beside: int) -> None:
    line, page = io.StringIO(), io.StringIO()
    write_line({"a": [text], text: beside}, line)
    write_json({"a": [text], text: beside}, page)
    # json.loads joins escaped pairs; what is left is a half
    whole = re.sub("[\ud800-\udfff]", "\ufffd", json.loads(json.dumps(text)))
    expected = {"a": [whole], whole: beside}
    assert json.loads(line.getvalue()) == expected == json.loads(page.getvalue())
    assert msgspec.json.decode(line.getvalue()) is not None  # a strict reader


@pytest.mark.parametrize("beside", [0, 2**70])
def test_what_json_has_no_number_for_becomes_null(beside: int) -> None:
    file = io.StringIO()
    write_line({"a": [float("nan"), float("inf")], "b": beside}, file)
    assert json.loads(file.getvalue()) == {"a": [None, None], "b": beside}


def test_one_document_is_one_line_of_ndjson() -> None:
    file = io.StringIO()
    write_line({"a": "x\ny\u2028z", "b": [1, 2.5]}, file)
    assert file.getvalue() == '{"a":"x\\ny\\u2028z","b":[1,2.5]}\n'


def test_an_error_is_one_sentence_and_the_advice_stands_below(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error("batch.json, record 3: not base64", "Use --raw.")
    assert capsys.readouterr() == (
        "",
        "kcli: batch.json, record 3: not base64.\n      Use --raw.\n",
    )


def test_hostile_text_in_messages_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    error("\x1b[2J")
    note("\x9b2J")
    warn("\u202ex")
    assert capsys.readouterr() == ("", "kcli: \\x1b[2J.\n\\x9b2J\nwarning: \\u202ex\n")
