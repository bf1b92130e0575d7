import boto3
import pytest
from moto import mock_aws


@pytest.fixture
def table(monkeypatch):
    """The function's table, in moto."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("TABLE_NAME", "latest")
    with mock_aws():
        yield boto3.resource("dynamodb").create_table(
            TableName="latest",
            KeySchema=[{"AttributeName": "sensor", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "sensor", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
