"""The stream of a DynamoDB table, read with the calls of DynamoDB Streams.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
"""

from dataclasses import dataclass, field
from typing import Any

from kinesis_cli.aws.answers import ADVICE
from kinesis_cli.aws.consuming.pages import MalformedAnswer
from kinesis_cli.aws.consuming.shard_reading import Reading, service_time
from kinesis_cli.aws.described_streams import described
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.stream.kinds.change_as_sent import as_lambda_sends
from kinesis_cli.stream.kinds.change_record import ChangeRecord
from kinesis_cli.stream.kinds.dynamodb import change_record
from kinesis_cli.stream.lineage import ListedShard
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.selection import StartKind
from kinesis_cli.stream.shards import HASH_KEYS, Shard

# Empty answers in a row after which an open shard counts as read, where it is not on this machine.
# UNSURE(ddb-tip): an answer may be empty though more follows, and none says how far behind it is.
EMPTY_AT_TIP = 5


def stream_of_table(connection: Connection, table: str) -> str:
    """The ARN of a table's stream: of the one that is on, else of the last that was.

    Args:
        connection: to what.
        table: its name, or an ARN: of a table, or of a stream.

    Raises:
        EndpointError: there is none, or it cannot be asked.
    """
    if "/stream/" in table:
        return table
    name = table.rpartition("/")[2]
    client, found = connection.client("dynamodbstreams"), []
    parameters: dict[str, str] = {"TableName": name}
    with connection.explained("dynamodbstreams"):
        while True:
            page = client.list_streams(**parameters)
            if "Streams" not in page:
                what = f"{connection.place} does not answer like DynamoDB Streams"
                raise EndpointError(f"{what}: ListStreams: Streams is missing", advice=ADVICE)
            found += page["Streams"]
            if not (last := page.get("LastEvaluatedStreamArn")):
                break
            parameters["ExclusiveStartStreamArn"] = last
    if not found:
        raise EndpointError(
            f"there is no table {name} whose stream is on, at {connection.place}",
            advice="Turn it on by StreamSpecification; another place is named by --region,"
            " --profile or --endpoint-url.",
        )
    return str(max(found, key=lambda each: str(each["StreamLabel"]))["StreamArn"])


@dataclass(frozen=True, slots=True)
class TablePage:
    """What came of a shard together. See `ShardPage`."""

    records: list[ChangeRecord] = field(default_factory=list)
    at_end: bool = False
    is_sure: bool = True  # that nothing more is there where there are no records
    millis_behind_latest: int | None = None  # nobody tells

    @property
    def position(self) -> str:
        """See `ShardPage.position`."""
        return self.records[-1].sequence_number if self.records else ""

    @property
    def last_arrival(self) -> float | None:
        """See `ShardPage.last_arrival`."""
        return self.records[-1].arrival if self.records else None

    def children(self) -> list[ListedShard]:
        """See `ShardPage.children`: they are not told with the records."""
        return []

    def lambda_records(self, shard_id: str, stream_arn: str) -> list[Record]:
        """See `ShardPage.lambda_records`."""
        del shard_id, stream_arn
        return list(self.records)


class TableStream:
    """See `StreamApi`.

    Args:
        connection: to what.
        arn: of the stream.
        limit: records of one call at most; None: as many as there are.

    Raises:
        ClientError: there is no such stream, or it cannot be asked.
    """

    def __init__(self, connection: Connection, arn: str, limit: int | None) -> None:
        self._client: Any = connection.client("dynamodbstreams")
        self.arn = arn
        self._each = {} if limit is None else {"Limit": limit}
        self._empty_at_tip = 1 if connection.target.is_local else EMPTY_AT_TIP
        self._empty: dict[str, int] = {}  # shard → empty answers in a row
        answer = self._client.describe_stream(StreamArn=arn, Limit=1)
        self.began = service_time(answer["ResponseMetadata"]["HTTPHeaders"])

    def listed(self) -> list[ListedShard]:
        """See `StreamApi.listed`."""
        pages = described(self._client, self.arn)
        return [_listed(shard) for page in pages for shard in page["Shards"]]

    def page(self, reading: Reading) -> TablePage:
        """See `StreamApi.page`."""
        shard_id = reading.shard_id
        if reading.iterator is None:
            reading.iterator = self._iterator(reading)
        answer = self._client.get_records(ShardIterator=reading.iterator, **self._each)
        if "Records" not in answer:
            raise MalformedAnswer("GetRecords answered without records")
        reading.iterator = answer.get("NextShardIterator")
        try:
            records = [
                change_record(as_lambda_sends(each, self.arn), shard_id=shard_id)
                for each in answer["Records"]
            ]
        except InputError as error:
            raise MalformedAnswer(f"GetRecords answered nonsense: {error}") from error
        self._empty[shard_id] = 0 if records else self._empty.get(shard_id, 0) + 1
        # a closed shard is read to its end, which is told
        is_sure = reading.shard.is_open and self._empty[shard_id] >= self._empty_at_tip
        return TablePage(records, reading.iterator is None, is_sure)

    def _iterator(self, reading: Reading) -> str:
        position = reading.position
        request: Any = {"ShardIteratorType": position.kind}
        if position.sequence_number:
            request["SequenceNumber"] = position.sequence_number
        if position.kind == StartKind.AT_TIMESTAMP:
            request["Timestamp"] = position.seconds
        answer = self._client.get_shard_iterator(
            StreamArn=self.arn, ShardId=reading.shard_id, **request
        )
        if "ShardIterator" not in answer:
            raise MalformedAnswer("GetShardIterator answered without an iterator")
        return str(answer["ShardIterator"])


def _listed(shard: Any) -> ListedShard:  # noqa: ANN401 - as botocore parsed it
    parent = shard.get("ParentShardId")
    return ListedShard(
        Shard(shard["ShardId"], 0, HASH_KEYS - 1),  # nobody tells which keys it takes
        (parent,) if parent else (),
        is_open=not shard["SequenceNumberRange"].get("EndingSequenceNumber"),
    )
