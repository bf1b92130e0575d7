"""What DynamoDB Streams tells of a table's stream, which comes in pages of shards."""

from collections.abc import Iterator
from typing import Any


def described(client: Any, arn: str) -> Iterator[Any]:  # noqa: ANN401 - boto3's, the caller's own
    """Yield the pages of a stream's description: all say the same of it, each has other shards.

    Args:
        client: of boto3 or botocore, for `dynamodbstreams`.
        arn: of the stream.

    Raises:
        ClientError: there is no such stream, or it cannot be asked.
    """
    parameters = {"StreamArn": arn}
    while True:
        page = client.describe_stream(**parameters)["StreamDescription"]
        yield page
        if not (last := page.get("LastEvaluatedShardId")):
            return
        parameters["ExclusiveStartShardId"] = last
