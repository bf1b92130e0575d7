import boto3
import pytest
from moto import mock_aws


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


@pytest.fixture
def shipped(aws, monkeypatch):
    """What was sent to the queue so far, and not asked for yet."""
    client = boto3.client("sqs")
    url = client.create_queue(QueueName="shipments")["QueueUrl"]
    monkeypatch.setenv("QUEUE_URL", url)

    def messages():
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [each["Body"] for each in answer.get("Messages", [])]

    return messages


@pytest.fixture
def orders(aws):
    """The table, in moto, with its stream."""
    return boto3.resource("dynamodb").create_table(
        TableName="orders",
        KeySchema=[
            {"AttributeName": "customer", "KeyType": "HASH"},
            {"AttributeName": "number", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "customer", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
