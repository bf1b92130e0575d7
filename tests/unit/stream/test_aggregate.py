from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.stream.aggregate import (
    MAGIC,
    MAX_FIELDS,
    _Budget,
    _digest,
    _fields,
    _Malformed,
    _read_varint,
    aggregated,
    deaggregated,
)
from kinesis_cli.stream.payload import Payload

# From https://github.com/awslabs/kinesis-aggregation, written by the real producer library.
REAL = b64decode(
    "84mawgoNMTU2MjYwMjA3NDg5NhInMzM5NjA2NjAwOTQyOTY3MzkxODU0NjAzNTUyNDAyMDIxODQ3MjkyGicIABAAGiFS"
    "RUNPUkQgMjAwNSBwanFyY2ZieGFmemRuZHptYmdhbmUaJwgAEAAaIVJFQ09SRCAyMDA2IHBqcXJjZmJ4YWZ6ZG5kem1i"
    "Z2FuZRonCAAQABohUkVDT1JEIDIwMDcgcGpxcmNmYnhhZnpkbmR6bWJnYW5lGicIABAAGiFSRUNPUkQgMjAwOCBwanFy"
    "Y2ZieGFmemRuZHptYmdhbmUHrLqXAgpJOT8v1lp81gM/"
)
USER_RECORDS = st.lists(
    st.builds(
        Payload,
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10),
        st.none() | st.integers(0, 2**128 - 1).map(str),
        st.binary(max_size=300),
    ),
    min_size=1,
    max_size=8,
)


def test_an_aggregate_of_the_real_library_is_unpacked() -> None:
    records = deaggregated(REAL)
    assert records is not None
    assert [record.data for record in records] == [
        f"RECORD {number} pjqrcfbxafzdndzmbgane".encode() for number in range(2005, 2009)
    ]
    assert {record.partition_key for record in records} == {"1562602074896"}
    assert {record.explicit_hash_key for record in records} == {
        "339606600942967391854603552402021847292"
    }
    assert aggregated(records) == REAL


def test_records_are_packed_as_the_format_says() -> None:
    packed = aggregated(
        [Payload("k1", None, b"a"), Payload("k2", None, b"bb"), Payload("k1", None, b"")]
    )
    assert packed.hex() == (
        "f3899ac20a026b310a026b321a0508001a01611a0608011a0262621a0408001a00"
        "84aac754c08f4d54c0c3dcc9a7b62a85"
    )


@given(USER_RECORDS)
def test_what_is_packed_unpacks_to_the_same(records: list[Payload]) -> None:
    assert deaggregated(aggregated(records)) == records


@given(st.binary(max_size=80))
def test_any_other_data_is_a_plain_record(data: bytes) -> None:
    assert deaggregated(data) is None
    assert deaggregated(MAGIC + data) is None


@given(st.binary(min_size=1, max_size=60))
def test_a_message_with_a_right_checksum_unpacks_or_is_plain(message: bytes) -> None:
    records = deaggregated(MAGIC + message + _digest(message))
    assert records is None or all(isinstance(record, Payload) for record in records)


@pytest.mark.parametrize(
    "message",
    [
        "1a0308001a",  # data is cut off
        "1a020801",  # a record without data
        "1a0408001a00",  # key index 0, no key
        "0a016b1a0608001001" + "1a00",  # hash key index 1, no hash key
        "0b",  # a group, long abandoned
        "08ffffffffffffffffffff01",  # a number beyond 64 bits
        "08",  # a number that does not come
        "0a01ff",  # a key that is not UTF-8
    ],
)
def test_a_torn_message_is_a_plain_record(message: str) -> None:
    content = bytes.fromhex(message)
    assert deaggregated(MAGIC + content + _digest(content)) is None


def test_fields_of_later_versions_are_skipped() -> None:
    content = bytes.fromhex(
        "0a016b" + "21" + "00" * 8 + "2d" + "00" * 4 + "3001" + "1a0908001a016122020a00"
    )
    assert deaggregated(MAGIC + content + _digest(content)) == [Payload("k", None, b"a")]


class CountedBytes(bytes):
    """Bytes that count how often one of them is looked at."""

    looks = 0

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - as bytes has it
        self.looks += 1
        return super().__getitem__(index)


def signed(message: bytes) -> bytes:
    return MAGIC + message + _digest(message)


def test_a_number_without_an_end_is_read_for_ten_bytes_only() -> None:
    endless = CountedBytes(b"\x80" * 320_000)
    with pytest.raises(_Malformed):
        _read_varint(endless, 0)
    assert endless.looks == 10
    assert deaggregated(signed(b"\x08" + b"\x80" * 320_000)) is None


@pytest.mark.parametrize(
    "field",
    [b"\x1a\x00", b"\x0a\x00", b"\x12\x00", b"\x20\x00", b"\x1a\x04\x08\x00\x1a\x00", b"\x1d1234"],
)
def test_bytes_that_are_all_fields_are_read_up_to_a_limit(field: bytes) -> None:
    message = CountedBytes(field * (2**20 // len(field)))
    with pytest.raises(_Malformed):
        _fields(message, _Budget())
    assert message.looks <= 3 * MAX_FIELDS
    assert deaggregated(signed(bytes(message))) is None


def test_twenty_thousand_user_records_are_unpacked_and_more_than_fit_the_limit_are_not() -> None:
    many = [Payload("k", None, b"")] * 20_000
    assert deaggregated(aggregated(many)) == many
    assert deaggregated(aggregated(many * 2)) is None
