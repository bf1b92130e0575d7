"""Hands the batch on to Firehose, and reports what that refuses."""

import base64

import boto3

firehose = boto3.client("firehose", region_name="us-east-1")


def handler(event, context):
    records = event["Records"]
    answer = firehose.put_record_batch(
        DeliveryStreamName="orders",
        Records=[{"Data": base64.b64decode(each["kinesis"]["data"]) + b"\n"} for each in records],
    )
    failed = [each.get("ErrorCode") for each in answer.get("RequestResponses", [])]
    return {
        "batchItemFailures": [
            {"itemIdentifier": record["kinesis"]["sequenceNumber"]}
            for record, code in zip(records, failed)
            if code
        ]
    }
