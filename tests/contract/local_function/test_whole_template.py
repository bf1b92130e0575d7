"""`kcli local` has what a template names: all functions, tables, queues and the rest."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.local.client.process import ensure_running, stop_server
from kinesis_cli.local.client.status import local_status
from kinesis_cli.local.client.waiting import wait_until_idle
from kinesis_cli.local.options import LocalOptions
from kinesis_cli.local.status import LocalStatus
from kinesis_cli.project.function import CodeChoices
from tests.e2e.local_endpoint import write_project
from tests.patience import PATIENCE
from tests.pythons import new_environment

from .conftest import Local

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric")

ACCOUNT = "000000000000"
Start = Callable[[str, str], AbstractContextManager[Local]]


@pytest.fixture
def started(tmp_path: Path) -> Start:
    """`with started(template, app) as local:`."""

    @contextmanager
    def start(template: str, app: str = "") -> Iterator[Local]:
        project = tmp_path / "project"
        write_project(project, app or "def handler(event, context):\n    return 1\n", template)
        options = LocalOptions.of_project(project, region="us-east-1")
        running = ensure_running(replace(options), directory=project)
        try:
            yield Local(project, running.server)
        finally:
            stop_server(project / ".kcli")

    return start


def status(local: Local) -> LocalStatus:
    return local_status(local.project / ".kcli")


PRODUCER_AND_CONSUMER = """\
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.11, CodeUri: src/, Timeout: 30}}
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Seen:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: seen
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Producer: {Type: AWS::Serverless::Function, Properties: {Handler: app.produce}}
  Consumer:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.consume
      Events:
        In:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Orders.Arn
            StartingPosition: TRIM_HORIZON
            MaximumRetryAttempts: 1
"""
PRODUCING = """\
import boto3


def produce(event, context):
    boto3.client("kinesis").put_record(StreamName="Orders", PartitionKey="k", Data=b"{}")


def consume(event, context):
    table = boto3.resource("dynamodb").Table("seen")
    for record in event["Records"]:
        table.put_item(Item={"id": record["kinesis"]["sequenceNumber"]})
"""


def test_a_producer_that_nothing_feeds_answers_and_the_consumers_table_is_there(
    started: Start,
) -> None:
    with started(PRODUCER_AND_CONSUMER, PRODUCING) as local:
        client = local.client("lambda")
        names = {each["FunctionName"] for each in client.list_functions()["Functions"]}
        assert names == {"Producer", "Consumer"}
        assert "FunctionError" not in client.invoke(FunctionName="Producer")
        local.wait()
        assert len(local.client("dynamodb").scan(TableName="seen")["Items"]) == 1
        assert status(local).problems == ()


RESOURCES = """\
Transform: AWS::Serverless-2016-10-31
Parameters: {Level: {Type: String, Default: high}}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: app.handler
      CodeUri: src
      Environment:
        Variables:
          TABLE: !Ref Counts
          TABLE_ARN: !GetAtt Counts.Arn
          QUEUE: !Ref Jobs
          QUEUE_ARN: !GetAtt Jobs.Arn
          TOPIC: !Ref News
          BUCKET: !Ref Files
          SECRET: !Ref Password
          PARAMETER: !Ref Setting
  Dead: {Type: AWS::SQS::Queue}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      QueueName: jobs.fifo
      ContentBasedDeduplication: "true"
      VisibilityTimeout: 60
  Small:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  News:
    Type: AWS::SNS::Topic
    Properties: {Subscription: [{Protocol: sqs, Endpoint: !GetAtt Small.Arn}]}
  Filtered:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref News
      Protocol: sqs
      Endpoint: !GetAtt Dead.Arn
      RawMessageDelivery: true
      FilterPolicy: {kind: [bad]}
  Files:
    Type: AWS::S3::Bucket
    Properties: {BucketName: files, VersioningConfiguration: {Status: Enabled}}
  Counts:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: at, AttributeType: N}
        - {AttributeName: kind, AttributeType: S}
      KeySchema: [{AttributeName: id, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}]
      ProvisionedThroughput: {ReadCapacityUnits: "5", WriteCapacityUnits: "6"}
      GlobalSecondaryIndexes:
        - IndexName: by-kind
          KeySchema: [{AttributeName: kind, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
          ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      TimeToLiveSpecification: {AttributeName: until, Enabled: true}
  Simple: {Type: AWS::Serverless::SimpleTable, Properties: {PrimaryKey: {Name: n, Type: Number}}}
  Setting: {Type: AWS::SSM::Parameter, Properties: {Name: /level, Type: String, Value: !Ref Level}}
  Where: {Type: AWS::SSM::Parameter, Properties: {Name: where, Type: String, Value: !Ref Small}}
  Password:
    Type: AWS::SecretsManager::Secret
    Properties:
      Name: password
      GenerateSecretString:
        SecretStringTemplate: '{"user": "me"}'
        GenerateStringKey: password
        PasswordLength: 20
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /of/fn, RetentionInDays: 7}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: dev}}
"""


def test_what_the_template_names_is_made_with_its_attributes(started: Start) -> None:
    with started(RESOURCES, "") as local:
        dynamodb, sqs, sns = (local.client(each) for each in ("dynamodb", "sqs", "sns"))
        counts = dynamodb.describe_table(TableName="Counts")["Table"]
        assert counts["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
        assert [each["AttributeName"] for each in counts["KeySchema"]] == ["id", "at"]
        assert counts["GlobalSecondaryIndexes"][0]["IndexName"] == "by-kind"
        assert counts["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
        to_live = dynamodb.describe_time_to_live(TableName="Counts")["TimeToLiveDescription"]
        assert to_live["AttributeName"] == "until"
        simple = dynamodb.describe_table(TableName="Simple")["Table"]
        assert simple["AttributeDefinitions"] == [{"AttributeName": "n", "AttributeType": "N"}]
        jobs = sqs.get_queue_url(QueueName="jobs.fifo")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=jobs, AttributeNames=["All"])["Attributes"]
        assert (attributes["FifoQueue"], attributes["VisibilityTimeout"]) == ("true", "60")
        assert attributes["ContentBasedDeduplication"] == "true"
        small = sqs.get_queue_url(QueueName="Small")["QueueUrl"]
        redrive = sqs.get_queue_attributes(QueueUrl=small, AttributeNames=["RedrivePolicy"])
        assert json.loads(redrive["Attributes"]["RedrivePolicy"]) == {
            "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:Dead",
            "maxReceiveCount": 3,
        }
        topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:News"
        sns.publish(TopicArn=topic, Message="to one")
        kind = {"kind": {"DataType": "String", "StringValue": "bad"}}
        sns.publish(TopicArn=topic, Message="to both", MessageAttributes=kind)
        dead = sqs.get_queue_url(QueueName="Dead")["QueueUrl"]
        (raw,) = sqs.receive_message(QueueUrl=dead)["Messages"]
        assert raw["Body"] == "to both"
        assert len(sqs.receive_message(QueueUrl=small, MaxNumberOfMessages=10)["Messages"]) == 2
        versioning = local.client("s3").get_bucket_versioning(Bucket="files")
        assert versioning["Status"] == "Enabled"
        ssm = local.client("ssm")
        assert ssm.get_parameter(Name="/level")["Parameter"]["Value"] == "high"
        assert ssm.get_parameter(Name="where")["Parameter"]["Value"] == small
        secret = local.client("secretsmanager").get_secret_value(SecretId="password")
        made = json.loads(secret["SecretString"])
        assert (made["user"], len(made["password"])) == ("me", 20)
        (group,) = local.client("logs").describe_log_groups(logGroupNamePrefix="/of")["logGroups"]
        assert group["retentionInDays"] == 7
        assert "was not made" not in local.log


def test_references_in_the_environment_lead_to_what_was_made(started: Start) -> None:
    app = (
        "import boto3, os\n\n\ndef handler(event, context):\n"
        "    e = os.environ\n"
        "    c = boto3.client\n"
        "    c('dynamodb').describe_table(TableName=e['TABLE'])\n"
        "    c('dynamodb').describe_table(TableName=e['TABLE_ARN'].rpartition('/')[2])\n"
        "    c('sqs').get_queue_attributes(QueueUrl=e['QUEUE'], AttributeNames=['QueueArn'])\n"
        "    c('sns').get_topic_attributes(TopicArn=e['TOPIC'])\n"
        "    c('s3').head_bucket(Bucket=e['BUCKET'])\n"
        "    c('ssm').get_parameter(Name=e['PARAMETER'])\n"
        "    c('secretsmanager').get_secret_value(SecretId=e['SECRET'])\n"
        "    queue = c('sqs').get_queue_attributes(QueueUrl=e['QUEUE'],"
        " AttributeNames=['QueueArn'])\n"
        "    return queue['Attributes']['QueueArn'] == e['QUEUE_ARN']\n"
    )
    template = RESOURCES.replace("CodeUri: src\n", "CodeUri: src\n      Timeout: 60\n")
    with started(template, app) as local:
        answer = local.client("lambda").invoke(FunctionName="Fn")
        assert json.loads(answer["Payload"].read()) is True


def test_what_is_not_made_is_named_and_what_has_no_effect_is_not(started: Start) -> None:
    with started(RESOURCES, "") as local:
        named = {(each.name, each.reason) for each in status(local).not_made}
        assert named == {("Api", "AWS::Serverless::Api")}


def test_what_runs_the_functions_and_what_is_not_as_on_lambda_is_said(
    tmp_path: Path,
) -> None:
    project = tmp_path / "project"
    code = "Runtime: python3.99\n      Handler: app.handler\n      CodeUri: src/\n"
    code += "      Environment: {Variables: {STREAM: !Ref Orders}}"  # which has that name here
    template = IMAGE.replace("PackageType: Image", code)
    write_project(project, "def handler(event, context):\n    return 1\n", template)
    python = new_environment(tmp_path / "another")
    options = LocalOptions.of_project(project, region="us-east-1")
    options = replace(options, code=CodeChoices(python=str(python)))
    ensure_running(options, directory=project)
    try:
        runs_in, differs = local_status(project / ".kcli").notes
    finally:
        stop_server(project / ".kcli")
    assert re.fullmatch(r"In Python 3\.\S+ \(--python\): Worker\.", runs_in)
    assert differs.startswith("The template says python3.99, and this is Python 3.")


FOREIGN = """\
Transform: AWS::Serverless-2016-10-31
Parameters: {{StreamArn: {{Type: String}}}}
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: app.handler
      CodeUri: src/
      Events:
        In:
          Type: Kinesis
          Properties: {{Stream: {stream}, StartingPosition: TRIM_HORIZON, BatchSize: 7}}
"""


@pytest.mark.parametrize(
    "stream",
    [
        '"arn:aws:kinesis:us-east-1:111122223333:stream/orders"',
        '"arn:aws:kinesis:eu-central-1:111122223333:stream/orders"',
        '!Sub "arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/orders"',
        '"arn:aws:kinesis:us-east-1:111122223333:stream/orders/consumer/c:1545084650"',
    ],
)
def test_a_stream_of_another_stack_is_made_by_its_name_and_feeds_the_function(
    started: Start, stream: str
) -> None:
    app = (
        "import os, pathlib\n\n\ndef handler(event, context):\n"
        "    told = pathlib.Path(os.environ['LAMBDA_TASK_ROOT']) / '..' / 'told'\n"
        "    told.write_text(event['Records'][0]['eventSourceARN'])\n"
    )
    with started(FOREIGN.format(stream=stream), app) as local:
        assert [each.name for each in status(local).streams] == ["orders"]
        local.client("kinesis").put_record(StreamName="orders", PartitionKey="k", Data=b"x")
        local.wait()
        told = (local.project / "told").read_text()
        assert told.startswith(f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/orders")


@pytest.mark.parametrize("stream", ["!ImportValue shared-stream-arn", "!Ref StreamArn"])
def test_a_stream_that_is_not_known_is_said_at_once_and_never_waited_for(
    started: Start, stream: str
) -> None:
    with started(FOREIGN.format(stream=stream), "") as local:
        (problem,) = status(local).problems
        assert problem.name == "Worker/In"
        assert problem.reason.startswith("its stream is not known here: ")
        with pytest.raises(InputError, match="Worker/In feeds nothing: its stream is not known"):
            wait_until_idle(local.server, PATIENCE)


IMAGE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Worker:
    Type: AWS::Serverless::Function
    Metadata: {Dockerfile: Dockerfile, DockerContext: ./src, DockerTag: v1}
    Properties:
      PackageType: Image
      Events:
        In:
          Type: Kinesis
          Properties: {Stream: !GetAtt Orders.Arn, StartingPosition: TRIM_HORIZON}
"""


def test_a_function_that_cannot_run_is_listed_and_never_waited_for(started: Start) -> None:
    with started(IMAGE, "") as local:
        (problem,) = status(local).problems
        assert problem.name == "Worker"
        assert "container image" in problem.reason
        (mapping,) = status(local).mappings
        assert mapping.state.startswith("Problem: ")
        with pytest.raises(InputError, match=r"Worker does not run: .*container image"):
            wait_until_idle(local.server, PATIENCE)
        client = local.client("lambda")
        described = client.get_function_configuration(FunctionName="Worker")
        assert described["State"] == "Failed"
        with pytest.raises(client.exceptions.ServiceException, match="container image"):
            client.invoke(FunctionName="Worker")


def test_a_function_whose_import_fails_is_said_and_never_waited_for(started: Start) -> None:
    template = (
        "Resources:\n"
        "  Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}\n"
        "  Worker:\n"
        "    Type: AWS::Lambda::Function\n"
        "    Properties: {Runtime: python3.11, Handler: app.handler, Code: src}\n"
        "  Mapping:\n"
        "    Type: AWS::Lambda::EventSourceMapping\n"
        "    Properties:\n"
        "      EventSourceArn: !GetAtt Orders.Arn\n"
        "      FunctionName: !Ref Worker\n"
        "      StartingPosition: TRIM_HORIZON\n"
    )
    with started(template, "import not_installed_anywhere\n") as local:
        local.client("kinesis").put_record(StreamName="Orders", PartitionKey="k", Data=b"x")
        with pytest.raises(InputError, match=r"Worker does not run: .*not_installed_anywhere"):
            wait_until_idle(local.server, PATIENCE)
        (mapping,) = status(local).mappings
        assert "not_installed_anywhere" in mapping.state
        app = local.project / "src" / "app.py"
        app.write_text("def handler(event, context):\n    return None\n")
        client = local.client("lambda")
        assert "FunctionError" not in client.invoke(FunctionName="Worker")
        local.wait()  # it is tried again by itself


def test_a_functions_description_is_the_templates(started: Start) -> None:
    template = (
        "Resources:\n"
        "  Worker:\n"
        "    Type: AWS::Lambda::Function\n"
        "    Properties:\n"
        "      Runtime: python3.11\n"
        "      Handler: app.handler\n"
        "      Code: src\n"
        "      Description: what it does\n"
        "      Role: arn:aws:iam::111122223333:role/of-it\n"
        "      Architectures: [arm64]\n"
        "      Layers: ['arn:aws:lambda:us-east-1:111122223333:layer:any:3']\n"
    )
    with started(template, "") as local:
        shown: Any = local.client("lambda").get_function_configuration(FunctionName="Worker")
        assert shown["Runtime"] == "python3.11"
        assert shown["Description"] == "what it does"
        assert shown["Role"] == "arn:aws:iam::111122223333:role/of-it"
        assert shown["Architectures"] == ["arm64"]
        assert shown["Layers"] == [
            {"Arn": "arn:aws:lambda:us-east-1:111122223333:layer:any:3", "CodeSize": 0}
        ]


ALIAS = """\
Resources:
  Orders: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Failures: {Type: AWS::SQS::Queue}
  Worker:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.11, Handler: app.handler, Code: src, Timeout: 20}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {Name: live, FunctionName: !Ref Worker, FunctionVersion: "1"}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Orders.Arn
      FunctionName: !Ref Live
      StartingPosition: TRIM_HORIZON
      BatchSize: 7
      MaximumRetryAttempts: 0
      DestinationConfig: {OnFailure: {Destination: !GetAtt Failures.Arn}}
"""


def test_a_mapping_of_an_alias_calls_the_function_by_it(started: Start) -> None:
    app = (
        "def handler(event, context):\n"
        "    raise ValueError(f'{context.invoked_function_arn} {context.function_version}')\n"
    )
    with started(ALIAS, app) as local:
        client = local.client("lambda")
        arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:Worker:live"
        (mapping,) = client.list_event_source_mappings()["EventSourceMappings"]
        assert (mapping["FunctionArn"], mapping["BatchSize"]) == (arn, 7)
        local.client("kinesis").put_record(StreamName="Orders", PartitionKey="k", Data=b"x")
        local.wait()
        sqs = local.client("sqs")
        url = sqs.get_queue_url(QueueName="Failures")["QueueUrl"]
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        document = json.loads(message["Body"])
        assert document["requestContext"]["functionArn"] == arn
        assert document["responseContext"]["executedVersion"] == "1"
        answer = client.invoke(FunctionName="Worker", Qualifier="live")
        error = json.loads(answer["Payload"].read())
        assert (answer["ExecutedVersion"], error["errorMessage"]) == ("1", f"{arn} 1")
        assert client.get_alias(FunctionName="Worker", Name="live")["FunctionVersion"] == "1"
        shown = client.get_function_configuration(FunctionName="Worker", Qualifier="live")
        assert (shown["FunctionArn"], shown["Version"]) == (arn, "1")
        assert client.publish_version(FunctionName="Worker")["Version"] == "2"


INLINE = """\
Resources:
  Worker:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Code:
        ZipFile: |
          def handler(event, context):
              return "inline"
"""


def test_code_in_the_template_answers(started: Start) -> None:
    with started(INLINE, "") as local:
        answer = local.client("lambda").invoke(FunctionName="Worker")
        assert json.loads(answer["Payload"].read()) == "inline"
