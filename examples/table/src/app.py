"""Has orders shipped that were paid. The stream of the table `Orders` feeds it."""

import json
import os

import boto3
from boto3.dynamodb.types import TypeDeserializer

plain = TypeDeserializer().deserialize


def lambda_handler(event, context):
    queue = boto3.client("sqs")
    for record in event["Records"]:
        change = record["dynamodb"]
        try:
            order, before = image(change, "NewImage"), image(change, "OldImage")
            if before.get("status") != "paid":
                ship(queue, order)
        except (KeyError, TypeError, ValueError) as error:
            print(f"{change['Keys']} cannot be shipped: {error!r}")
            # Lambda delivers this record and all behind it again.
            return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def image(change, name):
    """The item after or before the change; {} where it was not there, or is not shown."""
    return {key: plain(value) for key, value in change.get(name, {}).items()}


def ship(queue, order):
    parcel = {"order": f"{order['customer']}/{order['number']}", "total": float(order["total"])}
    queue.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(parcel))
