"""ARNs of DynamoDB's tables and of their streams, as far as they are told from others."""


def is_of_table(arn: str) -> bool:
    """Whether an ARN is of a table, or of its stream; a name of a stream is not."""
    return arn.split(":", 3)[2:3] == ["dynamodb"]


def table_of(arn: str) -> str:
    """The table's name in its ARN, or in the ARN of its stream."""
    return arn.partition(":table/")[2].partition("/")[0]
