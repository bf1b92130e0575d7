"""Records for the page: opened, marked, harmless, and bounded."""

import gzip

from kinesis_cli.local.live_page.records import MAX_PREVIEW, MAX_TEXT, shown, shown_whole
from kinesis_cli.stream.aggregate import aggregated
from kinesis_cli.stream.payload import Payload


def record(data: bytes, key: str = "k") -> dict[str, object]:
    return {
        "SequenceNumber": "1",
        "PartitionKey": key,
        "Data": data,
        "ApproximateArrivalTimestamp": 1.0,
    }


def text_of(data: bytes) -> str:
    return shown("orders", "shard", record(data)).text


def test_text_json_and_bytes_are_shown_in_a_line() -> None:
    assert text_of(b'{\n "a": 1}') == '{\\n "a": 1}'
    assert text_of("\u00e4\u6f22".encode()) == "\u00e4\u6f22"
    assert text_of(b"\xff\x00") == "0xff00"
    assert text_of(b"") == ""


def test_a_long_payload_is_cut_and_says_so() -> None:
    for data in (b"x" * 10_000, "\u6f22".encode() * 5_000, b"\xff" * 5_000):
        cut = shown("orders", "shard", record(data))
        assert cut.cut
        assert len(cut.text) == MAX_PREVIEW
        assert cut.size == len(data)
    exact = shown("orders", "shard", record(b"x" * MAX_PREVIEW))
    assert not exact.cut


def test_what_unpacks_to_much_is_left_packed_in_a_list() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert shown("orders", "shard", record(bomb)).packing == ""
    many = aggregated([Payload("k", None, gzip.compress(bytes(200_000))) for _ in range(500)])
    opened = shown("orders", "shard", record(many))
    assert opened.packing == "KPL aggregate of 500"
    assert len(opened.text) == MAX_PREVIEW


def test_a_record_alone_is_shown_in_lines_json_indented() -> None:
    alone = shown_whole("orders", "shard", record(gzip.compress(b'{"a":[1]}')))
    assert alone["packing"] == "gzip"
    assert alone["lines"] == ["{", '  "a": [', "    1", "  ]", "}"]
    assert shown_whole("o", "s", record(b"a\n\x1b\xc2\x9b"))["lines"] == ["a", "\\x1b\\x9b"]
    large = shown_whole("o", "s", record(b"y" * 1_000_000))
    assert large["cut"]
    assert [len(line) for line in large["lines"]] == [MAX_TEXT]


def test_keys_are_harmless_and_may_be_missing() -> None:
    assert shown("o", "s", record(b"", "\u202e<b>")).key == "\\u202e<b>"
    without = {name: value for name, value in record(b"").items() if name != "PartitionKey"}
    assert shown("o", "s", without).key == ""
