"""What GetRecords and SubscribeToShard answer, decoded without botocore's parser.

botocore's makes a dict and a zoned datetime of each record, which takes longer than all the rest of
reading. It also takes a body that is not JSON for an answer without records, which would look like
the end of a shard.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.lineage import ListedShard
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.shards import Shard

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import SubscribeToShardEventTypeDef

MEMBER = "KcliPage"  # of GetRecords' parsed answer, added by `decode_pages`


class MalformedAnswer(Exception):  # noqa: N818 - named for what it is
    """The body of an answer was not what the operation gives; the call may be made again."""


class _Entry(msgspec.Struct, rename="pascal", gc=False):
    sequence_number: str
    data: bytes
    approximate_arrival_timestamp: float  # epoch seconds
    partition_key: str = ""  # a stream may have records without (record distribution AUTO)


class _HashKeyRange(msgspec.Struct, rename="pascal"):
    starting_hash_key: str
    ending_hash_key: str


class _Child(msgspec.Struct, rename="pascal"):
    shard_id: str
    parent_shards: list[str]
    hash_key_range: _HashKeyRange

    def listed(self) -> ListedShard:
        keys = self.hash_key_range
        shard = Shard(self.shard_id, int(keys.starting_hash_key), int(keys.ending_hash_key))
        return ListedShard(shard, tuple(self.parent_shards), is_open=True)


class Page(msgspec.Struct, rename="pascal"):
    """Records of one shard that came together. See `ShardPage`."""

    records: list[_Entry]
    next_shard_iterator: str | None = None
    continuation_sequence_number: str | None = None  # SubscribeToShard's
    millis_behind_latest: int | None = None  # 0: at the tip
    child_shards: list[_Child] | None = None

    @property
    def position(self) -> str:
        """See `ShardPage.position`."""
        last = self.records[-1].sequence_number if self.records else ""
        return self.continuation_sequence_number or last

    @property
    def at_end(self) -> bool:
        """See `ShardPage.at_end`."""
        return self.next_shard_iterator is None and self.continuation_sequence_number is None

    @property
    def last_arrival(self) -> float | None:
        """See `ShardPage.last_arrival`."""
        return self.records[-1].approximate_arrival_timestamp if self.records else None

    @property
    def is_sure(self) -> bool:
        """See `ShardPage.is_sure`: one without records may be far behind the tip, and says so."""
        return True

    def children(self) -> list[ListedShard]:
        """See `ShardPage.children`."""
        return [child.listed() for child in self.child_shards or ()]

    def lambda_records(self, shard_id: str, stream_arn: str) -> list[Record]:
        """See `ShardPage.lambda_records`."""
        return [
            lambda_record(
                shard_id=shard_id,
                sequence_number=each.sequence_number,
                partition_key=each.partition_key,
                arrival=each.approximate_arrival_timestamp,
                data=each.data,
                event_source_arn=stream_arn,
            )
            for each in self.records
        ]


_decode = msgspec.json.Decoder(Page).decode


def decode_pages(client: "KinesisClient") -> None:
    """Let a client's `get_records` answer with a `Page` under `MEMBER`, and with nothing else."""
    client.meta.events.register(
        "before-parse.kinesis.GetRecords", _decode_body, unique_id="kcli-pages"
    )


def _decode_body(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    if response_dict["status_code"] >= 300:
        return
    try:
        customized_response_dict[MEMBER] = _decode(response_dict["body"])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise MalformedAnswer(f"GetRecords answered nonsense: {error}") from error
    response_dict["body"] = b"{}"


def event_page(event: "SubscribeToShardEventTypeDef") -> Page:
    """The page of a SubscribeToShardEvent, as botocore parsed it."""
    return Page(
        [
            _Entry(
                each["SequenceNumber"],
                each["Data"],
                each["ApproximateArrivalTimestamp"].timestamp(),
                each.get("PartitionKey", ""),
            )
            for each in event["Records"]
        ],
        continuation_sequence_number=event.get("ContinuationSequenceNumber") or None,
        millis_behind_latest=event.get("MillisBehindLatest"),
        child_shards=msgspec.convert(event.get("ChildShards"), list[_Child] | None),
    )
