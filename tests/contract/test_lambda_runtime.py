"""The function in AWS's own runtime client, with nothing installed but its requirements.txt.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import base64
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric has wheels for Linux only"),
    pytest.mark.xdist_group("lambda-runtime"),
]

FUNCTION = Path(__file__).parents[2] / "lambda_function"
DEADLINE_SECONDS = 30  # until a test gives up; an answer takes a fraction of a second


@dataclass
class RuntimeApi:
    """One event for the function, and what the function answers to it."""

    event: object
    answers: queue.Queue[tuple[str, object]] = field(default_factory=queue.Queue)
    asked: bool = False
    finished: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def serve() -> Iterator[Callable[[RuntimeApi], str]]:
    """Serve a Runtime API on loopback; gives `host:port`."""
    servers: list[ThreadingHTTPServer] = []

    def serve(api: RuntimeApi) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if api.asked:  # there is no second event: it waits for one, as in Lambda
                    api.finished.wait()
                    return
                api.asked = True
                self.respond(200, json.dumps(api.event).encode())

            def do_POST(self) -> None:
                answer = self.rfile.read(int(self.headers["Content-Length"]))
                api.answers.put((self.path.rpartition("/")[2], json.loads(answer)))
                self.respond(202, b"{}")

            def respond(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "request-1")
                self.send_header("Lambda-Runtime-Deadline-Ms", "4102444800000")
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:function")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return f"127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


Invoke = Callable[..., tuple[str, object, list[str]]]


@pytest.fixture
def invoke(
    environment_with: Callable[..., Path], serve: Callable[[RuntimeApi], str], tmp_path: Path
) -> Invoke:
    """Invoke the function once; gives `response` or `error`, the document, and the log's lines."""
    requirements = FUNCTION / "requirements.txt"
    python = environment_with("lambda", "awslambdaric==4.2.2", *requirements.read_text().split())

    def invoke(event: object, **environment: str) -> tuple[str, object, list[str]]:
        api = RuntimeApi(event)
        command = [str(python / "python"), "-m", "awslambdaric"]
        log = tmp_path / "log"
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [*command, "new_message_processor.handler.function_handler"],
                env={
                    "AWS_LAMBDA_RUNTIME_API": serve(api),
                    "PATH": os.environ["PATH"],
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONPATH": str(FUNCTION),
                    **environment,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as runtime,
        ):
            try:
                kind, answer = api.answers.get(timeout=DEADLINE_SECONDS)
            finally:
                runtime.kill()
                api.finished.set()
        return kind, answer, log.read_text().splitlines()

    return invoke


def event_of(*bodies: bytes) -> dict[str, object]:
    def record(number: int, body: bytes) -> dict[str, object]:
        data = base64.b64encode(body).decode()
        return {"kinesis": {"sequenceNumber": str(number), "data": data}}

    return {"Records": [record(number, body) for number, body in enumerate(bodies, start=1)]}


GOOD = b'{"temperature":25.5,"readingTimestamp":1545084650}'
HOT = b'{"temperature":100.01,"readingTimestamp":1545084650}'


def test_a_failure_is_a_structured_line_of_lambdas_json_log(invoke: Invoke) -> None:
    kind, response, log = invoke(
        event_of(GOOD, HOT, b"SECRET"), AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="INFO"
    )
    assert kind == "response"
    assert response == {"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "3"}]}
    lines = [json.loads(line) for line in log]
    warnings = [line for line in lines if line["level"] == "WARNING"]
    assert [line.pop("timestamp")[-1] for line in warnings] == ["Z", "Z"]
    assert warnings == [
        {
            "level": "WARNING",
            "message": "Record 2 failed: TemperatureTooHighError: the temperature is above 100.00",
            "logger": "new_message_processor.handler",
            "requestId": "request-1",
            "sequenceNumber": "2",
            "reason": "TemperatureTooHighError: the temperature is above 100.00",
        },
        {
            "level": "WARNING",
            "message": "Record 3 failed: DeserializationError: "
            "Invalid JSON: expected value at line 1 column 1",
            "logger": "new_message_processor.handler",
            "requestId": "request-1",
            "sequenceNumber": "3",
            "reason": "DeserializationError: Invalid JSON: expected value at line 1 column 1",
        },
    ]
    assert [line["message"] for line in lines if line["level"] == "INFO"] == [
        "New message is for temperature 25.5 at time 1545084650",
        "New message is for temperature 100.01 at time 1545084650",
    ]


def test_a_failure_is_a_plain_line_of_lambdas_text_log(invoke: Invoke) -> None:
    _, _, log = invoke(event_of(GOOD, HOT))
    (line,) = log  # without a level Lambda's root logger is at WARNING
    level, _, request_id, message = line.split("\t")
    assert (level, request_id) == ("[WARNING]", "request-1")
    assert message == "Record 2 failed: TemperatureTooHighError: the temperature is above 100.00"


def test_another_services_event_is_a_function_error(invoke: Invoke) -> None:
    kind, error, _ = invoke({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]})
    assert kind == "error"
    assert isinstance(error, dict)
    assert error["errorType"] == "NotAKinesisEventError"
    assert error["errorMessage"].startswith("This is not a Kinesis event")
