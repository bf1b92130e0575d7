"""What a handler returns, and what comes back from the JSON that Lambda makes of it."""

import json
import math
from collections import OrderedDict
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.handlers.response import MAX_RESPONSE_BYTES, MarshalError, as_json_value


class Pair(NamedTuple):
    left: int
    right: list[int]


class Colour(IntEnum):
    RED = 3


JSON_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]) | st.characters(max_codepoint=127)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.text(max_size=3) | st.integers(0, 9) | st.booleans() | st.none(), inner, max_size=4
        )
    ),
)


@given(JSON_LIKE)
def test_the_short_way_gives_what_json_gives(response: object) -> None:
    assert as_json_value(response) == json.loads(json.dumps(response))


NAMES = st.sampled_from(["batchItemFailures", "itemIdentifier", "a"])


@given(
    st.dictionaries(
        NAMES, st.lists(st.dictionaries(NAMES, st.text(max_size=3), max_size=2), max_size=3)
    )
)
def test_nothing_is_shared_with_the_handler(response: dict[str, list[dict[str, str]]]) -> None:
    answer = as_json_value(response)
    before = json.dumps(answer)
    for members in response.values():
        for member in members:
            member["later"] = "changed"
        members.append({})
    response["later"] = []
    assert json.dumps(answer) == before


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (None, None),
        ({"batchItemFailures": []}, {"batchItemFailures": []}),
        ({1: (2, 3)}, {"1": [2, 3]}),
        ({True: 1, None: 2, 1.5: 3}, {"true": 1, "null": 2, "1.5": 3}),
        (Pair(1, [Pair(2, [])]), {"left": 1, "right": [{"left": 2, "right": []}]}),  # type: ignore[list-item]
        (Decimal("1.10"), 1.1),
        ({"n": Decimal(5)}, {"n": 5}),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (Colour.RED, 3),
        ("\ud800", "\ud800"),
        (2**70, 2**70),
        (b'{"batchItemFailures": []}', {"batchItemFailures": []}),
        (b"\xffno json", "\ufffdno json"),
    ],
)
def test_values_come_back_as_from_the_runtimes_encoder(response: object, expected: object) -> None:
    assert as_json_value(response) == expected
    assert type(as_json_value(response)) is type(expected)


@pytest.mark.parametrize("response", [math.nan, Decimal("NaN"), {"x": [math.nan]}])
def test_nan_stays_nan(response: object) -> None:
    assert "NaN" in json.dumps(as_json_value(response))


@pytest.mark.parametrize("character", ["x", "ü", "\n"])
def test_a_response_may_have_6_mb_and_not_a_byte_more(character: str) -> None:
    size = len(json.dumps(character, ensure_ascii=False).encode()) - 2
    fits = (MAX_RESPONSE_BYTES - 2) // size * character
    assert as_json_value(fits) == fits
    with pytest.raises(MarshalError) as caught:
        as_json_value(fits + 2 * character)
    assert caught.value.error_type == "Function.ResponseSizeTooLarge"
    assert "(6291556 bytes)" in caught.value.message


def test_many_small_values_are_counted_with_their_spaces() -> None:
    with pytest.raises(MarshalError):
        as_json_value([1234567890] * (MAX_RESPONSE_BYTES // 12 + 1))
