"""What a stream says of itself: its description, its shards, what it takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError
from kinesis_cli.putting.entry import DEFAULT_MAX_RECORD
from kinesis_cli.stream.lineage import ListedShard
from kinesis_cli.stream.shards import Shard

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import ShardTypeDef, StreamDescriptionSummaryTypeDef


def stream_parameter(stream: str) -> dict[str, str]:
    """How a call names a stream: by its ARN where that is known, as AWS prefers."""
    return {"StreamARN" if stream.startswith("arn:") else "StreamName": stream}


def summary_of(connection: Connection, stream: str) -> "StreamDescriptionSummaryTypeDef":
    """Describe a stream.

    Raises:
        EndpointError: there is no such stream, or it may not be asked.
    """
    client = connection.client("kinesis")
    with connection.explained(stream=stream):
        answer = client.describe_stream_summary(**stream_parameter(stream))
    return answer["StreamDescriptionSummary"]


def listed_shards(
    client: "KinesisClient", named: Mapping[str, str], *, only_open: bool = False
) -> Iterator[ListedShard]:
    """Yield all shards of a stream, or those that take records now.

    Args:
        client: whose errors the caller explains.
        named: `stream_parameter`.
        only_open: as AWS filters them; other servers know no filter.
    """
    parameters: Any = dict(named)
    if only_open:
        parameters["ShardFilter"] = {"Type": "AT_LATEST"}
    while True:
        page = client.list_shards(**parameters)
        for shard in map(_listed, page["Shards"]):
            if shard.is_open or not only_open:
                yield shard
        if not (token := page.get("NextToken")):
            return
        parameters = {"NextToken": token}


def _listed(shard: "ShardTypeDef") -> ListedShard:
    keys = shard["HashKeyRange"]
    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    return ListedShard(
        Shard(shard["ShardId"], int(keys["StartingHashKey"]), int(keys["EndingHashKey"])),
        tuple(filter(None, parents)),
        is_open=not shard["SequenceNumberRange"].get("EndingSequenceNumber"),
    )


def open_shards(connection: Connection, stream: str) -> list[Shard]:
    """List the shards that take records now, in order of their hash keys.

    Raises:
        EndpointError: AWS or the endpoint refused, or was not reached.
    """
    client = connection.client("kinesis")
    with connection.explained(stream=stream):
        listed = list(listed_shards(client, stream_parameter(stream), only_open=True))
    if not listed:
        raise EndpointError(f"{stream} has no open shard, and each stream of Kinesis has one")
    return sorted((each.shard for each in listed), key=attrgetter("starting_hash_key"))


def hash_range(connection: Connection, stream: str, shard_id: str) -> tuple[int, int] | None:
    """Return the hash keys of a shard, open or closed, both included; None: it is gone.

    Raises:
        EndpointError: AWS or the endpoint refused, or was not reached.
    """
    client = connection.client("kinesis")
    with connection.explained(stream=stream):
        for each in listed_shards(client, stream_parameter(stream)):
            if each.shard_id == shard_id:
                return each.shard.starting_hash_key, each.shard.ending_hash_key
    return None


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What a stream takes."""

    max_record: int  # bytes of data and key
    is_on_demand: bool


def stream_limits(connection: Connection, stream: str) -> StreamLimits:
    """Return what the stream takes; AWS's defaults where one may not ask."""
    try:
        summary = summary_of(connection, stream)
    except EndpointError:
        # Putting needs no kinesis:DescribeStreamSummary, so it may be missing.
        return StreamLimits(DEFAULT_MAX_RECORD, is_on_demand=False)
    kib = summary.get("MaxRecordSizeInKiB", DEFAULT_MAX_RECORD >> 10)
    mode = summary.get("StreamModeDetails", {}).get("StreamMode")
    return StreamLimits(kib << 10, is_on_demand=mode == "ON_DEMAND")
