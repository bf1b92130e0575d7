"""Handles orders in the order in which they came."""

import base64
import json


def lambda_handler(event, context):
    for record in event["Records"]:
        kinesis = record["kinesis"]
        try:
            handle(json.loads(base64.b64decode(kinesis["data"])))
        except (ValueError, KeyError) as error:
            number = kinesis["sequenceNumber"]
            print(f"ERROR order {number} cannot be handled: {error!r}")
            # Lambda goes on from here; the orders before it are done.
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}


def handle(order):
    print(f"{order['customer']} owes {order['price'] * order['count']}")
