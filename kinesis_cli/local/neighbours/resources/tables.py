"""DynamoDB tables.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html
"""

from typing import Any

from kinesis_cli.local.neighbours.resources.calls import Clients

_ATTRIBUTE_TYPES = {"String": "S", "Number": "N", "Binary": "B"}
Properties = dict[str, Any]


def make_table(clients: Clients, name: str, properties: Properties) -> None:
    """`AWS::DynamoDB::Table`, with its indexes, its stream and its time to live.

    A global table is the one replica that is in this region; its throughput is not looked at.
    """
    wanted = {**properties, "TableName": name}
    if "ProvisionedThroughput" not in wanted:
        wanted["BillingMode"] = "PAY_PER_REQUEST"
        indexes = wanted.get("GlobalSecondaryIndexes", [])
        wanted["GlobalSecondaryIndexes"] = [_without_throughput(each) for each in indexes]
    if not wanted.get("GlobalSecondaryIndexes"):
        wanted.pop("GlobalSecondaryIndexes", None)
    if stream := wanted.get("StreamSpecification"):
        wanted["StreamSpecification"] = {"StreamEnabled": True, **stream}
    if encryption := wanted.pop("SSESpecification", None):
        wanted["SSESpecification"] = {**encryption, "Enabled": encryption.get("SSEEnabled", True)}
    clients.call("dynamodb", "CreateTable", wanted)
    if to_live := properties.get("TimeToLiveSpecification"):
        change = {"TableName": name, "TimeToLiveSpecification": to_live}
        clients.call("dynamodb", "UpdateTimeToLive", change)


def make_simple_table(clients: Clients, name: str, properties: Properties) -> None:
    """`AWS::Serverless::SimpleTable`: one key, `id` where none is named.

    Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-simpletable.html
    """
    key = properties.get("PrimaryKey") or {"Name": "id", "Type": "String"}
    table = {
        **properties,
        "AttributeDefinitions": [
            {"AttributeName": key["Name"], "AttributeType": _ATTRIBUTE_TYPES[key["Type"]]}
        ],
        "KeySchema": [{"AttributeName": key["Name"], "KeyType": "HASH"}],
    }
    if isinstance(tags := table.pop("Tags", None), dict):
        table["Tags"] = [{"Key": tag, "Value": value} for tag, value in tags.items()]
    make_table(clients, name, table)


def _without_throughput(index: Properties) -> Properties:
    return {member: value for member, value in index.items() if member != "ProvisionedThroughput"}
