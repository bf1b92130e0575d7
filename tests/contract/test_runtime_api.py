"""The Runtime API, spoken by processes that do it well, oddly or with malice."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from kinesis_cli.event_source_mapping.invocation import InvocationResult
from kinesis_cli.handlers.isolated import IsolatedHandler
from tests.unit.handler_files import REQUEST_ID, function_in, request

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="functions are isolated on Linux"),
]

PRELUDE = f"""\
#!{sys.executable}
import base64, http.client, os, socket, sys
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
BASE = "/2018-06-01/runtime/"

def connected():
    return socket.create_connection((host, int(port)))

def ask(there, data):
    "Send bytes, and read one answer: its status line, and all of it."
    there.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
    answer = http.client.HTTPResponse(there)
    answer.begin()
    return answer.status, answer.headers, answer.read()

def next_event(there):
    _, headers, body = ask(there, f"GET {{BASE}}invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    return headers["Lambda-Runtime-Aws-Request-Id"], body

def post(there, request_id, headers, body=b"", what="response"):
    head = f"POST {{BASE}}invocation/{{request_id}}/{{what}} HTTP/1.1\\r\\n{{headers}}\\r\\n\\r\\n"
    return ask(there, head.encode("latin-1") + body)

def answer(there, request_id, body=b'"answered"'):
    return post(there, request_id, f"Content-Length: {{len(body)}}", body)

there = connected()
"""

Serve = Callable[..., IsolatedHandler]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(code, **settings)`: a function whose process runs `code` for each event."""
    started: list[IsolatedHandler] = []

    def serve(code: str, *, before: str = "", **settings: object) -> IsolatedHandler:
        body = "while True:\n    request_id, event = next_event(there)\n" + indent(code, "    ")
        file = tmp_path / "bootstrap"
        file.write_text(f"{PRELUDE}{before}\n{body}\n")
        file.chmod(0o755)
        settings = {"runtime": "provided.al2023", "timeout": 30.0, "memory_size": 512, **settings}
        started.append(IsolatedHandler(function_in(tmp_path, **settings)))  # type: ignore[arg-type]
        return started[-1]

    yield serve
    for each in started:
        each.close()


def outcome(result: InvocationResult) -> Any:  # noqa: ANN401
    """The response; of a failed call the type and the text of its error."""
    if result.error is None:
        return result.response
    return result.error.error_type, result.error.error_message


@pytest.mark.parametrize(
    "code",
    [
        r"""
post(there, request_id, "Transfer-Encoding: chunked",
     b'1\r\n"\r\n' + b"".join(b"1;x=y\r\n%c\r\n" % c for c in b"answered") + b'1\r\n"\r\n0\r\n\r\n')
""",
        r"""
there.sendall(f"POST {BASE}invocation/{request_id}/response HTTP/1.1\r\n".encode())
there.sendall(b"Transfer-Encoding: chunked\r\nTrailer: Checksum\r\n\r\n")
for byte in b'A\r\n"answered"\r\n0\r\nChecksum: none\r\n\r':
    there.sendall(bytes([byte]))
ask(there, b"\n")
""",
        "post(there, request_id, 'Content-Length: 10\\r\\nConnection: close', b'\"answered\"')\n"
        "there = connected()",
        "api = http.client.HTTPConnection(host, port)\n"
        "path, parts = f'{BASE}invocation/{request_id}/response', [b'\"ans', b'wered\"']\n"
        "api.request('POST', path, iter(parts), {'Transfer-Encoding': 'chunked'},"
        " encode_chunked=True)\n"
        "api.getresponse().read()",
        "again, same = next_event(there)\nassert (again, same) == (request_id, event)\n"
        "answer(connected(), request_id)",
        r"""
there.sendall(f"POST {BASE}invocation/{request_id}/response HTTP/1.1\r\n".encode())
there.sendall(b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n")
assert there.recv(100).startswith(b"HTTP/1.1 100 ")
ask(there, b'"answered"')
""",
        r"there.sendall(b'\r\n\r\n'); answer(there, request_id)",
        "answer(there, request_id)\n"
        "assert [answer(there, request_id)[0], answer(there, 'other')[0]] == [403, 400]\n",
        "post(there, 'other', 'Content-Length: 1', b'1')\nanswer(there, request_id)",
    ],
    ids=[
        "chunks", "byte by byte", "a connection each", "http.client", "next while a call runs",
        "100-continue", "empty lines", "answered twice", "another call's answer first",
    ],
)  # fmt: skip
def test_every_way_to_answer_is_read(serve: Serve, code: str) -> None:
    handler = serve(code)
    for _ in range(3):
        assert outcome(handler.invoke(request())) == "answered"
    assert "INIT_START" not in handler.invoke(request()).logs[0], "the process has stayed"


def test_failures_that_are_reported_in_chunks_count(serve: Serve) -> None:
    handler = serve(
        r"""
body = b'{"batchItemFailures":[{"itemIdentifier":"7"}]}'
post(there, request_id, "Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
"""
    )
    assert handler.invoke(request()).response == {"batchItemFailures": [{"itemIdentifier": "7"}]}


def test_an_answer_in_chunks_may_end_as_an_error(serve: Serve) -> None:
    handler = serve(
        r"""
error = base64.b64encode(b'{"errorType": "Odd", "errorMessage": "half way"}')
post(there, request_id, "Transfer-Encoding: chunked\r\nTrailer: Lambda-Runtime-Function-Error-Type",
     b"4\r\nhalf\r\n0\r\nLambda-Runtime-Function-Error-Type: Odd\r\n"
     b"Lambda-Runtime-Function-Error-Body: " + error + b"\r\n\r\n")
"""
    )
    assert outcome(handler.invoke(request())) == ("Odd", "half way")


def test_a_streamed_response_is_refused_clearly(serve: Serve) -> None:
    handler = serve(
        r"""
post(there, request_id, "Transfer-Encoding: chunked\r\n"
     "Lambda-Runtime-Function-Response-Mode: streaming", b"4\r\nnull\r\n0\r\n\r\n")
"""
    )
    for _ in range(2):
        kind, text = outcome(handler.invoke(request()))
        assert kind == "Runtime.StreamingNotSupported"
        assert "streams its response" in text


@pytest.mark.parametrize(
    ("code", "error_type", "problem"),
    [
        ("post(there, request_id, 'Content-Length: many', b'1')\nthere = connected()",
         "Runtime.Unknown", "its Content-Length is 'many'"),
        ("post(there, request_id, 'Content-Length: ' + '9' * 5000)\nthere = connected()",
         "Runtime.Unknown", "its Content-Length is '999"),
        ("post(there, request_id, 'Transfer-Encoding: gzip')\nthere = connected()",
         "Runtime.Unknown", "its Transfer-Encoding is 'gzip'"),
        ("post(there, request_id, 'Transfer-Encoding: chunked', b'zz\\r\\n')\nthere = connected()",
         "Runtime.Unknown", "the size of a chunk is 'zz'"),
        ("post(there, request_id, 'Content-Length: 1\\r\\nContent-Length: 2', b'1')\n"
         "there = connected()", "Runtime.Unknown", "its Content-Length is '1, 2'"),
        ("there.sendall(f'POST {BASE}invocation/{request_id}/response HTTP/1.1\\r\\n'.encode())\n"
         "there.close(); there = connected()", "Runtime.TruncatedResponse", "before its end"),
        ("post(there, request_id, 'Lambda-Runtime-Function-Response-Mode: odd')",
         "Runtime.InvalidResponseModeHeader", "the response's mode is 'odd'"),
    ],
)  # fmt: skip
def test_what_is_no_request_fails_the_call_and_nothing_else(
    serve: Serve, code: str, error_type: str, problem: str
) -> None:
    handler = serve(f"if event == b'1':\n{indent(code, '    ')}\nelse: answer(there, request_id)")
    for _ in range(2):
        kind, text = outcome(handler.invoke(request(payload=b"1")))
        assert kind == error_type
        assert problem in text
        assert outcome(handler.invoke(request(payload=b"2"))) == "answered"


def test_a_process_that_leaves_after_its_answer_has_answered(serve: Serve) -> None:
    handler = serve(
        """
body = b'"' + b'x' * 1_000_000 + b'"'
head = f"POST {BASE}invocation/{request_id}/response HTTP/1.1\\r\\nContent-Length: {len(body)}"
there.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
there.sendall(head.encode() + b"\\r\\n\\r\\n" + body)
os._exit(0)
"""
    )
    for _ in range(2):
        result = handler.invoke(request())
        assert outcome(result) == "x" * 1_000_000
        assert result.unsure == ("exit-after-answer",)


@pytest.mark.parametrize(
    "code",
    [
        r"""
request = b"GET /nowhere HTTP/1.1\r\n\r\n" * 1000
there.setblocking(False)
while True:
    try: there.send(request)
    except BlockingIOError: pass
    except OSError: there = connected(); there.setblocking(False)
""",
        r"""
there.sendall(f"POST {BASE}invocation/{request_id}/response HTTP/1.1\r\n".encode())
there.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
while True: there.sendall(b"8\r\n12345678\r\n" * 1000)
""",
        "while True: next_event(there)",
        "while True: answer(there, 'other')",
    ],
    ids=["requests without end", "chunks without end", "next without end", "wrong answers"],
)
def test_no_flood_of_requests_outlives_the_calls_time(serve: Serve, code: str) -> None:
    handler = serve(code, timeout=1.0)
    assert outcome(handler.invoke(request())) == (
        "Sandbox.Timedout",
        f"RequestId: {REQUEST_ID} Error: Task timed out after 1.00 seconds",
    )


def test_what_a_flood_while_initialising_says_is_a_timeout(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kinesis_cli.handlers.isolated.handler.INIT_SECONDS", 0.5)
    handler = serve("", before="while True: answer(there, 'none')", timeout=0.5)
    assert outcome(handler.invoke(request()))[0] == "Sandbox.Timedout"


def test_extensions_are_not_run_and_that_is_said(serve: Serve) -> None:
    handler = serve(
        "answer(there, request_id)",
        before="""
for path in ("2020-01-01/extension/register", "2022-07-01/telemetry"):
    status, _, _ = ask(there, f"PUT /{path} HTTP/1.1\\r\\nContent-Length: 2\\r\\n\\r\\n{{}}")
    assert status == 404
""",
    )
    result = handler.invoke(request())
    assert outcome(result) == "answered"
    (told,) = (line for line in result.logs if line.startswith("[kcli]"))
    assert "asked for Lambda's extensions, which are not run" in told


def test_an_error_that_is_not_an_object_has_the_type_that_was_said_beside_it(serve: Serve) -> None:
    handler = serve(
        "post(there, request_id, 'Lambda-Runtime-Function-Error-Type: Fn.Odd\\r\\n"
        "Content-Length: 4', b'text', 'error')"
    )
    assert outcome(handler.invoke(request())) == ("Fn.Odd", "text")
