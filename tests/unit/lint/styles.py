"""Templates as teams write them, and what is to be found in each: no more and no less."""

import json
from dataclasses import dataclass, field

BARE = {"K001", "K002", "K017"}  # a mapping that says nothing of failures
STREAM = "  Stream: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}\n"
PYTHON = "def handler(event, context):\n    process(event)\n"
SAM = "Transform: AWS::Serverless-2016-10-31\n"


@dataclass(frozen=True)
class Style:
    template: str
    found: set[str]
    files: dict[str, str] = field(default_factory=dict)
    name: str = "template.yaml"
    mappings: int = 1
    parameters: dict[str, str] = field(default_factory=dict)


def sam(event: str, function: str = "", rest: str = "", head: str = SAM) -> str:
    """A SAM template with one function that one stream feeds."""
    return f"""\
{head}Resources:
{STREAM}  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.12
{function}      Events:
        In:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Stream.Arn
            StartingPosition: TRIM_HORIZON
{event}{rest}"""


def raw(mapping: str, rest: str = "", head: str = "") -> str:
    """A CloudFormation template with one function and one mapping."""
    return f"""\
AWSTemplateFormatVersion: "2010-09-09"
{head}Resources:
{STREAM}  Worker:
    Type: AWS::Lambda::Function
    Properties:
      Code: {{ZipFile: "def handler(event, context): pass"}}
      Handler: index.handler
      Runtime: python3.12
      Role: !GetAtt Role.Arn
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{Version: "2012-10-17", Statement: []}}
      ManagedPolicyArns:
        - !Sub arn:${{AWS::Partition}}:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Stream.Arn
      FunctionName: !Ref Worker
      StartingPosition: TRIM_HORIZON
{mapping}{rest}"""


CAREFUL_EVENT = """\
            MaximumRetryAttempts: 3
            BisectBatchOnFunctionError: true
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dlq.Arn}}
"""
DLQ = "  Dlq: {Type: AWS::SQS::Queue}\n"
ALARM = """\
  Age:
    Type: AWS::CloudWatch::Alarm
    Properties: {MetricName: IteratorAge, Namespace: AWS/Lambda}
"""

CDK_FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"S3Bucket": "assets", "S3Key": "abc.zip"},
        "Handler": "app.handler",
        "Runtime": "python3.12",
        "Role": {"Fn::GetAtt": ["Role1ABCC5F0", "Arn"]},
    },
    "Metadata": {"aws:cdk:path": "App/Worker/Resource", "aws:asset:path": "asset.abc"},
}
CDK = {
    "Resources": {
        "Stream790BDEE4": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        "WorkerDF2E9C5A": CDK_FUNCTION,
        "Role1ABCC5F0": {
            "Type": "AWS::IAM::Role",
            "Properties": {"ManagedPolicyArns": [{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"},
                ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]]}]},
        },
        "RolePolicy2F5DF4A1": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyDocument": {"Statement": [
                    {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"],
                     "Resource": {"Fn::GetAtt": ["Dlq1D1F3A2B", "Arn"]}}]},
                "PolicyName": "RolePolicy2F5DF4A1",
                "Roles": [{"Ref": "Role1ABCC5F0"}],
            },
        },
        "Dlq1D1F3A2B": {"Type": "AWS::SQS::Queue"},
        "WorkerSource0C1A2B3D": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Stream790BDEE4", "Arn"]},
                "FunctionName": {"Ref": "WorkerDF2E9C5A"},
                "StartingPosition": "TRIM_HORIZON",
                "BatchSize": 100,
                "BisectBatchOnFunctionError": True,
                "MaximumRetryAttempts": 3,
                "DestinationConfig":
                    {"OnFailure": {"Destination": {"Fn::GetAtt": ["Dlq1D1F3A2B", "Arn"]}}},
            },
            "Metadata": {"aws:cdk:path": "App/Worker/KinesisEventSource:AppStream/Resource"},
        },
    }
}  # fmt: skip
CDK_ALARM = {
    "Resources": {
        "Age": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "IteratorAge"}},
        "Depth": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Dimensions": [
                    {"Name": "QueueName", "Value": {"Fn::ImportValue": "App:ExportsOutputDlqName"}}
                ],
            },
        },
    }
}

PLAN = {
    "format_version": "1.2",
    "planned_values": {"root_module": {"resources": [
        {"address": "aws_kinesis_stream.orders", "mode": "managed", "type": "aws_kinesis_stream",
         "name": "orders", "values": {"name": "orders", "shard_count": 1, "retention_period": 24}},
        {"address": "aws_lambda_function.worker", "mode": "managed", "type": "aws_lambda_function",
         "name": "worker", "values": {"function_name": "worker", "handler": "app.handler",
                                      "runtime": "python3.12", "filename": "src", "timeout": 3}},
        {"address": "aws_lambda_event_source_mapping.orders", "mode": "managed",
         "type": "aws_lambda_event_source_mapping", "name": "orders",
         "values": {"function_name": "worker", "starting_position": "LATEST", "batch_size": 100,
                    "event_source_arn": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"}},
    ]}},
}  # fmt: skip

STYLES = {
    "sam, the least there is": Style(sam(""), BARE, {"src/app.py": PYTHON}),
    "sam, careful": Style(
        sam(CAREFUL_EVENT, rest=DLQ + ALARM),
        {"K018"},
        {"src/app.py": "from aws_lambda_powertools.utilities.batch import *\n"
         "def handler(event, context):\n"
         "    return process_partial_response(event=event, record_handler=print, processor=P)\n"},
    ),
    "sam, retries of 0": Style(
        sam("            MaximumRetryAttempts: 0\n", rest=ALARM), {"K002", "K005"}
    ),
    "sam, Globals": Style(
        sam("", head=SAM + "Globals:\n  Function:\n    Timeout: 200\n    Runtime: python3.12\n"),
        {*BARE, "K016"}, {"src/app.py": PYTHON},
    ),
    "sam, several functions of one folder": Style(
        sam("", rest="""\
  Jobs:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: jobs.handler
      Runtime: python3.12
      Events: {In: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}}
  Queue: {Type: AWS::SQS::Queue}
"""),
        BARE,
        {"src/app.py": PYTHON, "src/jobs.py":
         'def handler(event, context):\n    return {"batchItemFailures": []}\n'},
    ),
    "sam, parameters with defaults": Style(
        sam("            MaximumRetryAttempts: !Ref Retries\n            BatchSize: !Ref Size\n",
            head=SAM + "Parameters:\n  Retries: {Type: Number, Default: 2}\n"
            "  Size: {Type: Number, Default: 1}\n"),
        {"K002", "K016", "K017"},
    ),
    "sam, parameters without defaults": Style(
        sam("            MaximumRetryAttempts: !Ref Retries\n            BatchSize: !Ref Size\n"
            "            DestinationConfig: {OnFailure: {Destination: !Ref Dlq}}\n",
            head=SAM + "Parameters:\n  Retries: {Type: Number}\n  Size: {Type: Number}\n"
            "  Dlq: {Type: String}\n"),
        {"K017"},
    ),
    "sam, parameters that are given": Style(
        sam("            MaximumRetryAttempts: !Ref Retries\n",
            head=SAM + "Parameters:\n  Retries: {Type: Number}\n"),
        BARE, parameters={"Retries": "-1"},
    ),
    "sam, what a condition leaves out": Style(
        sam("            MaximumRetryAttempts: 2\n            BisectBatchOnFunctionError: true\n"
            "            DestinationConfig: !If [Prod, {OnFailure: {Destination: !GetAtt Dlq.Arn}},"
            " !Ref AWS::NoValue]\n",
            head=SAM + "Parameters: {Stage: {Type: String, Default: dev}}\n"
            "Conditions: {Prod: !Equals [!Ref Stage, prod]}\n",
            rest=DLQ + ALARM.replace("    Type", "    Condition: Prod\n    Type")),
        set(),
    ),
    "sam, an alias of its own": Style(
        sam(CAREFUL_EVENT, function="      AutoPublishAlias: live\n", rest=DLQ + ALARM), {"K018"}
    ),
    "sam, enhanced fan-out": Style(
        sam(CAREFUL_EVENT, rest=DLQ + ALARM + """\
  Consumer:
    Type: AWS::Kinesis::StreamConsumer
    Properties: {ConsumerName: fast, StreamARN: !GetAtt Stream.Arn}
""").replace("Stream: !GetAtt Stream.Arn\n", "Stream: !GetAtt Consumer.ConsumerARN\n"),
        {"K018"},
    ),
    "sam, a dead-letter queue that is the destination, too": Style(
        sam(CAREFUL_EVENT.replace("Type: SQS, ", ""),
            function="      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dlq.Arn}\n",
            rest=DLQ + ALARM),
        {"K018"},
    ),
    "sam, a statement of its own": Style(
        sam(CAREFUL_EVENT.replace("Type: SQS, ", ""), rest=DLQ + ALARM, function="""\
      Policies:
        - AWSLambdaBasicExecutionRole
        - Statement:
            - {Effect: Allow, Action: 'sqs:*', Resource: '*'}
"""),
        {"K018"},
    ),
    "sam, a managed policy from elsewhere": Style(
        sam(CAREFUL_EVENT.replace("Type: SQS, ", ""), rest=DLQ + ALARM,
            function="      Policies: [!ImportValue shared-policy]\n"),
        {"K018"},
    ),
    "sam, a topic that somebody reads": Style(
        sam(CAREFUL_EVENT.replace("SQS", "SNS").replace("!GetAtt Dlq.Arn", "!Ref Topic"),
            rest=ALARM + "  Topic:\n    Type: AWS::SNS::Topic\n"
            "    Properties: {Subscription: [{Protocol: email, Endpoint: a@example.com}]}\n"),
        set(),
    ),
    "sam, a topic that nobody reads": Style(
        sam(CAREFUL_EVENT.replace("SQS", "SNS").replace("!GetAtt Dlq.Arn", "!Ref Topic"),
            rest=ALARM + "  Topic: {Type: AWS::SNS::Topic}\n"),
        {"K018"},
    ),
    "sam, a bucket": Style(
        sam(CAREFUL_EVENT.replace("SQS", "S3").replace("Dlq", "Bucket"),
            rest=ALARM + "  Bucket: {Type: AWS::S3::Bucket}\n"),
        set(),
    ),
    "sam, a macro that makes alarms": Style(
        sam(CAREFUL_EVENT, rest=DLQ, head="Transform: [AWS::Serverless-2016-10-31, SlicWatch-v3]\n"),
        set(),
    ),
    "sam, a monitor of somebody else's": Style(
        sam(CAREFUL_EVENT, rest=DLQ + "  Monitor: {Type: Datadog::Monitors::Monitor}\n"), set()
    ),
    "sam, a filter written as a map": Style(
        sam(CAREFUL_EVENT + "            FilterCriteria:\n              Filters:\n"
            "                - Pattern: {data: {kind: [a]}}\n", rest=DLQ + ALARM),
        {"K014", "K018"},
    ),
    "sam, YAML anchors and merge keys": Style(
        sam("            <<: *careful\n", rest=DLQ + ALARM,
            head=SAM + "x-careful: &careful\n  MaximumRetryAttempts: 3\n"
            "  BisectBatchOnFunctionError: true\n"
            "  DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dlq.Arn}}\n"),
        {"K018"},
    ),
    "sam, a dynamic reference": Style(
        sam("            MaximumRetryAttempts: '{{resolve:ssm:/retries}}'\n"), {"K002", "K017"}
    ),
    "sam, in one line": Style(
        SAM + "Resources: {S: {Type: AWS::Kinesis::Stream}, F: {Type: AWS::Serverless::Function, "
        "Properties: {InlineCode: 'def h(e, c): return 1', Handler: index.h, Runtime: python3.12, "
        "Events: {E: {Type: Kinesis, Properties: {Stream: !GetAtt S.Arn, "
        "StartingPosition: LATEST}}}}}}\n",
        {*BARE, "K009"},
    ),
    "sam, JSON": Style(
        json.dumps({
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {
                "S": {"Type": "AWS::Kinesis::Stream"},
                "F": {"Type": "AWS::Serverless::Function", "Properties": {
                    "InlineCode": "exports.h = async (event) => ({ batchItemFailures: [] })",
                    "Handler": "index.h", "Runtime": "nodejs22.x",
                    "Events": {"E": {"Type": "Kinesis", "Properties": {
                        "Stream": {"Fn::GetAtt": ["S", "Arn"]}, "StartingPosition": "LATEST"}}}}},
            },
        }, indent=2),
        {*BARE, "K003", "K009"}, name="template.json",
    ),
    "sam, TypeScript with esbuild": Style(
        sam("            MaximumRetryAttempts: 1\n", rest=ALARM)
        .replace("app.handler", "lambda.handler").replace("python3.12", "nodejs22.x")
        .replace("    Type: AWS::Serverless::Function\n", "    Type: AWS::Serverless::Function\n"
                 "    Metadata: {BuildMethod: esbuild, BuildProperties: {EntryPoints: [src/lambda.ts]}}\n"),
        {"K002", "K003", "K005"},
        {"src/src/lambda.ts": 'import { report } from "./report";\n'
         "export const handler = async (event: any) => report(event);\n",
         "src/src/report.ts": "export const report = () => ({ batchItemFailures: [] });\n"},
    ),
    "sam, Java": Style(
        sam("            MaximumRetryAttempts: 1\n", rest=ALARM)
        .replace("app.handler", "org.example.Orders::handleRequest").replace("python3.12", "java21"),
        {"K002", "K003", "K005"},
        {"src/src/main/java/org/example/Orders.java":
         "class Orders { StreamsEventResponse handleRequest(KinesisEvent e) { return null; } }\n"},
    ),
    "sam, Go": Style(
        sam("            MaximumRetryAttempts: 1\n", rest=ALARM)
        .replace("app.handler", "bootstrap").replace("python3.12", "provided.al2023"),
        {"K002", "K005"},
        {"src/main.go": "package main // BatchItemFailures are for another day\n"},
    ),
    "cloudformation, the least there is": Style(raw(""), BARE),
    "cloudformation, an alias": Style(
        raw("      MaximumRetryAttempts: 4\n").replace("FunctionName: !Ref Worker", "FunctionName: !Ref Live")
        + "  V1: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Worker}}\n"
        "  Live:\n    Type: AWS::Lambda::Alias\n"
        "    Properties: {Name: live, FunctionName: !Ref Worker, FunctionVersion: !GetAtt V1.Version}\n",
        {"K002", "K005", "K017"},
    ),
    "cloudformation, a role that may not send": Style(
        raw("      MaximumRetryAttempts: 4\n      BisectBatchOnFunctionError: true\n"
            "      DestinationConfig: {OnFailure: {Destination: !GetAtt Dlq.Arn}}\n", DLQ + ALARM),
        {"K018", "K025"},
    ),
    "cloudformation, a role that an attached policy lets send": Style(
        raw("      MaximumRetryAttempts: 4\n      BisectBatchOnFunctionError: true\n"
            "      DestinationConfig: {OnFailure: {Destination: !GetAtt Dlq.Arn}}\n", DLQ + ALARM + """\
  Send:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: send
      Roles: [!Ref Role]
      PolicyDocument:
        Statement: {Effect: Allow, Action: 'SQS:sendmessage', Resource: !Sub '${Dlq.Arn}'}
"""),
        {"K018"},
    ),
    "cloudformation, a role of another stack": Style(
        raw("      MaximumRetryAttempts: 4\n      BisectBatchOnFunctionError: true\n"
            "      DestinationConfig: {OnFailure: {Destination: !GetAtt Dlq.Arn}}\n", DLQ + ALARM)
        .replace("Role: !GetAtt Role.Arn", "Role: !ImportValue role"),
        {"K018"},
    ),
    "cloudformation, a stream of another stack": Style(
        raw("      MaximumRecordAgeInSeconds: 604800\n", ALARM)
        .replace("!GetAtt Stream.Arn", "!ImportValue OrdersStreamArn"),
        {"K002", "K005"},
    ),
    "cloudformation, a function of another stack": Style(
        raw("").replace("FunctionName: !Ref Worker", "FunctionName: !ImportValue worker"),
        {"K001", "K002"},
    ),
    "cloudformation, DynamoDB of another stack": Style(
        raw("").replace("!GetAtt Stream.Arn", "!ImportValue OrdersTableStreamArn")
        .replace("FunctionName: !Ref Worker", "FunctionName: !ImportValue worker"),
        set(), mappings=0,
    ),
    "cloudformation, DynamoDB": Style(
        raw("").replace("EventSourceArn: !GetAtt Stream.Arn", "EventSourceArn: !GetAtt Table.StreamArn")
        + "  Table:\n    Type: AWS::DynamoDB::Table\n"
        "    Properties: {StreamSpecification: {StreamViewType: KEYS_ONLY}}\n",
        {"K001", "K002", "K017"},
    ),
    "cloudformation, SQS": Style(
        raw("").replace("EventSourceArn: !GetAtt Stream.Arn", "EventSourceArn: !GetAtt Dlq.Arn")
        .replace("      StartingPosition: TRIM_HORIZON\n", "") + DLQ,
        set(), mappings=0,
    ),
    "cloudformation, no Lambda at all": Style(
        "Resources:\n  B: {Type: AWS::S3::Bucket}\n", set(), mappings=0
    ),
    "cloudformation, numbers as texts": Style(
        raw("      MaximumRetryAttempts: '3'\n      BatchSize: '50'\n"
            "      BisectBatchOnFunctionError: 'true'\n", ALARM),
        {"K002"},
    ),
    "cloudformation, what says nothing of delivery": Style(
        raw("      MaximumRetryAttempts: 3\n      BisectBatchOnFunctionError: true\n"
            "      Enabled: false\n      Tags: [{Key: a, Value: b}]\n"
            "      MetricsConfig: {Metrics: [EventCount]}\n      KmsKeyArn: !ImportValue key\n", ALARM),
        {"K002"},
    ),
    "cloudformation, Fn::ForEach": Style(
        raw("      MaximumRetryAttempts: 3\n      BisectBatchOnFunctionError: true\n", """\
  Fn::ForEach::Alarms:
    - Name
    - [A, B]
    - Alarm${Name}: {Type: AWS::CloudWatch::Alarm, Properties: {MetricName: IteratorAge}}
""", head="Transform: AWS::LanguageExtensions\n"),
        {"K002"},
    ),
    "cloudformation, an alarm of an expression": Style(
        raw("      MaximumRetryAttempts: 3\n      BisectBatchOnFunctionError: true\n", """\
  Age:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - Id: age
          MetricStat:
            Metric:
              MetricName: IteratorAge
              Dimensions: [{Name: FunctionName, Value: !Ref Worker}]
"""),
        {"K002"},
    ),
    "cloudformation, an alarm on another function": Style(
        raw("      MaximumRetryAttempts: 3\n      BisectBatchOnFunctionError: true\n", """\
  Age:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: IteratorAge
      Dimensions: [{Name: FunctionName, Value: other}]
"""),
        {"K002", "K017"},
    ),
    "a nested stack with the alarms": Style(
        raw("      MaximumRetryAttempts: 3\n      BisectBatchOnFunctionError: true\n",
            "  Alarms: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: alarms.yaml}}\n"),
        {"K002"}, {"alarms.yaml": "Resources:\n" + ALARM},
    ),
    "a nested stack that is elsewhere": Style(
        raw("      MaximumRetryAttempts: 3\n      BisectBatchOnFunctionError: true\n",
            "  Alarms: {Type: AWS::CloudFormation::Stack,"
            " Properties: {TemplateURL: 'https://s3.amazonaws.com/b/alarms.yaml'}}\n"),
        {"K002"},
    ),
    "the cdk": Style(
        json.dumps(CDK, indent=1), {"K003", "K017", "K018"},
        {"manifest.json": "{}",
         "asset.abc/app.py": 'def handler(e, c):\n    return {"batchItemFailures": []}\n'},
        name="App.template.json",
    ),
    "the cdk, alarms in a stack of their own": Style(
        json.dumps(CDK, indent=1), {"K003"},
        {"manifest.json": "{}", "Alarms.template.json": json.dumps(CDK_ALARM),
         "asset.abc/app.py": 'def handler(e, c):\n    return {"batchItemFailures": []}\n'},
        name="App.template.json",
    ),
    "terraform": Style(
        json.dumps(PLAN), {"K001", "K002", "K003", "K009", "K017"},
        {"src/app.py": 'def handler(e, c):\n    return dict(batchItemFailures=[])\n'},
        name="plan.json",
    ),
}  # fmt: skip
