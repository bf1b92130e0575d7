"""Keeps the last reading of each sensor in a table."""

import base64
import json
import os
from decimal import Decimal

import boto3

# Sequence numbers have 56 digits and are compared as texts here: equally long ones sort as numbers.
DIGITS = 128


def lambda_handler(event, context):
    table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
    for record in event["Records"]:
        keep(table, record["kinesis"])


def keep(table, kinesis):
    reading = json.loads(base64.b64decode(kinesis["data"]), parse_float=Decimal)
    number = kinesis["sequenceNumber"].zfill(DIGITS)
    try:
        table.put_item(
            Item={"sensor": reading["sensor"], "value": reading["value"], "number": number},
            # A record that comes again, or late, changes nothing.
            ConditionExpression="attribute_not_exists(#number) OR #number < :number",
            ExpressionAttributeNames={"#number": "number"},
            ExpressionAttributeValues={":number": number},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        print(f"{reading['sensor']} has a newer reading than {number}")
