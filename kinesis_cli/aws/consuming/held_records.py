"""The records that a stream holds now, read shard by shard with a client that the caller brings.

For tests, whose client may be moto's: one call after the other in the caller's own thread, no
waiting. `consumer` is what follows a stream.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kinesis_cli.aws.consuming.shard_reading import AFTER_SEQUENCE_NUMBER
from kinesis_cli.aws.streams import stream_parameter
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import StartKind

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


@dataclass(frozen=True, slots=True)
class HeldRecords:
    """Records of a stream, those of each shard in order, and how its shards came about."""

    records: list[Record]
    # of shards that were made by resharding
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)


def default_client() -> KinesisClient:
    """Return the client that `boto3.client("kinesis")` gives: with the caller's own settings."""
    import boto3

    return boto3.client("kinesis")


def held_records(
    client: KinesisClient, stream: str, read_to: MutableMapping[str, str]
) -> HeldRecords:
    """Return all records that were not read yet.

    Args:
        client: of boto3.
        stream: name or ARN.
        read_to: shard → the last sequence number that was read from it; kept up to date.

    Raises:
        ClientError: the service refused a call.
    """
    named: Any = stream_parameter(stream)
    described = client.describe_stream_summary(**named)["StreamDescriptionSummary"]
    arn = described["StreamARN"]
    # Both: AWS recommends the ARN, and moto does not know which stream is meant without the name.
    named = {"StreamName": described["StreamName"], "StreamARN": arn}
    found = HeldRecords([])
    for shard in _shards(client, named):
        shard_id = shard["ShardId"]
        found.parents[shard_id] = tuple(
            shard[name] for name in ("ParentShardId", "AdjacentParentShardId") if name in shard
        )
        for each in _records(client, named, shard_id, read_to.get(shard_id)):
            found.records.append(
                lambda_record(
                    shard_id=shard_id,
                    sequence_number=each["SequenceNumber"],
                    partition_key=each["PartitionKey"],
                    arrival=round(each["ApproximateArrivalTimestamp"].timestamp(), 3),
                    data=each["Data"],
                    event_source_arn=arn,
                )
            )
            read_to[shard_id] = each["SequenceNumber"]
    return found


def _shards(client: KinesisClient, named: Any) -> Iterator[Any]:  # noqa: ANN401 - as boto3 has them
    parameters = named
    while True:
        page = client.list_shards(**parameters)
        yield from page["Shards"]
        if not (token := page.get("NextToken")):
            return
        parameters = {"NextToken": token}


def _records(
    client: KinesisClient,
    named: Any,  # noqa: ANN401 - a parameter of boto3's
    shard_id: str,
    after: str | None,
) -> Iterator[Any]:
    position: Any = (
        {"ShardIteratorType": StartKind.TRIM_HORIZON.value}
        if after is None
        else {"ShardIteratorType": AFTER_SEQUENCE_NUMBER, "StartingSequenceNumber": after}
    )
    answer = client.get_shard_iterator(ShardId=shard_id, **named, **position)
    iterator: str | None = answer["ShardIterator"]
    while iterator:
        page = client.get_records(ShardIterator=iterator)
        yield from page["Records"]
        # An empty page is the end only where nothing is behind it.
        # Source: https://docs.aws.amazon.com/streams/latest/dev/troubleshooting-consumers.html
        if not page["Records"] and not page.get("MillisBehindLatest"):
            return
        iterator = page.get("NextShardIterator")
