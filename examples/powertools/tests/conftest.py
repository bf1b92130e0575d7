import os

import boto3
import pytest
from moto import mock_aws

# The function makes its clients when it is imported. By then there must be moto, a region, and keys
# that are nobody's.
os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "testing"


@pytest.fixture
def aws():
    """moto in AWS's place, with the table of the idempotency."""
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="idempotency",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield


@pytest.fixture
def booked():
    import app

    app.booked.clear()
    return app.booked
