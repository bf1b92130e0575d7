"""What a table's stream, its shard and its records are called.

Source of the forms: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
and answers of AWS in LocalStack's snapshots.
"""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):dynamodb:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":table/(?P<table>[a-zA-Z0-9_.-]+)/stream/(?P<label>[0-9T:.-]+)"
)
_RECORDS_PER_MILLISECOND = 10**9  # there will be fewer: numbers of two streams never meet


class TableKey(NamedTuple):
    """Which table of which account."""

    account: str
    region: str
    name: str


class StreamName(NamedTuple):
    """Which stream of which table."""

    table: TableKey
    label: str  # when it was turned on, ISO 8601 in milliseconds, without a zone

    @property
    def arn(self) -> str:
        """Its ARN."""
        account, region, name = self.table
        partition = _partition(region)
        return f"arn:{partition}:dynamodb:{region}:{account}:table/{name}/stream/{self.label}"

    @property
    def shard_id(self) -> str:
        """The id of its shard: 20 digits, the time in milliseconds, and eight of hexadecimal."""
        digest = sha256(self.arn.encode()).hexdigest()[:8]
        return f"shardId-{self._milliseconds:020}-{digest}"

    @property
    def created(self) -> float:
        """When it was turned on, epoch seconds."""
        return self._milliseconds / 1000

    def sequence_number(self, number: int) -> str:
        """The sequence number of its record `number`, of which 0 is before the first."""
        return str(self._first + number)

    def number(self, sequence_number: str) -> int:
        """The reverse of `sequence_number`; another stream's is below 0, or too large."""
        return int(sequence_number) - self._first

    @property
    def _milliseconds(self) -> int:
        at = datetime.fromisoformat(self.label).replace(tzinfo=UTC)
        return round(at.timestamp() * 1000)

    @property
    def _first(self) -> int:
        return self._milliseconds * _RECORDS_PER_MILLISECOND


def new_label(now: float) -> str:
    """The label of a stream that is turned on now, epoch seconds."""
    at = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    return at.isoformat(timespec="milliseconds")


def stream_name(arn: str) -> StreamName | None:
    """The stream that an ARN names; None: it is not an ARN of a table's stream."""
    if (match := _ARN.fullmatch(arn)) is None:
        return None
    try:
        datetime.fromisoformat(match["label"])
    except ValueError:
        return None
    return StreamName(TableKey(match["account"], match["region"], match["table"]), match["label"])


def _partition(region: str) -> str:
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return partition
    return "aws"
