import re
import socket
import ssl
import struct
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

import cbor2
import h2.config
import h2.connection
import h2.events
import pytest

from tests.servers import Started, ours_in

from .raw import CBOR, JSON, answer_on, answers_on, ask, connection, request

_names = count()


@pytest.fixture
def port(our_server: Started) -> int:
    return our_server.port


@pytest.fixture
def stream(port: int) -> str:
    name = f"raw-{next(_names)}"
    assert ask(port, "CreateStream", b'{"StreamName":"%s","ShardCount":1}' % name.encode())
    return name


def cbor(port: int, operation: str, **parameters: object) -> Any:  # noqa: ANN401 - as decoded
    answer = ask(port, operation, cbor2.dumps(parameters), content_type=CBOR)
    assert answer.headers["content-type"] == CBOR
    tags = {1: lambda value, _: ("milliseconds", value)}
    return answer.status, cbor2.loads(answer.body, semantic_decoders=tags) if answer.body else None


# --- CBOR


def test_cbor_carries_blobs_as_bytes_and_timestamps_as_tagged_milliseconds(
    port: int, stream: str
) -> None:
    status, put = cbor(port, "PutRecord", StreamName=stream, Data=b"\x00\xff", PartitionKey="a")
    assert status == 200
    _, got = cbor(
        port,
        "GetShardIterator",
        StreamName=stream,
        ShardId=put["ShardId"],
        ShardIteratorType="TRIM_HORIZON",
    )
    _, page = cbor(port, "GetRecords", ShardIterator=got["ShardIterator"])
    (record,) = page["Records"]
    assert record["Data"] == b"\x00\xff"
    unit, arrival = record["ApproximateArrivalTimestamp"]
    assert unit == "milliseconds"
    assert isinstance(arrival, int)
    assert arrival > 1_700_000_000_000


def test_cbor_takes_a_timestamp_in_milliseconds(port: int, stream: str) -> None:
    status, answer = cbor(
        port,
        "GetShardIterator",
        StreamName=stream,
        ShardId="shardId-000000000000",
        ShardIteratorType="AT_TIMESTAMP",
        Timestamp=cbor2.CBORTag(1, 1_545_084_650_987),
    )
    assert (status, list(answer)) == (200, ["ShardIterator"])


def test_a_refusal_comes_in_the_protocol_of_the_request(port: int) -> None:
    status, answer = cbor(port, "DescribeStream", StreamName="nowhere")
    assert status == 400
    assert answer["__type"] == "ResourceNotFoundException"
    assert answer["message"] == "Stream nowhere under account 123456789012 not found."


@pytest.mark.parametrize("body", [b"\xff", b"\xa1", b"\x01", b"\xc1\x61x", b"\x9f" * 10_000])
def test_what_is_no_cbor_is_a_serialization_exception(port: int, body: bytes) -> None:
    answer = ask(port, "DescribeStream", body, content_type=CBOR)
    assert (answer.status, cbor2.loads(answer.body)) == (400, {"__type": "SerializationException"})


def test_a_refusal_without_a_sentence_is_byte_for_byte_as_aws_writes_it(port: int) -> None:
    answer = ask(port, None, b"", content_type=None)
    assert answer.headers["content-type"] == CBOR
    assert answer.body == b"\xbf\x66__type\x78\x19UnknownOperationException\xff"


# --- malformed requests, in AWS's order


@pytest.mark.parametrize(
    "body", [b"{", b"[", b"\xff", b"nul", b"null", b'"x"', b"[" * 100_000, b'{"a":1}x']
)
def test_what_is_no_json_is_a_serialization_exception(port: int, body: bytes) -> None:
    answer = ask(port, "DescribeStream", body)
    assert (answer.status, answer.document) == (400, {"__type": "SerializationException"})


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("DescribeStream", b'{"Limit":"1"}', "class java.lang.String can not be converted to an "
         "Integer"),
        ("DescribeStream", b'{"Limit":true}', "class java.lang.Boolean can not be converted to an "
         "Integer"),
        ("DescribeStream", b'{"StreamName":1}', "class com.amazon.coral.value.json.numbers."
         "TruncatingBigNumber can not be converted to an String"),
        ("DescribeStream", b'{"StreamName":[]}', "Start of list found where not expected"),
        ("PutRecords", b'{"Records":1}', "Expected list or null"),
        ("PutRecord", b'{"Data":"x"}', "'x' can not be converted to a Blob: Base64 encoded length "
         "is expected a multiple of 4 bytes but found: 1"),
        ("PutRecord", b'{"Data":"=x=="}', "'=x==' can not be converted to a Blob: Invalid Base64 "
         "character: '='"),
        ("PutRecord", b'{"Data":"+/+="}', "'+/+=' can not be converted to a Blob: Invalid last "
         "non-pad Base64 character dectected"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_named_as_java_names_it(
    port: int, operation: str, body: bytes, message: str
) -> None:
    answer = ask(port, operation, body)
    assert answer.status == 400
    assert answer.document == {"__type": "SerializationException", "Message": message}


def test_types_are_checked_before_constraints(port: int) -> None:
    answer = ask(port, "PutRecord", b'{"StreamName":"","PartitionKey":"","Data":7}')
    assert answer.document["__type"] == "SerializationException"


def test_the_body_is_read_before_the_signature_is_missed(port: int) -> None:
    broken = ask(port, "DescribeStream", b"{", authorization=None)
    assert broken.document["__type"] == "SerializationException"
    unsigned = ask(port, "DescribeStream", b"{}", authorization=None)
    assert unsigned.document == {
        "__type": "MissingAuthenticationTokenException",
        "message": "Missing Authentication Token",
    }


def test_the_signature_is_missed_before_the_parameters_are_checked(port: int) -> None:
    answer = ask(port, "DescribeStream", b'{"StreamName":""}', authorization="AWS4-HMAC-SHA256 X")
    assert answer.document == {
        "__type": "IncompleteSignatureException",
        "message": "Authorization header requires 'Credential' parameter. "
        "Authorization header requires 'Signature' parameter. "
        "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 X",
    }


@pytest.mark.parametrize(
    ("options", "status", "body"),
    [
        ({"body": b"", "operation": "DescribeStream"}, 400, b"SerializationException"),
        ({"body": b"", "operation": "Nothing"}, 400, b"UnknownOperationException"),
        ({"body": b"{}", "operation": "Nothing"}, 400, b"UnknownOperationException"),
        ({"method": "PUT", "operation": "DescribeStream"}, 403, b"<AccessDeniedException>"),
        ({"method": "GET", "operation": None, "body": b""}, 403, b"<AccessDeniedException>"),
        ({"content_type": "text/plain", "operation": None}, 403, b"<AccessDeniedException>"),
        ({"content_type": "text/plain", "operation": ""}, 403, b"<AccessDeniedException>"),
        (
            {"body": b"", "operation": None, "x_amz_target": "X", "authorization": None},
            400,
            b"UnknownOperationException",
        ),
        ({"content_type": "text/plain", "operation": "X"}, 404, b"<UnknownOperationException/>"),
        ({"content_type": "application/json", "operation": "X"}, 404, b"com.amazon.coral.service#"),
    ],
)
def test_what_is_no_call_of_kinesis_is_refused(
    port: int, options: dict[str, Any], status: int, body: bytes
) -> None:
    answer = ask(port, **options)
    assert answer.status == status
    assert body in answer.body


def test_every_answer_has_ids(port: int) -> None:
    first, second = (ask(port, "ListStreams").headers["x-amzn-requestid"] for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first)
    assert first != second


# --- who may come in


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost"},
        {"host": "example.com"},
        {"host": "127.0.0.1.nip"},
        {"host": "http://example.com"},
        {"host": "http://localhost@example.com"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_web_pages_are_turned_away(port: int, headers: dict[str, str]) -> None:
    assert ask(port, "ListStreams", **headers).status == 403


@pytest.mark.parametrize("host", ["localhost", "http://localhost:4566", "HTTPS://127.0.0.1"])
def test_programs_may_call_this_machine_by_each_of_its_names(port: int, host: str) -> None:
    assert ask(port, "ListStreams", host=host).status == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("verb", ["reset", "seed?a=1", "recorder/start-recording", "data.json"])
def test_motos_own_paths_are_closed(port: int, verb: str, method: str) -> None:
    path = f"/moto-api/{verb}"
    assert ask(port, None, b"", method=method, path=path, authorization=None).status == 403
    escaped = path.replace("/moto-api", "/%6doto-api")
    assert ask(port, None, b"", method=method, path=escaped).status == 403


def test_an_image_on_a_page_changes_no_queue(port: int) -> None:
    path = "/?Action=CreateQueue&QueueName=x&Version=2012-11-05"
    assert ask(port, None, b"", method="GET", path=path, authorization=None).status == 403


def test_the_control_path_needs_the_token(port: int) -> None:
    assert ask(port, None, path="/_kcli/status").status == 403
    assert ask(port, None, b"", method="GET", path="/_kcli/health").status == 200


# --- connections


def test_requests_sent_at_once_are_answered_in_order(port: int) -> None:
    with connection(port) as opened:
        limits = range(1, 51)
        opened.sendall(
            b"".join(request(port, "DescribeStream", b'{"Limit":0,"StreamName":"%d"}' % i)
                     if i % 2 else request(port, "ListStreams") for i in limits)
        )  # fmt: skip
        for i, answer in zip(limits, answers_on(opened), strict=False):
            assert answer.status == (400 if i % 2 else 200)


def test_a_client_that_sends_byte_by_byte_holds_up_nobody(port: int) -> None:
    slow = request(port, "ListStreams")
    with connection(port) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in slow:
            opened.sendall(bytes([byte]))
            if byte == ord(":"):
                assert ask(port, "ListStreams").status == 200
        assert answer_on(opened).status == 200


def test_clients_that_leave_early_leave_nothing_behind(port: int, stream: str) -> None:
    data = b'{"StreamName":"%s","PartitionKey":"a","Data":"' % stream.encode() + b"A" * 1_000_000
    whole = request(port, "PutRecord", data + b'"}')
    for length in (1, 40, 500, 500_000, len(whole) - 1):
        with connection(port) as opened:
            opened.sendall(whole[:length])
    assert ask(port, "PutRecord", data + b'"}').status == 200


def test_bodies_of_10_mib_of_data_are_taken(port: int, stream: str) -> None:
    entry = b'{"PartitionKey":"a","Data":"%s"}' % (b"A" * (4 * 2**20 // 3 // 4 * 4 - 8))
    body = b'{"StreamName":"%s","Records":[%s]}' % (stream.encode(), b",".join([entry] * 9))
    assert ask(port, "PutRecords", body).document["FailedRecordCount"] == 0


def test_a_body_that_is_too_large_is_refused_before_it_comes(port: int) -> None:
    head = request(port, "PutRecord", b"", content_length=str(2**30))
    with connection(port) as opened:
        opened.sendall(head)
        assert answer_on(opened).status == 413


def test_a_chunked_body_is_taken(port: int) -> None:
    head = request(port, "ListStreams", b"", content_length=None, transfer_encoding="chunked")
    with connection(port) as opened:
        opened.sendall(head + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
        assert answer_on(opened).status == 200


def test_the_client_is_told_to_go_on(port: int) -> None:
    whole = request(port, "ListStreams", expect="100-continue")
    with connection(port) as opened:
        opened.sendall(whole[:-2])
        assert opened.recv(100).startswith(b"HTTP/1.1 100 ")
        opened.sendall(whole[-2:])
        assert answer_on(opened).status == 200


# --- HTTP/2


def test_a_subscription_comes_as_event_stream_over_http_2(port: int, stream: str) -> None:
    ask(
        port, "PutRecord", b'{"StreamName":"%s","PartitionKey":"a","Data":"eHl6"}' % stream.encode()
    )
    arn = f"arn:aws:kinesis:us-east-1:123456789012:stream/{stream}"
    consumer = ask(
        port, "RegisterStreamConsumer", f'{{"StreamARN":"{arn}","ConsumerName":"c"}}'.encode()
    ).document["Consumer"]["ConsumerARN"]
    body = (
        f'{{"ConsumerARN":"{consumer}","ShardId":"shardId-000000000000",'
        '"StartingPosition":{"Type":"TRIM_HORIZON"}}'
    )
    frames = http_2(port, "SubscribeToShard", body.encode(), until=lambda data: b"eHl6" in data)
    first, second = frames_of(frames)[:2]
    assert first[0][":event-type"] == "initial-response"
    assert second[0] == {
        ":message-type": "event",
        ":event-type": "SubscribeToShardEvent",
        ":content-type": JSON,
    }
    assert b'"Data":"eHl6"' in second[1]


def test_tls_offers_both_versions_of_http(tmp_path: Path) -> None:
    with ours_in(tmp_path, "--tls") as server:
        context = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        for version in ("h2", "http/1.1"):
            context.set_alpn_protocols([version])
            with (
                connection(server.port) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1") as opened,
            ):
                assert opened.selected_alpn_protocol() == version
                if version == "http/1.1":
                    opened.sendall(request(server.port, "ListStreams"))
                    assert answer_on(opened).status == 200
                else:
                    streams = http_2_on(
                        opened, server.port, "ListStreams", b"{}", lambda data: b"}" in data
                    )
                    assert b'"StreamNames":[]' in streams
        assert (tmp_path / "certificate.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("speaks", ["h2", "http/1.1"])
def test_tls_without_alpn_is_told_by_its_first_bytes(tmp_path: Path, speaks: str) -> None:
    with ours_in(tmp_path, "--tls") as server:
        context = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        with (
            connection(server.port) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as opened,
        ):
            assert opened.selected_alpn_protocol() is None
            if speaks == "h2":
                answer = http_2_on(
                    opened, server.port, "ListStreams", b"{}", lambda data: b"}" in data
                )
                assert b'"StreamNames":[]' in answer
            else:
                opened.sendall(request(server.port, "ListStreams"))
                assert answer_on(opened).status == 200


def test_a_request_without_a_body_is_answered_over_http_2(our_server: Started) -> None:
    client = h2.connection.H2Connection(h2.config.H2Configuration())
    client.initiate_connection()
    authority = (":authority", f"127.0.0.1:{our_server.port}")
    no_length = [(":path", "/_kcli/health"), (":scheme", "http"), authority]
    client.send_headers(1, [(":method", "GET"), *no_length], end_stream=True)
    client.send_headers(3, [(":method", "POST"), *no_length], end_stream=True)
    with_length = [*no_length, ("content-length", "0")]
    client.send_headers(5, [(":method", "POST"), *with_length], end_stream=True)
    statuses: dict[int, str] = {}
    with connection(our_server.port) as opened:
        while len(statuses) < 3:
            opened.sendall(client.data_to_send())
            received = opened.recv(65536)
            assert received, "the server hung up"
            for event in client.receive_data(received):
                if isinstance(event, h2.events.ResponseReceived):
                    statuses[event.stream_id] = dict(event.headers)[b":status"].decode()
    assert statuses == {1: "200", 3: "403", 5: "403"}


def http_2(port: int, operation: str, body: bytes, until: Callable[[bytes], bool]) -> bytes:
    """The body of an answer over HTTP/2 without TLS, as far as it is wanted."""
    with connection(port) as opened:
        return http_2_on(opened, port, operation, body, until)


def http_2_on(
    opened: socket.socket, port: int, operation: str, body: bytes, until: Callable[[bytes], bool]
) -> bytes:
    """The body of an answer on a connection."""
    h2_connection = h2.connection.H2Connection(h2.config.H2Configuration())
    head, _, _ = request(port, operation, body).partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
    fields = [(name, value) for name, value in lines if name not in ("host", "content-length")]
    authority = f"127.0.0.1:{port}"
    h2_connection.initiate_connection()
    pseudo = [(":method", "POST"), (":path", "/"), (":scheme", "http"),
              (":authority", authority)]  # fmt: skip
    h2_connection.send_headers(1, [*pseudo, *fields])
    h2_connection.send_data(1, body, end_stream=True)
    data = b""
    while not until(data):
        opened.sendall(h2_connection.data_to_send())
        received = opened.recv(65536)
        assert received, "the server hung up"
        for event in h2_connection.receive_data(received):
            if isinstance(event, h2.events.DataReceived):
                data += event.data
    return data


def frames_of(data: bytes) -> list[tuple[dict[str, str], bytes]]:
    """The frames of an event stream, their checksums checked."""
    frames = []
    while data:
        total, of_headers, checksum = struct.unpack("!III", data[:12])
        assert crc32(data[:8]) == checksum
        frame, data = data[:total], data[total:]
        assert crc32(frame[:-4]) == int.from_bytes(frame[-4:], "big")
        headers, rest = {}, frame[12 : 12 + of_headers]
        while rest:
            name, rest = rest[1 : 1 + rest[0]].decode(), rest[1 + rest[0] :]
            assert rest[0] == 7
            length = int.from_bytes(rest[1:3], "big")
            headers[name], rest = rest[3 : 3 + length].decode(), rest[3 + length :]
        frames.append((headers, frame[12 + of_headers : -4]))
    return frames
