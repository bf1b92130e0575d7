import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.stream.sequence import (
    MAX_COUNTER,
    SequenceNumber,
    SequenceNumbers,
    is_sequence_number,
)

SECONDS = st.integers(0, 16**9 - 1)


@pytest.mark.parametrize(
    ("number", "fields"),
    [
        (
            "49590338271490256608559692538361571095921575989136588898",
            SequenceNumber(1542776258, 6, 1734642199, 1545084650),
        ),
        (
            "49549167410945534708633744510750617797212193316405248018",
            SequenceNumber(1436906321, 1, 0, 1436906321),
        ),
    ],
)
def test_numbers_of_real_streams_are_understood(number: str, fields: SequenceNumber) -> None:
    decoded = SequenceNumber.decode(number)
    assert decoded.shard_index == fields.shard_index
    assert decoded.counter == fields.counter
    assert decoded.encode() == number


def test_the_time_of_aws_documentations_record_is_its_arrival() -> None:
    number = SequenceNumber.decode("49590338271490256608559692538361571095921575989136588898")
    assert number.time == 1545084650  # 2018-12-17T22:10:50Z


def test_an_ending_number_holds_the_largest_counter() -> None:
    number = SequenceNumber.decode("49549167410956685081233009822320176730553508082787287058")
    assert number.counter == MAX_COUNTER


@given(
    st.builds(
        SequenceNumber, SECONDS, st.integers(0, 2**32 - 1), st.integers(0, MAX_COUNTER), SECONDS
    )
)
def test_what_is_encoded_decodes_to_the_same(number: SequenceNumber) -> None:
    encoded = number.encode()
    assert len(encoded) == 56
    assert SequenceNumber.decode(encoded) == number


@given(
    st.integers(0, 19_999),
    SECONDS,
    st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=20),
)
def test_numbers_of_a_shard_grow_even_when_time_goes_back(
    shard: int, created: int, arrivals: list[float]
) -> None:
    numbers = SequenceNumbers(shard, created)
    made = [numbers.next(arrival) for arrival in arrivals]
    assert sorted(set(made), key=int) == made
    for number, arrival in zip(made, arrivals, strict=True):
        decoded = SequenceNumber.decode(number)
        assert (decoded.shard_index, decoded.created) == (shard, created)
        if 0 <= arrival < 16**9 - 1:
            assert decoded.time == int(arrival)


@pytest.mark.parametrize(
    "text",
    ["", "x", "1", "0", "49545115243490985018280067714973144582180062593244200961", "9" * 56],
)
def test_a_number_in_another_layout_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not in Kinesis's layout"):
        SequenceNumber.decode(text)


@given(st.text(max_size=140))
def test_only_decimal_digits_are_a_sequence_number(text: str) -> None:
    import re

    assert is_sequence_number(text) == bool(re.fullmatch(r"0|[1-9][0-9]{0,128}", text))
