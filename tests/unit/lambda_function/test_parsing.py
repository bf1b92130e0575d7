"""What is a reading, and what is none."""

import base64
import json
import math
import traceback

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shared import DeserializationError, EmptyBodyError, MessageParseError, parse_reading

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def encoded(body: bytes) -> str:
    return base64.b64encode(body).decode()


def body_with(temperature: str = "25.5", timestamp: str = "1545084650", more: str = "") -> bytes:
    return f'{{"temperature":{temperature},"readingTimestamp":{timestamp}{more}}}'.encode()


@pytest.mark.parametrize(
    ("body", "temperature", "timestamp"),
    [
        (body_with(), 25.5, 1545084650),
        (body_with(temperature="25"), 25.0, 1545084650),
        (body_with(temperature="-0"), 0.0, 1545084650),
        (body_with(temperature="1e2"), 100.0, 1545084650),
        (body_with(temperature="-1E-3"), -0.001, 1545084650),
        (body_with(temperature="1" + "0" * 30), 1e30, 1545084650),
        (body_with(temperature="1.7976931348623157e308"), 1.7976931348623157e308, 1545084650),
        (body_with(timestamp="0"), 25.5, 0),
        (body_with(timestamp="-0"), 25.5, 0),
        (body_with(timestamp="-1"), 25.5, -1),
        (body_with(timestamp=str(INT64_MAX)), 25.5, INT64_MAX),
        (body_with(timestamp=str(INT64_MIN)), 25.5, INT64_MIN),
        (body_with(more=',"unit":"C","NaN":["Infinity",{"x":null}]'), 25.5, 1545084650),
        (body_with(more=',"temperature":30'), 30.0, 1545084650),
        (body_with(temperature='"hot"', more=',"temperature":30'), 30.0, 1545084650),
        (body_with(more=',"readingTimestamp":7'), 25.5, 7),
        (b' {"\\u0074emperature" : 1 ,\n"readingTimestamp" : 2}\r\n', 1.0, 2),
    ],
)
def test_a_reading_is_read(body: bytes, temperature: float, timestamp: int) -> None:
    reading = parse_reading(encoded(body))
    assert (reading.temperature, reading.reading_timestamp) == (temperature, timestamp)
    assert type(reading.temperature) is float
    assert type(reading.reading_timestamp) is int


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        # no number, or one that a reading cannot hold
        (body_with(temperature='"25.5"'), "temperature: Input should be a valid number"),
        (body_with(temperature="true"), "temperature: Input should be a valid number"),
        (body_with(temperature="null"), "temperature: Input should be a valid number"),
        (body_with(temperature="[25.5]"), "temperature: Input should be a valid number"),
        (body_with(temperature="1e999"), "temperature: Input should be a finite number"),
        (body_with(temperature="-1e999"), "temperature: Input should be a finite number"),
        (body_with(temperature="1" * 400), "temperature: Input should be a finite number"),
        (body_with(temperature="1" * 5000), "Invalid JSON: number out of range"),
        (body_with(timestamp="1.0"), "readingTimestamp: Input should be a valid integer"),
        (body_with(timestamp="1e3"), "readingTimestamp: Input should be a valid integer"),
        (body_with(timestamp="-0.0"), "readingTimestamp: Input should be a valid integer"),
        (body_with(timestamp="1e999"), "readingTimestamp: Input should be a valid integer"),
        (body_with(timestamp='"1"'), "readingTimestamp: Input should be a valid integer"),
        (body_with(timestamp="false"), "readingTimestamp: Input should be a valid integer"),
        (body_with(timestamp="null"), "readingTimestamp: Input should be a valid integer"),
        (body_with(timestamp=str(INT64_MAX + 1)), "readingTimestamp: Input should be less than"),
        (body_with(timestamp=str(INT64_MIN - 1)), "readingTimestamp: Input should be greater than"),
        (body_with(timestamp="1" * 5000), "Invalid JSON: number out of range"),
        # the last of a repeated key counts, also when it is the bad one
        (body_with(more=',"temperature":"hot"'), "temperature: Input should be a valid number"),
        # JSON knows no NaN and no Infinity, not even where nobody looks
        (body_with(temperature="NaN"), "Invalid JSON: expected value"),
        (body_with(temperature="Infinity"), "Invalid JSON: expected value"),
        (body_with(temperature="-Infinity"), "Invalid JSON: invalid number"),
        (body_with(timestamp="NaN"), "Invalid JSON: expected value"),
        (body_with(more=',"x":NaN'), "Invalid JSON: expected value"),
        (body_with(more=',"x":[-Infinity]'), "Invalid JSON: invalid number"),
        (body_with(temperature="NaN", more=',"temperature":1'), "Invalid JSON: expected value"),
        # other ways not to be JSON
        (body_with(temperature="01"), "Invalid JSON: invalid number"),
        (body_with(temperature=".5"), "Invalid JSON: expected value"),
        (body_with(temperature="+5"), "Invalid JSON: expected value"),
        (body_with(more=","), "Invalid JSON: trailing comma"),
        (body_with() + b"x", "Invalid JSON: trailing characters"),
        (body_with() + body_with(), "Invalid JSON: trailing characters"),
        (body_with() + b"\0", "Invalid JSON: trailing characters"),
        (b"\xef\xbb\xbf" + body_with(), "Invalid JSON: expected value"),
        (body_with().decode().encode("utf-16"), "Invalid JSON: expected value"),
        (body_with()[:-1], "Invalid JSON: EOF while parsing an object"),
        (b'{"temperature":1,"readingTimestamp":1,"x":"\xff"}', "Invalid JSON: invalid unicode"),
        (b'{"temperature":1,"readingTimestamp":1,"\xff":1}', "Invalid JSON: invalid unicode"),
        (b'{"temperature":1,"readingTimestamp":1,"x":"\xed\xa0\x80"}', "Invalid JSON: invalid"),
        (b"\x1f\x8b\x08", "Invalid JSON: expected value"),
        (b" ", "Invalid JSON: EOF while parsing a value"),
        (b"[" * 100_000, "Invalid JSON: recursion limit exceeded"),
        # JSON, but no reading
        (b"{}", "temperature: Field required; readingTimestamp: Field required"),
        (b'{"temperature":1,"reading_timestamp":1}', "readingTimestamp: Field required"),
        (b"[25.5, 1545084650]", "Input should be an object"),
        (b"null", "Input should be an object"),
        (b'"reading"', "Input should be an object"),
    ],
)
def test_what_is_no_reading_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(DeserializationError) as caught:
        parse_reading(encoded(body))
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    "data", ["!", "abc", "e30", "e30=\n", "e30=e30=", "e3 0=", "{}", "é", "\ud800"]
)
def test_data_that_is_not_base64_does_not_deserialize(data: str) -> None:
    with pytest.raises(DeserializationError, match=r"^the data is not base64$"):
        parse_reading(data)


def test_an_empty_body_is_told_from_one_that_does_not_deserialize() -> None:
    with pytest.raises(EmptyBodyError, match=r"^the record has no data$"):
        parse_reading("")
    assert issubclass(EmptyBodyError, MessageParseError)
    assert issubclass(DeserializationError, MessageParseError)
    assert not issubclass(EmptyBodyError, DeserializationError)


@pytest.mark.parametrize(
    "body",
    [
        b'{"temperature":"SECRET","readingTimestamp":1}',
        b'{"temperature":1,"readingTimestamp":"SECRET"}',
        b'{"SECRET":1}',
        b'{"temperature":1,"readingTimestamp":1}SECRET',
        b'{"temperature":1,"readingTimestamp":1,"SECRET":NaN}',
        b'"SECRET"',
        b"SECRET",
        b"\xffSECRET",
    ],
)
@pytest.mark.parametrize("encode", [encoded, lambda body: body.decode("latin-1")])
def test_no_payload_gets_into_an_error_or_its_traceback(body: bytes, encode: object) -> None:
    assert callable(encode)
    with pytest.raises(MessageParseError) as caught:
        parse_reading(encode(body))
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@given(
    temperature=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**300), 10**300),
    timestamp=st.integers(INT64_MIN, INT64_MAX),
    others=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])).filter(
            lambda key: key not in {"temperature", "readingTimestamp"}
        ),
        st.booleans()
        | st.integers(INT64_MIN, INT64_MAX)
        | st.text(st.characters(exclude_categories=["Cs"])),
        max_size=3,
    ),
    ascii_only=st.booleans(),
)
def test_every_reading_survives_the_way_to_lambda(
    temperature: float, timestamp: int, others: dict[str, object], ascii_only: bool
) -> None:
    members = {**others, "temperature": temperature, "readingTimestamp": timestamp}
    body = json.dumps(members, ensure_ascii=ascii_only).encode()
    reading = parse_reading(encoded(body))
    assert reading.temperature == float(temperature)
    assert reading.reading_timestamp == timestamp


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
@example(b"1e999")
def test_whatever_bytes_arrive_the_answer_is_a_reading_or_a_parse_error(body: bytes) -> None:
    try:
        reading = parse_reading(encoded(body))
    except MessageParseError:
        return
    assert math.isfinite(reading.temperature)
    assert INT64_MIN <= reading.reading_timestamp <= INT64_MAX


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(st.sampled_from("abc"), values, max_size=3)
    ),
    max_leaves=5,
)


@given(temperature=JSON_VALUES, timestamp=JSON_VALUES)
def test_only_a_finite_number_and_an_int64_make_a_reading(
    temperature: object, timestamp: object
) -> None:
    body = json.dumps({"temperature": temperature, "readingTimestamp": timestamp}).encode()
    good = _is_finite_number(temperature) and _is_int64(timestamp)
    try:
        parse_reading(encoded(body))
    except DeserializationError:
        assert not good
    else:
        assert good


def _is_finite_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_int64(value: object) -> bool:
    return type(value) is int and INT64_MIN <= value <= INT64_MAX
