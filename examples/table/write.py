"""Writes orders into the table of `kcli local`: eval "$(kcli local env)" first."""

import json
from decimal import Decimal
from pathlib import Path

import boto3

ORDERS = Path(__file__).with_name("fixtures") / "orders.json"

table = boto3.resource("dynamodb").Table("Orders")
for order in json.loads(ORDERS.read_text(), parse_float=Decimal):
    table.put_item(Item=order)
table.put_item(Item={"customer": "c-3", "number": 1, "status": "paid"})  # it lacks its total
