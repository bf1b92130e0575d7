"""Functions that arrive by API, by boto3: created, called, changed, published, deleted."""

import base64
import hashlib
import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .archives import ECHO, ROLE, said, zipped
from .conftest import Local, kill

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
Client = Any  # boto3 makes classes as it runs


@pytest.fixture
def client(local: Local) -> Client:
    return local.client("lambda")


def create(client: Client, name: str, archive: bytes, **settings: Any) -> Any:  # noqa: ANN401
    given = {
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Role": ROLE,
        "Code": {"ZipFile": archive},
        **settings,
    }
    return client.create_function(FunctionName=name, **given)


@pytest.fixture
def echo(client: Client) -> Iterator[str]:
    """The name of a function that tells how it was called."""
    create(client, "echo", zipped({"app.py": ECHO}), Environment={"Variables": {"SAY": "one"}})
    yield "echo"
    client.delete_function(FunctionName="echo")


def answer(client: Client, name: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
    called = client.invoke(FunctionName=name, Payload=b'{"a": 1}', **arguments)
    return json.loads(called["Payload"].read())


def refusal(error: ClientError) -> tuple[int, str, str]:
    response = error.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return status, response["Error"]["Code"], response["Error"]["Message"]


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:  # noqa: ANN401
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return refusal(error.value)


def test_a_new_function_is_described_as_aws_does_and_can_be_called(client: Client) -> None:
    archive = zipped({"app.py": ECHO})
    made = create(client, "new", archive, Tags={"a": "b"}, Description="what it does")
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["State"], made["StateReasonCode"]) == ("Pending", "Creating")
    client.get_waiter("function_active_v2").wait(FunctionName="new")
    whole = client.get_function(FunctionName="new")
    described = whole["Configuration"]
    revision, modified = described.pop("RevisionId"), described.pop("LastModified")
    assert revision != made["RevisionId"]
    assert modified.endswith("+0000")
    assert described == {
        "FunctionName": "new",
        "FunctionArn": f"{ARN}new",
        "Runtime": "python3.12",
        "Role": ROLE,
        "Handler": "app.handler",
        "CodeSize": len(archive),
        "CodeSha256": base64.b64encode(hashlib.sha256(archive).digest()).decode(),
        "Description": "what it does",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/new"},
    }
    assert whole["Tags"] == {"a": "b"}
    assert urllib.request.urlopen(whole["Code"]["Location"]).read() == archive
    assert answer(client, "new")["event"] == {"a": 1}
    assert client.delete_function(FunctionName="new")["ResponseMetadata"]["HTTPStatusCode"] == 204
    gone = (404, "ResourceNotFoundException", f"Function not found: {ARN}new")
    assert refused(client.get_function, FunctionName="new") == gone


def test_the_calls_that_terraform_makes_after_a_create_are_answered(
    client: Client, echo: str
) -> None:
    client.get_function(FunctionName=echo)
    versions = client.list_versions_by_function(FunctionName=echo)["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST"]
    assert versions[0]["FunctionArn"] == f"{ARN}echo:$LATEST"
    assert client.get_function_code_signing_config(FunctionName=echo)["FunctionName"] == echo
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=echo)
    assert client.list_tags(Resource=f"{ARN}echo")["Tags"] == {}
    assert client.get_runtime_management_config(FunctionName=echo)["UpdateRuntimeOn"] == "Auto"
    assert client.get_function_recursion_config(FunctionName=echo)["RecursiveLoop"] == "Terminate"
    no_policy = (
        404,
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
    assert refused(client.get_policy, FunctionName=echo) == no_policy
    assert client.list_aliases(FunctionName=echo)["Aliases"] == []
    assert client.list_layers()["Layers"] == []
    assert refused(client.get_function_url_config, FunctionName=echo)[0] == 404
    usage = client.get_account_settings()
    assert usage["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert usage["AccountUsage"]["FunctionCount"] == len(client.list_functions()["Functions"])


def test_other_code_and_other_settings_are_used_by_the_next_call(client: Client) -> None:
    create(client, "changing", said("old"))
    assert answer(client, "changing") == "old"
    changed = client.update_function_code(FunctionName="changing", ZipFile=said("new"))
    assert changed["LastUpdateStatus"] == "InProgress"
    client.get_waiter("function_updated_v2").wait(FunctionName="changing")
    assert answer(client, "changing") == "new"
    client.update_function_code(FunctionName="changing", ZipFile=zipped({"app.py": ECHO}))
    settings = {"Environment": {"Variables": {"SAY": "hallo"}}, "Timeout": 7, "MemorySize": 256}
    shown = client.update_function_configuration(FunctionName="changing", **settings)
    assert {name: shown[name] for name in settings} == settings
    assert answer(client, "changing")["said"] == "hallo"
    dry = client.update_function_code(FunctionName="changing", ZipFile=said("dry"), DryRun=True)
    assert dry["CodeSize"] == len(said("dry"))
    assert answer(client, "changing")["said"] == "hallo"
    client.delete_function(FunctionName="changing")


def test_a_version_stays_as_it_was_published(client: Client, echo: str) -> None:
    first = client.publish_version(FunctionName=echo, Description="the first")
    assert (first["Version"], first["FunctionArn"]) == ("1", f"{ARN}echo:1")
    assert client.publish_version(FunctionName=echo)["Version"] == "1"  # nothing has changed
    client.update_function_configuration(
        FunctionName=echo, Environment={"Variables": {"SAY": "two"}}
    )
    second = client.update_function_code(
        FunctionName=echo, ZipFile=zipped({"app.py": ECHO, "more": ""}), Publish=True
    )
    assert second["Version"] == "2"
    assert answer(client, echo) == {
        "said": "two",
        "arn": f"{ARN}echo",
        "version": "$LATEST",
        "event": {"a": 1},
    }
    assert answer(client, "echo:1") == {
        "said": "one",
        "arn": f"{ARN}echo:1",
        "version": "1",
        "event": {"a": 1},
    }
    called = client.invoke(FunctionName=echo, Qualifier="2", LogType="Tail")
    assert called["ExecutedVersion"] == "2"
    assert b" Version: 2\n" in base64.b64decode(called["LogResult"])
    shown = client.get_function_configuration(FunctionName=echo, Qualifier="1")
    assert (shown["Description"], shown["Environment"]) == (
        "the first",
        {"Variables": {"SAY": "one"}},
    )
    listed = client.list_functions(FunctionVersion="ALL")["Functions"]
    arns = {each["FunctionArn"] for each in listed}
    assert {f"{ARN}echo:$LATEST", f"{ARN}echo:1", f"{ARN}echo:2"} <= arns
    client.delete_function(FunctionName=echo, Qualifier="1")
    gone = (404, "ResourceNotFoundException", f"Function not found: {ARN}echo:1")
    assert refused(client.invoke, FunctionName="echo:1") == gone
    client.update_function_configuration(FunctionName=echo, Description="more")
    assert client.publish_version(FunctionName=echo)["Version"] == "3"  # no number comes twice


def test_an_alias_leads_to_its_version_and_by_weight_to_another_one(
    client: Client, echo: str
) -> None:
    client.publish_version(FunctionName=echo)
    client.update_function_configuration(
        FunctionName=echo, Environment={"Variables": {"SAY": "two"}}
    )
    client.publish_version(FunctionName=echo)
    made = client.create_alias(FunctionName=echo, Name="live", FunctionVersion="1")
    assert (made["AliasArn"], made["FunctionVersion"]) == (f"{ARN}echo:live", "1")
    assert answer(client, "echo:live") == {
        "said": "one",
        "arn": f"{ARN}echo:live",
        "version": "1",
        "event": {"a": 1},
    }
    weights = {"AdditionalVersionWeights": {"2": 1.0}}
    client.update_alias(FunctionName=echo, Name="live", RoutingConfig=weights)
    called = client.invoke(FunctionName=echo, Qualifier="live")
    assert called["ExecutedVersion"] == "2"
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    client.update_alias(FunctionName=echo, Name="live", RoutingConfig=weights)
    seen = {answer(client, "echo:live")["said"] for _ in range(60)}
    assert seen == {"one", "two"}
    listed = client.list_aliases(FunctionName=echo, FunctionVersion="2")["Aliases"]
    assert [each["Name"] for each in listed] == ["live"]
    in_use = refused(client.delete_function, FunctionName=echo, Qualifier="2")
    assert in_use[:2] == (409, "ResourceConflictException")
    client.delete_alias(FunctionName=echo, Name="live")
    client.delete_alias(FunctionName=echo, Name="live")  # as AWS: nothing to complain of
    missing = refused(client.get_alias, FunctionName=echo, Name="live")
    assert missing[2] == f"Cannot find alias arn: {ARN}echo:live"


ROUTING = "routingConfig.additionalVersionWeights"
VALUES = (
    "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member"
    " must have value greater than or equal to 0.0, Member must not be null]"
)


@pytest.mark.parametrize(
    ("version", "weights", "expected"),
    [
        ("10", {}, (404, "ResourceNotFoundException", f"Function not found: {ARN}echo:10")),
        (
            "1",
            {"1": 0.5},
            (
                400,
                "InvalidParameterValueException",
                "Invalid function version 1. Function version 1 is already included in routing"
                " configuration.",
            ),
        ),
        (
            "1",
            {"2": 0.1, "3": 0.1},
            (
                400,
                "InvalidParameterValueException",
                "Number of items in AdditionalVersionWeights cannot be greater than 1",
            ),
        ),
        (
            "1",
            {"2": 2.0},
            (
                400,
                "ValidationException",
                f"1 validation error detected: Value '{{2=2.0}}' at '{ROUTING}' failed to satisfy"
                f" constraint: {VALUES}",
            ),
        ),
        (
            "$LATEST",
            {"1": 0.5},
            (
                400,
                "InvalidParameterValueException",
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ),
        ),
    ],
)
def test_an_alias_that_leads_nowhere_is_refused_as_recorded(
    client: Client,
    echo: str,
    version: str,
    weights: dict[str, float],
    expected: tuple[int, str, str],
) -> None:
    client.publish_version(FunctionName=echo)
    routing = {"AdditionalVersionWeights": weights}
    arguments = {"FunctionVersion": version, "RoutingConfig": routing}
    assert refused(client.create_alias, FunctionName=echo, Name="a", **arguments) == expected


def test_functions_versions_and_what_belongs_to_them_survive_kill_9(
    fresh: Callable[[], Local],
) -> None:
    before = fresh()
    client = before.client("lambda")
    create(client, "kept", said("first"), Tags={"a": "b"})
    client.publish_version(FunctionName="kept")
    client.create_alias(FunctionName="kept", Name="live", FunctionVersion="1")
    client.update_function_code(FunctionName="kept", ZipFile=said("second"))
    client.put_function_concurrency(FunctionName="kept", ReservedConcurrentExecutions=3)
    client.add_permission(
        FunctionName="kept",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )
    shown = client.get_function(FunctionName="kept")["Configuration"]
    kill(before.server.pid)
    client = fresh().client("lambda")
    assert client.get_function(FunctionName="kept")["Configuration"] == shown
    assert answer(client, "kept") == "second"
    assert answer(client, "kept:live") == "first"
    assert client.list_tags(Resource=f"{ARN}kept")["Tags"] == {"a": "b"}
    reserved = client.get_function_concurrency(FunctionName="kept")
    assert reserved["ReservedConcurrentExecutions"] == 3
    assert '"Sid":"s3"' in client.get_policy(FunctionName="kept")["Policy"]


def test_a_stream_feeds_a_function_that_arrived_by_api(fresh: Callable[[], Local]) -> None:
    local = fresh()
    client = local.client("lambda")
    code = (
        "import boto3, os\n\n\ndef handler(event, context):\n"
        "    sqs = boto3.client('sqs')\n"
        "    url = sqs.create_queue(QueueName='told')['QueueUrl']\n"
        "    arn = context.invoked_function_arn\n"
        "    for record in event['Records']:\n"
        "        key = record['kinesis']['partitionKey']\n"
        "        sqs.send_message(QueueUrl=url, MessageBody=f'{key} {arn}')\n"
    )
    create(client, "consumer", zipped({"app.py": code}), Timeout=30)
    client.publish_version(FunctionName="consumer")
    client.create_alias(FunctionName="consumer", Name="live", FunctionVersion="1")
    mapping = client.create_event_source_mapping(
        EventSourceArn="arn:aws:kinesis:us-east-1:000000000000:stream/bulk",
        FunctionName="consumer:live",
        StartingPosition="TRIM_HORIZON",
    )
    assert mapping["FunctionArn"] == f"{ARN}consumer:live"
    local.client("kinesis").put_record(StreamName="bulk", PartitionKey="k", Data=b"x")
    local.wait()
    sqs = local.client("sqs")
    url = sqs.get_queue_url(QueueName="told")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == f"k {ARN}consumer:live"


def test_a_function_in_another_account_and_region_is_apart(local: Local) -> None:
    here = local.client("lambda")
    there = local.client("lambda", key="123456789012", region="eu-west-1")
    made = create(there, "apart", zipped({"app.py": ECHO}))
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:apart"
    assert made["FunctionArn"] == arn
    assert answer(there, arn)["arn"] == arn
    assert refused(here.get_function, FunctionName="apart")[0] == 404
    elsewhere = refused(here.get_function, FunctionName=arn)
    assert elsewhere[2] == (
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    )


def test_code_may_lie_in_a_bucket(local: Local) -> None:
    client, s3 = local.client("lambda"), local.client("s3")
    s3.create_bucket(Bucket="packages")
    s3.put_object(Bucket="packages", Key="a b/ü.zip", Body=said("from s3"))
    create(client, "stored", b"", Code={"S3Bucket": "packages", "S3Key": "a b/ü.zip"})
    assert answer(client, "stored") == "from s3"
    missing = {"S3Bucket": "packages", "S3Key": "missing"}
    assert refused(client.update_function_code, FunctionName="stored", **missing) == (
        400,
        "InvalidParameterValueException",
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified"
        " key does not exist.",
    )
    client.delete_function(FunctionName="stored")


def test_an_executable_bootstrap_runs(client: Client) -> None:
    script = (
        "#!/bin/sh\nset -eu\n"
        "api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation\n"
        "while :; do\n"
        "  head=$(mktemp)\n"
        '  event=$(curl -sS -D "$head" "$api/next")\n'
        "  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *//p' \"$head\""
        " | tr -d '\\r')\n"
        '  curl -sS -o /dev/null -X POST -d "{\\"got\\": $event}" "$api/$id/response"\n'
        "done\n"
    )
    archive = zipped({"bootstrap": script}, {"bootstrap": 0o755})
    create(client, "shell", archive, Runtime="provided.al2023", Handler="any", Timeout=30)
    assert answer(client, "shell") == {"got": {"a": 1}}
    client.delete_function(FunctionName="shell")


def test_a_node_function_runs(client: Client) -> None:
    code = "exports.handler = async (event, context) => ({ got: event, in: process.version })\n"
    create(client, "node", zipped({"app.js": code}), Runtime="nodejs22.x", Timeout=30)
    assert answer(client, "node")["got"] == {"a": 1}
    client.delete_function(FunctionName="node")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"Role": "r1"},
            (
                400,
                "ValidationException",
                "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint:"
                " Member must satisfy regular expression pattern:"
                r" arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
            ),
        ),
        (
            {"Architectures": ["X86_64"]},
            (
                400,
                "ValidationException",
                "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy"
                " constraint: Member must satisfy constraint: [Member must satisfy enum value set:"
                " [x86_64, arm64], Member must not be null]",
            ),
        ),
        (
            {"Runtime": "python3.7"},
            (
                400,
                "InvalidParameterValueException",
                "The runtime parameter of python3.7 is no longer supported for creating or updating"
                " AWS Lambda functions. We recommend you use a supported runtime while creating or"
                " updating functions.",
            ),
        ),
        (
            {"FunctionName": "a" * 65},
            (
                400,
                "InvalidParameterValueException",
                f"1 validation error detected: Value '{'a' * 65}' at 'functionName' failed to"
                " satisfy constraint: Member must have length less than or equal to 64",
            ),
        ),
        (
            {"Code": {"ZipFile": b"no archive"}},
            (
                400,
                "InvalidParameterValueException",
                "Could not unzip uploaded file. Please check your file, then try to upload again.",
            ),
        ),
        (
            {"FunctionName": "echo"},
            (409, "ResourceConflictException", "Function already exist: echo"),
        ),
        (
            {"Environment": {"Variables": {"LARGE": "x" * 5000}}},
            (
                400,
                "InvalidParameterValueException",
                "Lambda was unable to configure your environment variables because the environment"
                " variables you have provided exceeded the 4KB limit. String measured:"
                f' {{"LARGE":"{"x" * 5000}"}}',
            ),
        ),
    ],
)
def test_what_aws_refuses_is_refused_as_recorded(
    client: Client, echo: str, settings: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    given: dict[str, Any] = {
        "FunctionName": "refused",
        "Runtime": "python3.12",
        "Handler": "app.handler",
    }
    given |= {"Role": ROLE, "Code": {"ZipFile": said("x")}, **settings}
    assert refused(client.create_function, **given) == expected
    names = {each["FunctionName"] for each in client.list_functions()["Functions"]}
    assert echo in names
    assert "refused" not in names


def test_a_container_image_is_refused_with_the_reason(client: Client) -> None:
    code, message = refused(
        client.create_function,
        FunctionName="image",
        Role=ROLE,
        PackageType="Image",
        Code={"ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/image:latest"},
    )[1:]
    assert code == "InvalidParameterValueException"
    assert message.startswith("kcli runs no container images")


def test_a_runtime_that_kcli_cannot_start_is_said_at_once(client: Client) -> None:
    create(client, "ruby", said("x"), Runtime="ruby3.4")
    shown = client.get_function_configuration(FunctionName="ruby")
    assert shown["State"] == "Failed"
    assert "ruby3.4" in shown["StateReason"]
    status, code, message = refused(client.invoke, FunctionName="ruby")
    assert (status, code) == (502, "ServiceException")
    assert "ruby3.4" in message
    client.delete_function(FunctionName="ruby")


def test_a_change_on_a_former_state_is_refused(client: Client, echo: str) -> None:
    expected = (
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the"
        " GetFunction/GetAlias API to retrieve the latest Revision Id",
    )
    arguments = {"FunctionName": echo, "RevisionId": "4d0e2f5c-0000-4000-8000-000000000000"}
    assert refused(client.publish_version, **arguments) == expected
    assert refused(client.update_function_code, ZipFile=said("x"), **arguments) == expected
    assert refused(client.update_function_configuration, **arguments) == expected
    revision = client.get_function(FunctionName=echo)["Configuration"]["RevisionId"]
    client.update_function_configuration(FunctionName=echo, RevisionId=revision, Timeout=9)


def test_a_function_of_the_template_is_changed_in_the_template(client: Client) -> None:
    for call, arguments in (
        (client.update_function_code, {"ZipFile": said("x")}),
        (client.update_function_configuration, {"Timeout": 9}),
        (client.delete_function, {}),
    ):
        status, code, message = refused(call, FunctionName="Any", **arguments)
        assert (status, code) == (409, "ResourceConflictException")
        assert "Any is a function of the template" in message


def test_a_function_of_the_template_can_be_published_and_called_by_an_alias(
    fresh: Callable[[], Local],
) -> None:
    local = fresh()
    client = local.client("lambda")
    assert client.publish_version(FunctionName="Any")["Version"] == "1"
    client.create_alias(FunctionName="Any", Name="live", FunctionVersion="1")
    (local.project / "src" / "app.py").write_text("def anything(event, context):\n    return 2\n")
    assert answer(client, "Any") == 2
    assert answer(client, "Any:live")["arn"] == f"{ARN}Any:live"


def test_lists_come_in_pages(client: Client, echo: str) -> None:
    paginator = client.get_paginator("list_functions")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))
    names = [each["FunctionName"] for page in pages for each in page["Functions"]]
    assert len(pages) > 1
    assert sorted(names) == sorted({*names})
    assert echo in names
