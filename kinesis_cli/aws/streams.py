"""What a stream says of itself before records are put on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError
from kinesis_cli.putting.entry import DEFAULT_MAX_RECORD
from kinesis_cli.stream.shards import Shard


def stream_parameter(stream: str) -> dict[str, str]:
    """How a call names a stream: by its ARN where that is known, as AWS prefers."""
    return {"StreamARN" if stream.startswith("arn:") else "StreamName": stream}


def open_shards(connection: Connection, stream: str) -> list[Shard]:
    """The shards that take records now, in order of their hash keys.

    Raises:
        EndpointError: AWS or the endpoint refused, or was not reached.
    """
    with connection.explained(stream=stream):
        shards = sorted(_open_shards(connection, stream), key=attrgetter("starting_hash_key"))
    if not shards:
        raise EndpointError(f"{stream} has no open shard, and each stream of Kinesis has one")
    return shards


def hash_range(connection: Connection, stream: str, shard_id: str) -> tuple[int, int] | None:
    """The hash keys of a shard, open or closed, both included; None: the stream has it no more.

    Raises:
        EndpointError: AWS or the endpoint refused, or was not reached.
    """
    client = connection.client("kinesis")
    with connection.explained(stream=stream):
        pages = client.get_paginator("list_shards")
        for page in pages.paginate(**stream_parameter(stream)):  # type: ignore[arg-type]
            for shard in page["Shards"]:
                if shard["ShardId"] == shard_id:
                    keys = shard["HashKeyRange"]
                    return int(keys["StartingHashKey"]), int(keys["EndingHashKey"])
    return None


def _open_shards(connection: Connection, stream: str) -> Iterator[Shard]:
    client = connection.client("kinesis")
    parameters: dict[str, object] = {
        **stream_parameter(stream),
        "ShardFilter": {"Type": "AT_LATEST"},
    }
    while True:
        page = client.list_shards(**parameters)  # type: ignore[arg-type]
        for shard in page["Shards"]:
            # Servers other than AWS list the closed ones too.
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]:
                hash_keys = shard["HashKeyRange"]
                yield Shard(
                    shard["ShardId"],
                    int(hash_keys["StartingHashKey"]),
                    int(hash_keys["EndingHashKey"]),
                )
        if not (token := page.get("NextToken")):
            return
        parameters = {"NextToken": token}


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What a stream takes."""

    max_record: int  # bytes of data and key
    is_on_demand: bool


def stream_limits(connection: Connection, stream: str) -> StreamLimits:
    """What the stream takes; AWS's defaults where one may not ask."""
    client = connection.client("kinesis")
    try:
        with connection.explained(stream=stream):
            answer = client.describe_stream_summary(**stream_parameter(stream))
    except EndpointError:
        # Putting needs no kinesis:DescribeStreamSummary, so it may be missing.
        return StreamLimits(DEFAULT_MAX_RECORD, is_on_demand=False)
    summary = answer["StreamDescriptionSummary"]
    kib = summary.get("MaxRecordSizeInKiB", DEFAULT_MAX_RECORD >> 10)
    mode = summary.get("StreamModeDetails", {}).get("StreamMode")
    return StreamLimits(kib << 10, is_on_demand=mode == "ON_DEMAND")
