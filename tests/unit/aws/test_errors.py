import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from kinesis_cli.aws.functions import log_group
from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.stacks import complete
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.project.settings import Settings, read_settings
from kinesis_cli.project.target import resolve_target

STACK = """\
<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<DescribeStacksResult><Stacks><member><StackName>app</StackName><StackStatus>CREATE_COMPLETE
</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>{}</Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
OUTPUT = "<member><OutputKey>{}</OutputKey><OutputValue>{}</OutputValue></member>"
RESOURCES = """\
<DescribeStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<DescribeStackResourcesResult><StackResources>{}</StackResources></DescribeStackResourcesResult>
</DescribeStackResourcesResponse>"""
RESOURCE = """<member><LogicalResourceId>X</LogicalResourceId><Timestamp>2026-01-01T00:00:00Z
</Timestamp><ResourceStatus>CREATE_COMPLETE</ResourceStatus><ResourceType>{}</ResourceType>
<PhysicalResourceId>{}</PhysicalResourceId></member>"""
NO_STACK = """\
<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error>
<Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id app does not exist</Message>
</Error></ErrorResponse>"""


class Aws(HTTPServer):
    """Answers as recorded from AWS: action → (status, body)."""

    answers: ClassVar[dict[str, tuple[int, str]]]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        server = self.server
        assert isinstance(server, Aws)
        action = target or body.partition("Action=")[2].partition("&")[0]
        status, answer = server.answers[action]
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Aws)
        status, answer = server.answers[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def aws() -> Iterator[Aws]:
    server = Aws(("127.0.0.1", 0), _Handler)
    server.answers = {}  # type: ignore[misc]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nobody ever used AWS."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def connection(**flags: str) -> Connection:
    return Connection(resolve_target(read_settings(flags)))


def raised(call: Callable[[], object]) -> tuple[str, str]:
    """Problem and advice of the EndpointError that a call of Kinesis ends with."""
    with pytest.raises(EndpointError) as error:
        call()
    return str(error.value), error.value.advice


def list_streams(connection: Connection) -> None:
    with connection.explained():
        connection.client("kinesis").list_streams()


def test_no_region() -> None:
    problem, advice = raised(lambda: list_streams(connection(stream="x")))
    assert problem == "no region is named"
    assert advice.startswith("Name it with --region")


def test_no_credentials() -> None:
    problem, advice = raised(lambda: list_streams(connection(region="eu-west-1")))
    assert problem == "no AWS credentials were found"
    assert "--endpoint-url local needs no account" in advice


def test_an_unknown_profile() -> None:
    problem, advice = raised(lambda: list_streams(connection(profile="nobody")))
    assert problem == "The config profile (nobody) could not be found"
    assert advice == "`aws configure list-profiles` shows what there is."


def test_an_sso_login_that_has_expired(home: Path) -> None:
    (home / "config").write_text(
        "[profile work]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 123456789012\n"
        "sso_role_name = dev\n[sso-session corp]\nsso_region = eu-west-1\n"
        "sso_start_url = https://example.awsapps.com/start\n"
    )
    problem, advice = raised(lambda: list_streams(connection(profile="work")))
    assert problem == "the AWS login of profile work has expired, or was never made"
    assert advice == "`aws sso login --profile work` makes a new one."


@pytest.mark.usefixtures("credentials")
def test_an_endpoint_that_nobody_listens_at() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        problem, _ = raised(lambda: list_streams(connection(endpoint_url=url, region="eu-west-1")))
    assert problem == f"{url} could not be reached: Connection refused"


@pytest.fixture
def asked(aws: Aws, credentials: None) -> Connection:
    url = f"http://127.0.0.1:{aws.server_port}"
    return connection(endpoint_url=url, region="eu-west-1", stack="app")


def error(code: str, message: str) -> tuple[int, str]:
    return 400, json.dumps({"__type": code, "message": message})


def test_a_stream_that_is_not_there_with_the_nearest_names(aws: Aws, asked: Connection) -> None:
    aws.answers["DescribeStreamSummary"] = error(
        "ResourceNotFoundException", "Stream ordrs under account 123456789012 not found."
    )
    names = ["orders", "returns", "zzz"]
    aws.answers["ListStreams"] = 200, json.dumps({"StreamNames": names, "HasMoreStreams": False})

    def describe() -> None:
        with asked.explained(stream="ordrs"):
            asked.client("kinesis").describe_stream_summary(StreamName="ordrs")

    problem, advice = raised(describe)
    assert problem == (
        "ResourceNotFoundException: Stream ordrs under account 123456789012 not found"
    )
    assert advice == "There is orders, and 2 more."
    aws.answers["ListStreams"] = 200, '{"StreamNames": [], "HasMoreStreams": false}'
    assert raised(describe)[1].startswith("There is no stream at all at http://127.0.0.1")
    aws.answers["ListStreams"] = error("AccessDeniedException", "no")
    assert raised(describe)[1] == ""


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
            "kinesis:ListStreams because no identity-based policy allows it",
            "The identity lacks the permission kinesis:ListStreams.",
        ),
        ("AccessDeniedException", "", "The identity lacks the permission kinesis:ListStreams."),
        (
            "ExpiredTokenException",
            "The security token included in the request is expired",
            "log in",
        ),
        ("UnrecognizedClientException", "The security token is invalid.", "access key"),
        ("InvalidSignatureException", "Signature expired", "clock"),
        ("LimitExceededException", "Rate exceeded", "in a moment"),
        ("SomethingElse", "Whatever", ""),
    ],
)
def test_what_aws_refuses(
    code: str, message: str, advice: str, aws: Aws, asked: Connection
) -> None:
    aws.answers["ListStreams"] = error(code, message)
    problem, found = raised(lambda: list_streams(asked))
    assert problem == ": ".join(filter(None, [code, message.rstrip(".")]))
    assert advice in found


@pytest.mark.parametrize("name", ["IsAccessDenied", "AccessDeniedException"])
def test_a_functions_name_is_never_taken_for_an_error_of_that_name(
    aws: Aws, asked: Connection, name: str
) -> None:
    settings = read_settings({"function": name})
    aws.answers[f"/2015-03-31/functions/{name}/configuration"] = error(
        "ResourceNotFoundException", f"Function not found: arn:aws:lambda:…:function:{name}"
    )
    with pytest.raises(EndpointError, match="Function not found") as refused:
        log_group(asked, settings)
    assert refused.value.code == "ResourceNotFoundException"


def test_a_log_can_be_read_without_the_right_to_look_at_the_function(
    aws: Aws, asked: Connection
) -> None:
    settings = read_settings({"function": "orders"})
    aws.answers["/2015-03-31/functions/orders/configuration"] = error(
        "AccessDeniedException", "User: … is not authorized"
    )
    assert log_group(asked, settings) == "/aws/lambda/orders"


# --- stacks


def completed(connection: Connection) -> tuple[Connection, Settings]:
    flags = {"endpoint_url": connection.endpoint_url, "region": "eu-west-1", "stack": "app"}
    return complete(connection, read_settings(flags))


def settings_of_stack(connection: Connection) -> dict[str, tuple[str, str] | None]:
    _, settings = completed(connection)
    return {name: (s.value, s.source) if s else None for name, s in settings.items()}


def test_a_stack_names_its_stream_and_function_in_its_outputs(aws: Aws, asked: Connection) -> None:
    outputs = {"StreamName": "s-1", "FunctionName": "f-1", "LogGroupName": "/g", "Other": "x"}
    aws.answers["DescribeStacks"] = (
        200,
        STACK.format("".join(OUTPUT.format(*output) for output in outputs.items())),
    )
    found = settings_of_stack(asked)
    assert found["stream"] == ("s-1", "stack app, output StreamName")
    assert found["function"] == ("f-1", "stack app, output FunctionName")
    assert found["log_group"] == ("/g", "stack app, output LogGroupName")
    assert found["failure_queue_url"] is None
    target = completed(asked)[0].target
    assert (target.stream, target.function) == ("s-1", "f-1")


def test_without_outputs_the_first_stream_and_function_of_the_stack_are_meant(
    aws: Aws, asked: Connection
) -> None:
    ids = [("AWS::Kinesis::Stream", "s-1"), ("AWS::Kinesis::Stream", "s-2")]
    aws.answers["DescribeStacks"] = 200, STACK.format("")
    aws.answers["DescribeStackResources"] = (
        200,
        RESOURCES.format("".join(RESOURCE.format(*each) for each in ids)),
    )
    found = settings_of_stack(asked)
    assert found["stream"] == ("s-1", "stack app, its first AWS::Kinesis::Stream")
    assert found["function"] is None


def test_a_stack_without_a_stream_and_one_that_is_not_deployed(aws: Aws, asked: Connection) -> None:
    aws.answers["DescribeStacks"] = 200, STACK.format("")
    aws.answers["DescribeStackResources"] = 200, RESOURCES.format("")
    with pytest.raises(InputError, match="the stack app has no stream"):
        settings_of_stack(asked)
    aws.answers["DescribeStacks"] = 400, NO_STACK
    problem, advice = raised(lambda: settings_of_stack(asked))
    assert problem == "ValidationError: Stack with id app does not exist"
    assert advice.startswith("Is it deployed")


@pytest.mark.usefixtures("credentials")
def test_a_variable_that_botocore_was_told_to_ignore_is_no_silent_way_to_aws(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert connection().endpoint_url == "http://127.0.0.1:1"
    (home / "config").write_text("[default]\nignore_configured_endpoint_urls = true\n")
    with pytest.raises(InputError, match="AWS_ENDPOINT_URL: names http://127"):
        _ = connection().endpoint_url
