"""A stream on a running server, and the mapping that delivers it: made and deleted again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kinesis_cli.aws.session import LOCAL_KEY
from kinesis_cli.local.state import Server

NOT_OF_THE_REQUEST = ("EventSourceArn", "FunctionName")


@dataclass(frozen=True, slots=True)
class MappedStream:
    """A stream, and the mapping that reads it."""

    name: str
    arn: str
    shards: int
    mapping: str | None  # UUID; None: nobody reads it


def client_options(server: Server) -> dict[str, Any]:
    """Return what makes a client of boto3 talk to the server: `boto3.client("kinesis", **…)`."""
    options: dict[str, Any] = {
        "endpoint_url": server.endpoint,
        "region_name": server.region,
        "aws_access_key_id": LOCAL_KEY,
        "aws_secret_access_key": LOCAL_KEY,
    }
    if server.certificate:
        options["verify"] = str(server.certificate)
    return options


def make_stream(
    server: Server, name: str, shards: int, function: str | None, mapping: Mapping[str, object]
) -> MappedStream:
    """Make a stream, and a mapping from it to a function.

    Args:
        server: that runs.
        name: of the stream.
        shards: how many.
        function: its name or logical id; None: nobody reads the stream.
        mapping: under CreateEventSourceMapping's names.

    Raises:
        ClientError: the server refused.
    """
    kinesis = _client(server, "kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    described = kinesis.describe_stream_summary(StreamName=name)
    arn = described["StreamDescriptionSummary"]["StreamARN"]
    if function is None:
        return MappedStream(name, arn, shards, None)
    settings = {key: value for key, value in mapping.items() if key not in NOT_OF_THE_REQUEST}
    made = _client(server, "lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName=function, **settings
    )
    return MappedStream(name, arn, shards, made["UUID"])


def delete_stream(server: Server, stream: MappedStream) -> None:
    """Delete a stream and its mapping; what is gone already is fine."""
    kinesis, functions = _client(server, "kinesis"), _client(server, "lambda")
    if stream.mapping is not None:
        with suppress(functions.exceptions.ResourceNotFoundException):
            functions.delete_event_source_mapping(UUID=stream.mapping)
    with suppress(kinesis.exceptions.ResourceNotFoundException):
        kinesis.delete_stream(StreamName=stream.name, EnforceConsumerDeletion=True)


def _client(server: Server, service: str) -> Any:  # noqa: ANN401 - botocore makes classes as it runs
    import boto3

    session: Any = boto3.session.Session()
    return session.client(service, **client_options(server))
