import gzip
import sys
from datetime import UTC, datetime

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.filters.criteria import compile_filters
from kinesis_cli.show.streams.tail import DataForm, data_text
from kinesis_cli.stream.aggregate import aggregated
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import (
    Selection,
    Start,
    StartKind,
    grep_pattern,
    moment_of_all_shards,
)
from kinesis_cli.stream.user_records import changed, data_of, unpacked

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC).timestamp()
NUMBER = "49590338271490256608559692538361571095921575989136588898"


def record(data: bytes, key: str = "sensor-1") -> Record:
    return lambda_record(
        shard_id="shardId-000000000000",
        sequence_number=NUMBER,
        partition_key=key,
        arrival=NOW,
        data=data,
    )


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("latest", Start(StartKind.LATEST)),
        ("trim-horizon", Start(StartKind.TRIM_HORIZON)),
        ("10m", Start(StartKind.AT_TIMESTAMP, NOW - 600)),
        ("1.5h", Start(StartKind.AT_TIMESTAMP, NOW - 5400)),
        ("0s", Start(StartKind.AT_TIMESTAMP, NOW)),
        ("2026-01-31T11:00:00Z", Start(StartKind.AT_TIMESTAMP, NOW - 3600)),
        ("2026-01-31T12:00:00+01:00", Start(StartKind.AT_TIMESTAMP, NOW - 3600)),
        ("2026-01-31T11:00:00", Start(StartKind.AT_TIMESTAMP, NOW - 3600)),
        ("1545084650.987", Start(StartKind.AT_TIMESTAMP, 1545084650.987)),
        (NUMBER, Start(StartKind.AT_SEQUENCE_NUMBER, sequence_number=NUMBER)),
    ],
)
def test_since_takes_each_form(text: str, start: Start) -> None:
    assert Start.parse(text, NOW) == start


@pytest.mark.parametrize("text", ["", "yesterday", "-5", "1e5", "10 m", "2026-13-01", "٣"])
def test_since_refuses_what_is_no_moment(text: str) -> None:
    with pytest.raises(InputError, match="is not a time"):
        Start.parse(text, NOW)


def test_since_refuses_the_future_and_tells_milliseconds() -> None:
    with pytest.raises(InputError, match="has not come yet"):
        Start.parse("+10m", NOW)
    with pytest.raises(InputError) as refused:
        Start.parse("1545084650987", NOW)
    assert refused.value.advice == "It looks like milliseconds; write seconds."


def test_until_may_lie_in_the_future() -> None:
    assert moment_of_all_shards("+10m", NOW, "--until") == NOW + 600


def test_all_conditions_must_hold() -> None:
    hot = record(b'{"temperature": 31}', key="sensor-7")
    filters = compile_filters(['{"data": {"temperature": [{"numeric": [">", 30]}]}}'])
    assert Selection(key="sensor-*", filters=filters, grep=grep_pattern("31")).matches(hot)
    assert not Selection(key="sensor-?0", filters=filters).matches(hot)
    assert not Selection(partition_key="sensor-70", filters=filters).matches(hot)
    assert not Selection(grep=grep_pattern("^31")).matches(hot)


def test_an_aggregate_is_looked_into() -> None:
    packed = aggregated(
        [Payload("a", None, b"one"), Payload("b", None, b"two"), Payload("a", None, b"3")]
    )
    one = record(packed, key="outer")
    assert [each.data for each in Selection(partition_key="a").chosen(one)] == [b"one", b"3"]
    assert Selection(grep=grep_pattern("^two$")).matches(one)
    assert not Selection(partition_key="outer").matches(one)
    assert Selection(partition_key="outer", deaggregate=False).matches(one)


def test_packed_payloads_are_searched_and_shown_unpacked() -> None:
    packed = gzip.compress(b'{"temperature": 21}')
    assert Selection(grep=grep_pattern("temperature")).matches(record(packed))
    assert data_text(packed, DataForm.JSON) == '[gzip] {"temperature": 21}'
    assert data_text(packed, DataForm.HEX) == packed.hex()
    assert unpacked(packed[:-1]) == packed[:-1]  # damaged: as it is


def test_what_is_no_text_is_shown_in_hexadecimal() -> None:
    assert data_text(b"\xff\x00", DataForm.JSON) == "0xff00"
    assert data_text(b'{"a":\n 1}', DataForm.JSON) == '{"a": 1}'
    assert data_text(b"a\nb", DataForm.TEXT) == "a\nb"
    assert data_text(b"a", DataForm.NONE) == ""
    assert data_text(b"a", DataForm.BASE64) == "YQ=="


def test_a_change_sees_each_user_record_and_may_drop_some() -> None:
    packed = aggregated([Payload("a", None, b"one"), Payload("b", "7", b"two")])
    kept = changed(packed, lambda data: data.upper() if data == b"two" else None)
    assert kept == aggregated([Payload("b", "7", b"TWO")])
    assert changed(packed, lambda _: None) is None
    assert changed(b"plain", bytes.upper) == b"PLAIN"


def test_what_zstd_packed_is_opened() -> None:
    assert unpacked(zstd.compress(b"text")) == b"text"
    assert unpacked(zstd.compress(b"text")[:-2]) == zstd.compress(b"text")[:-2]
    assert unpacked(b"\x1f\x8b\x08 no gzip") == b"\x1f\x8b\x08 no gzip"


def test_data_that_is_no_base64_is_refused() -> None:
    broken = Record("shardId-000000000000", NUMBER, "a", NOW, b'{"kinesis":{"data":"?"}}')
    with pytest.raises(InputError, match="not a record of a stream"):
        data_of(broken)


def test_grep_takes_a_regular_expression() -> None:
    with pytest.raises(InputError, match="is not a regular expression"):
        grep_pattern("(")


@pytest.mark.parametrize("text", ["9" * 15, "99999d"])
def test_a_moment_lies_between_1970_and_the_year_10000(text: str) -> None:
    with pytest.raises(InputError):
        moment_of_all_shards(text, NOW, "--until")
