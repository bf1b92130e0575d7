import base64
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.stream.event import KinesisEvent
from kinesis_cli.stream.not_base64 import why_not_base64

PAYLOAD = b"\xfb\xef\xff, two kinds of digits that differ,"  # has - and _
DATA = base64.b64encode(PAYLOAD).decode()
URL_SAFE = base64.urlsafe_b64encode(PAYLOAD).decode()


@pytest.mark.parametrize(
    ("text", "problem", "advice"),
    [
        (URL_SAFE, "it has '-' and '_' of the URL-safe alphabet",
         "Write + for - and / for _, as Lambda does."),
        (DATA[:20] + "\n" + DATA[20:], "it has line breaks or spaces",
         "Write it as one line, like `base64 -w 0`."),
        (f"{DATA}\r\n", "it has line breaks or spaces",
         "Write it as one line, like `base64 -w 0`."),
        (DATA.rstrip("="), "its padding is missing", "Append ==."),
        (
            URL_SAFE.rstrip("="),
            "it has '-' and '_' of the URL-safe alphabet, its padding is missing",
            "Write + for - and / for _, as Lambda does, and append ==.",
        ),
        ("hello1", "its padding is missing",
         "Append ==. To read plain payload lines use --raw."),
    ],
)  # fmt: skip
def test_a_slip_in_base64_is_named_with_what_to_do(text: str, problem: str, advice: str) -> None:
    assert why_not_base64(text) == (f"not base64 as Lambda sends it: {problem}", advice)


@pytest.mark.parametrize("text", ["{}", "e", "e30==", "=", "e30=e30=", "b'e30='", "é", "a%b="])
def test_any_other_text_is_shown_as_it_begins(text: str) -> None:
    assert why_not_base64(text) == (
        f"not base64, it begins with {text!r}",
        "To read plain payload lines use --raw. In an event, write it as `base64 -w 0` does.",
    )


@given(st.binary(min_size=1), st.booleans(), st.booleans(), st.booleans())
def test_what_the_advice_says_makes_base64_of_it(
    data: bytes, url_safe: bool, broken: bool, bare: bool
) -> None:
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(data).decode()
    text = text.rstrip("=") if bare else text
    text = f"{text[:2]}\n{text[2:]}" if broken else text
    assume(text != base64.b64encode(data).decode())
    problem, advice = why_not_base64(text)
    assert ("URL-safe" in problem) == ("Write + for -" in advice)
    if "URL-safe" in problem:
        text = text.replace("-", "+").replace("_", "/")
    if "as one line" in advice:
        text = "".join(text.split())
    if "append" in advice.lower():
        text += advice.lower().partition("append ")[2].partition(".")[0]
    assert base64.b64decode(text, validate=True) == data


@given(st.text())
def test_any_text_is_explained_in_one_line(text: str) -> None:
    problem, advice = why_not_base64(text)
    assert problem.startswith("not base64")
    assert advice.endswith(".")
    assert "\n" not in problem


def test_an_event_whose_data_is_url_safe_is_refused_by_that_name() -> None:
    kinesis = {
        "partitionKey": "pk",
        "sequenceNumber": "49635052289529725553291405520881064510298312199003701250",
        "data": URL_SAFE,
        "approximateArrivalTimestamp": 1700000000.0,
    }
    event = {"Records": [{"eventSource": "aws:kinesis", "kinesis": kinesis}]}
    with pytest.raises(InputError, match=r"record 1, kinesis\.data: .*URL-safe alphabet"):
        KinesisEvent.from_json(json.dumps(event))
