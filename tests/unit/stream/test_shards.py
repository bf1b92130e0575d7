import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.stream.shards import (
    HASH_KEYS,
    even_shards,
    explicit_hash_key,
    hash_key,
    shard_id,
    shard_index,
    shard_of,
)


@pytest.mark.parametrize(
    ("key", "hashed", "of_two", "of_four"),
    [
        ("a", 16955237001963240173058271559858726497, 0, 0),
        ("user-1", 285573413173782752570879317399258818820, 1, 3),
    ],
)
def test_keys_go_to_the_shards_that_kinesis_chooses(
    key: str, hashed: int, of_two: int, of_four: int
) -> None:
    assert hash_key(key) == hashed
    assert shard_of(even_shards(2), hashed).shard_id == shard_id(of_two)
    assert shard_of(even_shards(4), hashed).shard_id == shard_id(of_four)


def test_two_shards_meet_in_the_middle() -> None:
    first, second = even_shards(2)
    assert second.starting_hash_key == 170141183460469231731687303715884105728
    assert first.ending_hash_key == second.starting_hash_key - 1
    assert second.ending_hash_key == 340282366920938463463374607431768211455


@given(st.integers(1, 300), st.integers(0, HASH_KEYS - 1))
def test_every_hash_key_belongs_to_exactly_one_shard(count: int, key: int) -> None:
    shards = even_shards(count)
    assert [shard for shard in shards if key in shard] == [shard_of(shards, key)]


@pytest.mark.parametrize("count", [0, -1, 20_001])
def test_a_stream_of_impossible_size_is_refused(count: int) -> None:
    with pytest.raises(InputError, match="1 to 20,000"):
        even_shards(count)


@given(st.integers(0, 10**12 - 1))
def test_a_shard_id_names_its_index(index: int) -> None:
    assert shard_index(shard_id(index)) == index


@pytest.mark.parametrize("text", ["", "shardId-", "shard-1", "shardId-x", "shardId-٣", "1"])
def test_what_is_no_shard_id_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a shard id"):
        shard_index(text)


@pytest.mark.parametrize("text", ["", "-1", "01", "x", str(HASH_KEYS), "9" * 4000])
def test_an_explicit_hash_key_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="explicit hash key"):
        explicit_hash_key(text)


def test_an_explicit_hash_key_is_its_number() -> None:
    assert explicit_hash_key(str(HASH_KEYS - 1)) == HASH_KEYS - 1


def test_a_key_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InputError, match="not valid Unicode"):
        hash_key("\ud800")
