"""A stream of Kinesis, read with its calls."""

from typing import TYPE_CHECKING, Any

from kinesis_cli.aws.consuming.pages import MEMBER, MalformedAnswer, Page, decode_pages
from kinesis_cli.aws.consuming.shard_reading import Reading, service_time
from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.streams import listed_shards, stream_parameter
from kinesis_cli.stream.lineage import ListedShard
from kinesis_cli.stream.selection import StartKind

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


class KinesisStream:
    """See `StreamApi`.

    Args:
        connection: to what.
        stream: name or ARN.
        limit: records of one call at most; None: as many as there are.

    Raises:
        ClientError: there is no such stream, or it cannot be asked.
    """

    def __init__(self, connection: Connection, stream: str, limit: int | None) -> None:
        self.client: KinesisClient = connection.client("kinesis")
        decode_pages(self.client)
        self._named: Any = stream_parameter(stream)
        # a shard iterator names the stream; an ARN also lets one of another account be read
        self._each: Any = {name: arn for name, arn in self._named.items() if name == "StreamARN"}
        if limit is not None:
            self._each["Limit"] = limit
        answer = self.client.describe_stream_summary(**self._named)
        self.arn = answer["StreamDescriptionSummary"]["StreamARN"]
        self.began = service_time(answer["ResponseMetadata"]["HTTPHeaders"])

    def listed(self) -> list[ListedShard]:
        """See `StreamApi.listed`."""
        return list(listed_shards(self.client, self._named))

    def page(self, reading: Reading) -> Page:
        """See `StreamApi.page`."""
        if reading.iterator is None:
            reading.iterator = self._iterator(reading)
        answer: Any = self.client.get_records(ShardIterator=reading.iterator, **self._each)
        page: Page = answer[MEMBER]
        reading.iterator = page.next_shard_iterator
        return page

    def _iterator(self, reading: Reading) -> str:
        position = reading.position
        request: Any = {"ShardId": reading.shard_id, "ShardIteratorType": position.kind}
        if position.sequence_number:
            request["StartingSequenceNumber"] = position.sequence_number
        if position.kind == StartKind.AT_TIMESTAMP:
            request["Timestamp"] = position.seconds
        answer = self.client.get_shard_iterator(**self._named, **request)
        if "ShardIterator" not in answer:
            raise MalformedAnswer("GetShardIterator answered without an iterator")
        return answer["ShardIterator"]
