"""Requests of the function's process are read the same however they are cut, and within bounds."""

import itertools
import random
from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.handlers.isolated.http_requests import (
    MAX_CHUNK_LINE_BYTES,
    MAX_HEAD_BYTES,
    Head,
    MalformedRequestError,
    Request,
    RequestReader,
)

LIMIT = 1000  # bytes of a body that are kept
SPLITS = 10_000

POST = b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
STREAM = (
    b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    + POST
    + b"Transfer-Encoding: chunked\r\nTrailer: A, B\r\n\r\n"
    b"5\r\nhello\r\n0A;name=\"value\"\r\n0123\r\n5678\r\n001\r\n\n\r\n0\r\n"
    b"A: one\r\nB:two\r\n\r\n"
    + POST
    + b"Content-Length: 4\r\nX:\r\n\r\nnull"
    + POST
    + b"transfer-encoding: Chunked\r\n\r\n0\r\n\r\n"
    + POST
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + b"".join(b"%x\r\n%s\r\n" % (size, b"x" * size) for size in (1, 999, 1, 3000))
    + b"0\r\n\r\n"
    b"\r\nPOST /a HTTP/1.0\nContent-Length: 2\n\nhi"
)  # fmt: skip

Seen = tuple[str, str, bytes, dict[str, str], bool, bool]
EXPECTED: list[Seen] = [
    ("GET", "/2018-06-01/runtime/invocation/next", b"", {}, False, True),
    ("POST", "/2018-06-01/runtime/invocation/1/response", b"hello0123\r\n5678\n",
     {"a": "one", "b": "two"}, False, True),
    ("POST", "/2018-06-01/runtime/invocation/1/response", b"null", {}, False, True),
    ("POST", "/2018-06-01/runtime/invocation/1/response", b"", {}, False, True),
    ("POST", "/2018-06-01/runtime/invocation/1/response", b"", {}, True, True),
    ("POST", "/a", b"hi", {}, False, False),
]  # fmt: skip


def read(parts: Iterable[bytes], *, is_whole: bool = True) -> list[Seen]:
    reader = RequestReader(LIMIT)
    found = [
        (each.head.method, each.head.target, each.body, dict(each.trailers), each.is_too_large,
         each.head.keeps_open)
        for part in parts
        for each in reader.receive(part)
        if isinstance(each, Request)
    ]  # fmt: skip
    assert not (is_whole and reader.is_within)
    return found


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


@pytest.mark.unmeasured
@pytest.mark.slow
def test_requests_are_read_the_same_however_they_are_cut() -> None:
    chance = random.Random(2018)
    assert read([STREAM]) == EXPECTED
    assert read(bytes([each]) for each in STREAM) == EXPECTED
    for _ in range(SPLITS):
        places = [chance.randrange(len(STREAM)) for _ in range(chance.randrange(1, 12))]
        assert read(cut(STREAM, places)) == EXPECTED, places


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,8}", fullmatch=True),
                    st.from_regex(r"[!-~]([ -~]{0,8}[!-~])?", fullmatch=True), max_size=3),
    st.lists(st.integers(0, 400), max_size=8),
)  # fmt: skip
def test_chunks_of_any_bytes_come_out_as_they_went_in(
    chunks: list[bytes], trailers: dict[str, str], places: list[int]
) -> None:
    body = b"".join(b"%X\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    fields = "".join(f"{name}: {value}\r\n" for name, value in trailers.items()).encode()
    data = POST + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n" + fields + b"\r\n"
    (seen,) = read(cut(data, (place for place in places if place < len(data))))
    assert seen[2:4] == (b"".join(chunks), trailers)


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_whatever_comes_is_read_or_refused(parts: list[bytes]) -> None:
    with suppress(MalformedRequestError):
        read(parts, is_whole=False)


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\0\xff\r\n\r\n", "it begins with"),
        (b"POST /a HTTP/2\r\n\r\n", "it begins with"),
        (b"POST /a b HTTP/1.1\r\n\r\n", "it begins with"),
        (POST + b"no colon\r\n\r\n", "one of its headers is"),
        (POST + b"A: one\r\n folded\r\n\r\n", "one of its headers is"),
        (POST + b"Content-Length : 1\r\n\r\n", "one of its headers is"),
        (POST + b"Content-Length: -1\r\n\r\n", "its Content-Length is '-1'"),
        (POST + b"Content-Length: 1.0\r\n\r\n", "its Content-Length is '1.0'"),
        (POST + b"Content-Length: \r\n\r\n", "its Content-Length is ''"),
        (POST + b"Content-Length: 0x10\r\n\r\n", "its Content-Length is '0x10'"),
        (POST + b"Content-Length: \xb2\r\n\r\n", "its Content-Length is '\xb2'"),
        (POST + "Content-Length: ١\r\n\r\n".encode(), "its Content-Length is"),
        (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", "its Content-Length is '999"),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "its Content-Length is '1, 2'"),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "its Transfer-Encoding is 'gzip"),
        (CHUNKED + b"z\r\n", "the size of a chunk is 'z'"),
        (CHUNKED + b"-1\r\n", "the size of a chunk is '-1'"),
        (CHUNKED + b"\r\n", "the size of a chunk is ''"),
        (CHUNKED + b"" + b"0" * 500 + b"\r\n", "the size of a chunk"),
        (CHUNKED + b"1\r\nab\r\n", "a chunk is longer than it says"),
        (CHUNKED + b"0\r\nbad\r\n\r\n", "one of its headers is 'bad'"),
        (POST + b"X: " + b"x" * (MAX_HEAD_BYTES + 1), "its headers are longer"),
        (CHUNKED + b"" + b"1" * (MAX_CHUNK_LINE_BYTES + 9),
         "a line between its chunks is longer"),
        (CHUNKED + b"0\r\n" + b"A: x\r\n" * (MAX_HEAD_BYTES // 3),
         "its trailers are longer"),
    ],
    ids=range(24),
)  # fmt: skip
def test_what_is_not_a_request_is_said(data: bytes, problem: str) -> None:
    for parts in ([data], cut(data, range(1, min(len(data), 300)))):
        with pytest.raises(MalformedRequestError) as raised:
            read(parts)
        assert str(raised.value).startswith(problem)
        assert len(str(raised.value)) < 200


def test_a_body_without_end_takes_no_memory() -> None:
    reader = RequestReader(LIMIT)
    list(reader.receive(POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"))
    for _ in range(100):
        assert list(reader.receive(b"x" * 100_000)) == []
    kept = sum(len(each) for each in vars(reader).values() if isinstance(each, bytearray))
    assert kept <= LIMIT


def test_a_client_that_waits_for_continue_is_told_to_go_on() -> None:
    reader = RequestReader(LIMIT)
    head = POST + b"Content-Length: 2\r\nExpect: 100-Continue\r\n\r\n"
    (told,) = reader.receive(head)
    assert isinstance(told, Head)
    (whole,) = reader.receive(b"hi")
    assert isinstance(whole, Request)
    assert whole.body == b"hi"
    (at_once,) = reader.receive(head + b"hi")  # it did not wait
    assert isinstance(at_once, Request)
