"""The event source mappings between streams and functions."""

from typing import TYPE_CHECKING

from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.streams import summary_of
from kinesis_cli.errors import EndpointError
from kinesis_cli.stream.kinds.dynamodb import DYNAMODB
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_of_arn
from kinesis_cli.stream.table_arn import is_of_table

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef as Mapping


def stream_mappings(
    connection: Connection, *, stream_arn: str | None, function: str | None
) -> "list[Mapping]":
    """Those that read a stream, or whatever stream a function reads.

    Lambda lists a stream's own. One of an enhanced fan-out consumer is found by the consumer, or by
    its function.

    Args:
        connection: to what.
        stream_arn: the stream; None: any.
        function: whose mappings are looked through, too; its name or ARN.

    Raises:
        EndpointError: there is no such function, or it may not be asked.
    """
    client: LambdaClient = connection.client("lambda")
    questions = _questions(connection, stream_arn) if stream_arn else []
    questions += [{"FunctionName": function}] if function else []
    found: dict[str, Mapping] = {}
    with connection.explained("lambda"):
        pages = client.get_paginator("list_event_source_mappings")
        for question in questions:
            for page in pages.paginate(**question):  # type: ignore[arg-type]
                found |= {each["UUID"]: each for each in page["EventSourceMappings"]}
    wanted = f"{stream_arn}/" if stream_arn else "arn:"
    return [
        each
        for each in found.values()
        if f"{each.get('EventSourceArn', '')}/".startswith(wanted)
        and kind_of_arn(each.get("EventSourceArn")) in (KINESIS, DYNAMODB)
    ]


def _questions(connection: Connection, stream_arn: str) -> list[dict[str, str]]:
    """What finds the mappings of a stream and of its enhanced fan-out consumers."""
    if connection.target.is_local:  # which lets a mapping name a consumer that nobody registered
        return [{}]
    if is_of_table(stream_arn):
        return [{"EventSourceArn": stream_arn}]
    client: KinesisClient = connection.client("kinesis")
    try:
        with connection.explained(stream=stream_arn):
            pages = client.get_paginator("list_stream_consumers").paginate(StreamARN=stream_arn)
            arns = [each["ConsumerARN"] for page in pages for each in page["Consumers"]]
    except EndpointError:  # whoever may look at mappings need not have kinesis:ListStreamConsumers
        return [{}]  # all mappings of the region
    return [{"EventSourceArn": arn} for arn in (stream_arn, *arns)]


def destination(mapping: "Mapping") -> str | None:
    """The ARN of a mapping's on-failure destination."""
    return mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")


def arn_of_stream(connection: Connection, stream: str) -> str:
    """The ARN of a stream that is named in any way.

    Raises:
        EndpointError: there is no such stream, or it may not be asked.
    """
    if stream.startswith("arn:"):
        return stream
    return summary_of(connection, stream)["StreamARN"]
