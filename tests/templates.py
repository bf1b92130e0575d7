"""What the templates of several tests have alike; what a test is about stays in the test."""

import json
from collections.abc import Mapping

HEAD = "Transform: AWS::Serverless-2016-10-31\nResources:\n"


def fed_function(
    function: str = "Fn",
    *,
    stream: str = "orders",
    shards: int = 1,
    failures: str = "",
    settings: Mapping[str, object] | None = None,
) -> str:
    """A template: a stream that feeds `handler` of src/app.py from its beginning.

    Args:
        function: its logical id.
        stream: its name; its logical id begins with a capital.
        shards: of the stream.
        failures: the name of the queue that takes what is given up; "": nothing does.
        settings: of the mapping besides.
    """
    queue = f"  Failures: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {failures}}}}}\n"
    resource = stream.capitalize()
    lines = [f"{name}: {json.dumps(value)}" for name, value in (settings or {}).items()]
    if failures:
        arn = "Destination: !GetAtt Failures.Arn"
        lines.append(f"DestinationConfig: {{OnFailure: {{Type: SQS, {arn}}}}}")
    of_stream = f"{{Name: {stream}, ShardCount: {shards}}}"
    return (
        f"{HEAD}"
        f"  {resource}: {{Type: AWS::Kinesis::Stream, Properties: {of_stream}}}\n"
        f"{queue if failures else ''}"
        f"  {function}:\n"
        "    Type: AWS::Serverless::Function\n"
        "    Properties:\n"
        "      CodeUri: src\n"
        "      Handler: app.handler\n"
        "      Runtime: python3.12\n"
        "      Events:\n"
        "        In:\n"
        "          Type: Kinesis\n"
        "          Properties:\n"
        f"            Stream: !GetAtt {resource}.Arn\n"
        "            StartingPosition: TRIM_HORIZON\n"
        + "".join(f"            {line}\n" for line in lines)
    )


def table(resource: str = "Orders", *, name: str = "orders", view: str) -> str:
    """A table with a stream, among the resources of a template.

    Args:
        resource: its logical id.
        name: of the table.
        view: what its stream tells of an item.
    """
    return (
        f"  {resource}:\n"
        "    Type: AWS::DynamoDB::Table\n"
        "    Properties:\n"
        f"      TableName: {name}\n"
        "      BillingMode: PAY_PER_REQUEST\n"
        "      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\n"
        "      KeySchema: [{AttributeName: pk, KeyType: HASH}]\n"
        f"      StreamSpecification: {{StreamViewType: {view}}}\n"
    )
