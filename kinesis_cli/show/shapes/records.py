"""Records and events, as AWS has them: only the schemas are made of these classes, see `as_aws`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType, field

from kinesis_cli.show.shapes.as_aws import AwsShape
from kinesis_cli.show.shapes.base import Count, Open, Shape, says
from kinesis_cli.show.shapes.values import Moment, SequenceNumber

Base64 = Annotated[str, says("base64")]
Item = Annotated[Open, says('Attributes with their types: {"id": {"S": "a"}}.')]


class KinesisData(Shape):
    """What the producer gave, and what Kinesis added."""

    kinesis_schema_version: Literal["1.0"]
    partition_key: str
    sequence_number: SequenceNumber
    data: Base64
    approximate_arrival_timestamp: Moment


class KinesisRecord(Shape):
    """A record of a Kinesis stream as a function receives it; its line of a recording."""

    kinesis: KinesisData
    event_source: Literal["aws:kinesis"]
    event_version: Literal["1.0"]
    event_id: Annotated[str, says("Shard and sequence number, with a colon between.")] = field(
        name="eventID"
    )
    event_name: Literal["aws:kinesis:record"]
    invoke_identity_arn: str
    aws_region: str
    event_source_arn: str = field(name="eventSourceARN")


class TableChange(AwsShape, kw_only=True):
    """What became of an item."""

    approximate_creation_date_time: Moment
    keys: Item
    new_image: Item | UnsetType = UNSET
    old_image: Item | UnsetType = UNSET
    sequence_number: SequenceNumber
    size_bytes: Annotated[int, says("Bytes of keys and images.")]
    stream_view_type: Literal["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"]


class UserIdentity(Shape):
    """Who removed the item: DynamoDB's Time to Live."""

    type: str
    principal_id: str


class TableRecord(Shape, kw_only=True):
    """A record of a DynamoDB table's stream; a recording names its shard, too."""

    event_id: str = field(name="eventID")
    event_name: Literal["INSERT", "MODIFY", "REMOVE"]
    event_version: str
    event_source: Literal["aws:dynamodb"]
    aws_region: str
    user_identity: UserIdentity | UnsetType | None = UNSET
    dynamodb: TableChange
    event_source_arn: str = field(name="eventSourceARN")
    shard_id: Annotated[str, says("In a recording only.")] | UnsetType = UNSET


class KafkaRecord(Shape, kw_only=True):
    """A record of a Kafka topic, as in an event."""

    topic: str
    partition: Count
    offset: Count
    timestamp: Annotated[int, says("Epoch milliseconds.")]
    timestamp_type: str
    key: Base64 | UnsetType | None = UNSET
    value: Base64 | UnsetType | None = UNSET
    headers: Annotated[list[dict[str, list[int]]], says("Each a name and its value's bytes.")]


class KafkaLine(KafkaRecord, kw_only=True):
    """A record of a Kafka topic in a recording: with what an event says once for all."""

    event_source: Literal["aws:kafka", "SelfManagedKafka"]
    event_source_arn: str | UnsetType = UNSET
    bootstrap_servers: str


class KinesisEvent(AwsShape):
    """The event of a function that a Kinesis stream feeds."""

    records: list[KinesisRecord]


class TableEvent(AwsShape):
    """The event of a function that a DynamoDB table's stream feeds."""

    records: list[TableRecord]


class KafkaEvent(Shape, kw_only=True):
    """The event of a function that a Kafka topic feeds."""

    event_source: Literal["aws:kafka", "SelfManagedKafka"]
    event_source_arn: str | UnsetType = UNSET
    bootstrap_servers: str
    records: Annotated[dict[str, list[KafkaRecord]], says("By topic and partition: orders-0.")]
