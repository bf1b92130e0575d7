"""`kcli lint STACK`: the template of a deployed stack, with the values that it was given."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import pytest

from tests import forks
from tests.e2e.programs import KCLI, Completed
from tests.unit.lint.styles import STYLES

pytestmark = pytest.mark.slow

TEMPLATE = STYLES["sam, parameters that are given"].template
NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
# Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
STACKS = """\
<member><StackName>orders-prod</StackName><StackId>arn:aws:cloudformation:us-east-1:123456789012:\
stack/orders-prod/1</StackId><CreationTime>2026-01-01T00:00:00Z</CreationTime>\
<StackStatus>CREATE_COMPLETE</StackStatus><Parameters><member><ParameterKey>Retries</ParameterKey>\
<ParameterValue>-1</ParameterValue></member></Parameters></member>"""
ANSWERS = {
    "GetTemplate": f"<TemplateBody>{escape(TEMPLATE)}</TemplateBody>",
    "DescribeStacks": f"<Stacks>{STACKS}</Stacks>",
}


class _CloudFormation(BaseHTTPRequestHandler):
    """Answers as CloudFormation does of one stack."""

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        [action], [stack] = asked["Action"], asked["StackName"]
        if stack == "orders-prod":
            result = f"<{action}Result>{ANSWERS[action]}</{action}Result>"
            return self._answer(
                200, f"<{action}Response xmlns='{NAMESPACE}'>{result}</{action}Response>"
            )
        message = f"Stack with id {stack} does not exist"
        error = f"<Error><Code>ValidationError</Code><Message>{message}</Message></Error>"
        return self._answer(400, f"<ErrorResponse xmlns='{NAMESPACE}'>{error}</ErrorResponse>")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _CloudFormation) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def lint(folder: Path, *arguments: str) -> Completed:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment = {**kept, **keys, "COLUMNS": "80"}
    return forks.run([*KCLI, "lint", *arguments, "--region", "us-east-1"], folder, environment)


def test_a_stack_is_judged_with_its_own_parameters(endpoint: str, tmp_path: Path) -> None:
    done = lint(tmp_path, "orders-prod", "--endpoint-url", endpoint)
    assert done.returncode == 0, done.stderr
    assert "orders-prod:18: error K001 Worker, In\n" in done.stdout
    assert "orders-prod: 1 event source mapping, 1 error" in done.stdout
    assert "git apply" not in done.stdout  # there is no file to change


def test_a_file_of_that_name_is_meant_before_a_stack(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "orders-prod").write_text(STYLES["cloudformation, no Lambda at all"].template)
    done = lint(tmp_path, "orders-prod", "--endpoint-url", endpoint)
    assert "no event source mapping from a stream" in done.stdout


def test_a_stack_that_there_is_not_is_a_sentence(endpoint: str, tmp_path: Path) -> None:
    done = lint(tmp_path, "orders-dev", "--endpoint-url", endpoint)
    assert done.returncode == 3
    assert "Stack with id orders-dev does not exist" in done.stderr
    assert "Traceback" not in done.stderr
